"""Pages of a Simple API as other indexes write them, and as nobody should."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.mirror.simple import ProjectPage, RemoteFile, read_project, read_project_list
from index.mirror.source import Body, SourceFailed

JSON: Final = "application/vnd.pypi.simple.v1+json"
BASE: Final = "https://index.example/simple/tidy/"
DIGEST: Final = "ab" * 32
NAME: Final = "tidy-1.0-py3-none-any.whl"
ENTRY: Final = {"filename": NAME, "url": f"../../files/{NAME}", "hashes": {"sha256": DIGEST}}


def page(entry: dict[str, Any], **more: Any) -> Body:
    document = {"meta": {"api-version": "1.4"}, "name": "tidy", "files": [entry], **more}
    return Body(json.dumps(document).encode(), JSON, BASE)


def html(text: str) -> Body:
    return Body(text.encode(), "text/html", BASE)


def files(body: Body) -> tuple[RemoteFile, ...]:
    return read_project(body).files


def test_json_has_everything() -> None:
    entry = {
        **ENTRY,
        "upload-time": "2026-01-02T03:04:05.678901Z",
        "size": 12,
        "requires-python": ">=3.8",
        "yanked": "broken",
    }

    assert files(page(entry)) == (
        RemoteFile(
            filename=NAME,
            url=f"https://index.example/files/{NAME}",
            sha256=DIGEST,
            upload_time=datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC),
            size=12,
            requires_python=">=3.8",
            yanked=True,
            yanked_reason="broken",
        ),
    )


@pytest.mark.parametrize(
    "link",
    [
        f'<a href="../../files/{NAME}#sha256={DIGEST}" data-requires-python="&gt;=3.8">{NAME}</a>',
        f"<A\n  HREF='../../files/{NAME}#sha256={DIGEST}'\n  data-requires-python='&gt;=3.8'>\n {NAME} </A>",
        f'<a data-x="1" rel="internal" href="/files/{NAME}#sha256={DIGEST}" data-requires-python="&gt;=3.8">{NAME}</a>',
    ],
)
def test_html_has_what_its_anchors_say(link: str) -> None:
    assert files(html(f"<html><body>{link}<br/></body></html>")) == (
        RemoteFile(filename=NAME, url=f"https://index.example/files/{NAME}", sha256=DIGEST, requires_python=">=3.8"),
    )


@pytest.mark.parametrize(("attribute", "reason"), [('data-yanked=""', ""), ('data-yanked="a &lt; b"', "a < b")])
def test_html_tells_what_is_yanked(attribute: str, reason: str) -> None:
    (file,) = files(html(f'<a href="{NAME}" {attribute}>{NAME}</a>'))

    assert (file.yanked, file.yanked_reason, file.sha256) == (True, reason, "")


@pytest.mark.parametrize(
    "change",
    [
        {"filename": "a" * 256},
        {"filename": 7},
        {"url": None},
        {"url": "https://[broken"},
        {"hashes": []},
        {"upload-time": "yesterday"},
        {"size": -1},
        {"size": "12"},
        {"requires-python": ">" * 256},
    ],
)
def test_an_entry_that_is_not_as_it_should_be_is_left_out_and_the_others_stay(change: dict[str, Any]) -> None:
    body = page({**ENTRY, **change}, files=[{**ENTRY, **change}, ENTRY])

    assert [file.filename for file in files(body)] == [NAME]


@pytest.mark.parametrize(
    ("hashes", "expected"),
    [
        ({"sha256": DIGEST.upper()}, DIGEST),
        ({"sha256": "ab"}, ""),
        ({"sha256": DIGEST + "\n"}, ""),
        ({"sha256": "\u0661" * 64}, ""),
        ({"md5": "ab" * 16}, ""),
        ({}, ""),
    ],
)
def test_only_a_sha256_counts(hashes: dict[str, str], expected: str) -> None:
    (file,) = files(page({**ENTRY, "hashes": hashes}))

    assert file.sha256 == expected


def test_a_time_that_does_not_say_where_it_is_that_late_is_none() -> None:
    (file,) = files(page({**ENTRY, "upload-time": "2026-01-02T03:04:05"}))

    assert file.upload_time is None


def test_an_anchor_whose_text_is_not_the_end_of_its_address_is_left_out() -> None:
    assert files(html('<a href="other-1.0.tar.gz">tidy-1.0.tar.gz</a>')) == ()


@pytest.mark.parametrize("status", ["active", "archived", "deprecated", "quarantined"])
def test_a_page_says_the_status_of_its_project(status: str) -> None:
    assert read_project(page(ENTRY, **{"project-status": {"status": status}})).status == status
    assert read_project(html(f'<meta name="pypi:project-status" content="{status}">')).status == status


def test_a_status_that_nobody_knows_says_nothing() -> None:
    assert read_project(page(ENTRY, **{"project-status": {"status": "odd"}})).status == "active"
    assert read_project(page(ENTRY)).status == "active"


@pytest.mark.parametrize(
    "body",
    [
        Body(b"{}", JSON, BASE),
        Body(b"[1]", JSON, BASE),
        Body(b'{"meta": {"api-version": "1.0"}, "files": {}}', JSON, BASE),
        Body(b'{"meta": {"api-version": "2.0"}, "files": []}', JSON, BASE),
        Body(b"[" * 100_000, JSON, BASE),
        html('<meta name="pypi:repository-version" content="2.0">'),
        Body(b"<html></html>", "application/pdf", BASE),
        Body(b"", "", BASE),
    ],
)
def test_what_is_no_page_of_a_version_that_we_know_is_refused(body: Body) -> None:
    with pytest.raises(SourceFailed):
        read_project(body)


@given(st.binary(max_size=2000), st.sampled_from([JSON, "text/html", "application/json", ""]))
def test_any_bytes_are_a_page_or_a_source_that_failed(content: bytes, kind: str) -> None:
    try:
        page = read_project(Body(content, kind, BASE))
        names = read_project_list(Body(content, kind, BASE))
    except SourceFailed:
        return
    assert isinstance(page, ProjectPage)
    assert isinstance(names, tuple)


@pytest.mark.parametrize(
    "piece",
    ["<a ", "<a href=", '<a href="', "<!--", "<![CDATA[", "<a x='", "<meta ", "a=" * 50, "&#", "<a href='x'>", "<"],
)
def test_a_hostile_page_costs_time_in_proportion_to_its_length(piece: str) -> None:
    """As much as the limit of a page allows would be read in seconds, not in hours."""
    text = html(piece * (1_000_000 // len(piece)))
    started = time.process_time()

    read_project(text)

    assert time.process_time() - started < 5


def test_lists_of_projects_in_both_types() -> None:
    document = {"meta": {"api-version": "1.0"}, "projects": [{"name": "B.b"}, {"name": "a"}, {"name": "b_B"}]}

    assert read_project_list(Body(json.dumps(document).encode(), JSON, BASE)) == ("a", "b-b")
    assert read_project_list(html('<a href="/simple/b-b/">B.b</a><a href="a/">a</a>')) == ("a", "b-b")
