"""What becomes of a description: formatted, and harmless."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st

from index.publish import description
from index.publish.describing import Source, plain_html, render
from index.publish.description import LARGEST_SOURCE, description_html
from index.store.tables import RenderedDescription
from tests.fixtures.releases import NOW

if TYPE_CHECKING:
    from index.services import Services

MARKDOWN = "text/markdown; charset=UTF-8; variant=GFM"

HOSTILE = """# Title

<script>alert(1)</script><img src="https://evil.example.invalid/x.png" onerror="alert(1)" alt="a picture">
[click](javascript:alert(1)) [docs](https://docs.example.invalid/) <a href="data:text/html,x">data</a>
<iframe src="https://evil.example.invalid/"></iframe><style>body { display: none }</style>
<form action="/sign-in"><input name="password"></form><h1 id="main" class="site" style="color: red">Again</h1>

| a |   |
|---|---|
| 1 | 2 |
"""


def test_a_description_has_no_link_image_attribute_or_script() -> None:
    html = render(Source(HOSTILE, MARKDOWN))
    assert html is not None
    page = BeautifulSoup(html, "html.parser")

    assert [tag for tag in page.find_all() if tag.attrs] == []
    forbidden = ["script", "img", "a", "iframe", "style", "form", "input", "object", "svg"]
    assert page.find_all(forbidden) == []
    assert "a picture" in page.get_text()
    assert "docs (https://docs.example.invalid/)" in page.get_text()
    assert "javascript:" not in html


def test_headings_go_on_from_those_of_the_page_without_a_gap_and_no_header_is_empty() -> None:
    html = render(Source("# One\n\n#### Deep\n\n## Two\n\n#\n\n" + HOSTILE, MARKDOWN))
    assert html is not None
    page = BeautifulSoup(html, "html.parser")

    headings = [(tag.name, tag.get_text()) for tag in page.find_all(re.compile("h[1-6]"))]
    assert headings[:3] == [("h3", "One"), ("h4", "Deep"), ("h4", "Two")]
    assert all(text.strip() for _, text in headings)
    assert [th.get_text() for th in page.find_all("th")] == ["a"]


def test_restructured_text_reads_no_file_and_passes_no_html() -> None:
    good = render(Source("Title\n=====\n\n* one\n* two `link <https://x.example.invalid>`_\n"))
    assert good is not None
    assert [li.get_text().strip() for li in BeautifulSoup(good, "html.parser").find_all("li")] == [
        "one",
        "two link (https://x.example.invalid)",
    ]
    for directive in (
        "include:: /etc/passwd",
        "raw:: html\n   :file: /etc/passwd",
        "csv-table::\n   :file: /etc/passwd",
    ):
        assert "root:" not in (render(Source(f"text\n\n.. {directive}\n")) or "")


@given(st.text("<>/ =\"'abhimgsct1&;#x!-[]", max_size=200))
def test_whatever_html_goes_in_only_bare_known_tags_come_out(html: str) -> None:
    page = plain_html(html)
    tags = re.findall(r"<[^>]*>", page)
    assert all(re.fullmatch(r"</?[a-z]+[1-6]?>", tag) for tag in tags)
    assert "<" not in re.sub(r"<[^>]*>", "", page)
    opened = [tag for tag in tags if not tag.startswith("</") and tag not in {"<br>", "<hr>"}]
    assert len(opened) == len([tag for tag in tags if tag.startswith("</")])


def test_a_description_is_rendered_once(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    source = Source("# Hello", MARKDOWN)
    first = description_html(services, source, now=NOW)
    monkeypatch.setattr(description, "_CHILD", ("/nothing",))

    assert first == description_html(services, source, now=NOW)
    assert first is not None
    assert first.strip() == "<h3>Hello</h3>"


@pytest.mark.parametrize(
    "source",
    [Source("text", "text/plain"), Source("  ", MARKDOWN), Source("x" * (LARGEST_SOURCE + 1), MARKDOWN)],
    ids=["plain", "empty", "too large"],
)
def test_what_is_not_to_be_rendered_starts_no_child(
    services: Services, monkeypatch: pytest.MonkeyPatch, source: Source
) -> None:
    monkeypatch.setattr(description, "_CHILD", ("/nothing",))
    assert description_html(services, source, now=NOW) is None


def test_a_description_that_breaks_the_renderer_is_text_for_good(services: Services) -> None:
    """Nested deeper than Python recurses: the child fails, and is not asked again."""
    source = Source("".join(" " * depth + "x\n\n" for depth in range(500)))

    assert description_html(services, source, now=NOW) is None
    with services.database.read() as session:
        assert [row.html for row in session.query(RenderedDescription)] == [None]
