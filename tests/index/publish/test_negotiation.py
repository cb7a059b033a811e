"""Which type a request gets: tables, and hypothesis against a small oracle that reads RFC 9110 in another way."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

from index.publish.negotiation import SimpleType, choose

HTML = "application/vnd.pypi.simple.v1+html"
JSON = "application/vnd.pypi.simple.v1+json"
LATEST_HTML = "application/vnd.pypi.simple.latest+html"
LATEST_JSON = "application/vnd.pypi.simple.latest+json"
RANGES = ["text/html", HTML, JSON, LATEST_HTML, LATEST_JSON, "*/*", "text/*", "application/*", "text/plain"]

#: What serves a range of exactly that name.
SERVES = {"text/html": "text/html", HTML: HTML, JSON: JSON, LATEST_HTML: HTML, LATEST_JSON: JSON}


def negotiated(header: str) -> str | None:
    chosen = choose(parse_accept_header(header, MIMEAccept))
    return None if chosen is None else str(chosen)


@pytest.mark.parametrize(
    ("header", "chosen"),
    [
        ("", "text/html"),
        ("*/*", "text/html"),
        (f"{JSON}, {HTML}; q=0.1, text/html; q=0.01", JSON),  # pip
        (f"{JSON}, {HTML};q=0.2, text/html;q=0.01", JSON),  # uv
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html"),  # a browser
        (f"{JSON}, */*", JSON),
        (LATEST_JSON, JSON),
        (LATEST_HTML, HTML),
        ("text/html;q=0, */*", HTML),  # forbidden by the more specific range
        (f"text/html;q=0, {HTML};q=0, */*;q=0.1", JSON),
        (f"{JSON};q=0, application/*", HTML),
        ("text/html;q=0.1, */*;q=0.5", HTML),
        ("text/html; charset=utf-8", "text/html"),
        (JSON.upper(), JSON),
        ("text/plain", None),
        ("*/*;q=0", None),
        (f"{JSON};q=0", None),
        ("application/vnd.pypi.simple.v2+json", None),
    ],
)
def test_a_header_gets_its_type(header: str, chosen: str | None) -> None:
    assert negotiated(header) == chosen


@pytest.mark.parametrize(
    ("wanted", "chosen"), [(JSON, JSON), (LATEST_JSON, JSON), ("text/html", "text/html"), ("json", None), ("", None)]
)
def test_the_query_overrules_the_header(wanted: str, chosen: str | None) -> None:
    assert choose(MIMEAccept([("text/html", 1)]), wanted) == chosen


def oracle(asked: dict[str, int]) -> set[str | None]:
    """The types that the header permits as the best, by filling in a table from the widest range to the narrowest."""
    table: dict[str, tuple[int, int]] = {}
    for specificity, widths in enumerate((["*/*"], ["text/*", "application/*"], list(SERVES))):
        for name in (name for name in widths if name in asked):
            for kind in {"text/html", HTML, JSON}:
                covered = name == "*/*" or kind.startswith(name.removesuffix("*")) or kind == name
                if covered and not name.count("latest"):
                    table[kind] = (asked[name], specificity)
    for name in (LATEST_HTML, LATEST_JSON):
        if name in asked:
            kind = SERVES[name]
            table[kind] = max(table.get(kind, (0, -1)), (asked[name], 2))
    offered = {kind: rank for kind, rank in table.items() if rank[0]}
    if not offered:
        return {None}
    best = max(offered.values())
    return {kind for kind, rank in offered.items() if rank == best}


@given(
    st.dictionaries(st.sampled_from(RANGES), st.integers(0, 1000), min_size=1),
    st.sampled_from([", ", ",", " , "]),
    st.sampled_from([";q=", "; q=", ";Q="]),
)
@example({"text/html": 0, "*/*": 1000}, ", ", ";q=")
def test_the_quality_of_the_most_specific_range_decides(asked: dict[str, int], comma: str, weight: str) -> None:
    header = comma.join(f"{name}{weight}{quality / 1000:.3f}" for name, quality in asked.items())

    chosen, permitted = negotiated(header), oracle(asked)

    assert chosen in permitted
    assert chosen == next(kind for kind in [*map(str, SimpleType), None] if kind in permitted)


@given(st.text(alphabet="abqhtml/*+=;,. 01\"'", max_size=60))
def test_no_header_breaks_the_choice(header: str) -> None:
    assert negotiated(header) in {*map(str, SimpleType), None}
