from __future__ import annotations

import pytest

from index.review.facts import PlacedFinding
from index.review.source import LINES_PER_PAGE, MAX_TEXT_BYTES, page_of_line, source_page
from scanner.model import Severity
from tests.webui.desk import finding


def text_of(member: str, data: bytes, page: int = 1) -> list[str]:
    return ["".join(token.text for token in line.tokens) for line in source_page(member, data, [], page).lines]


def test_findings_stand_at_their_lines() -> None:
    placed = [
        PlacedFinding("x.whl", finding("second", Severity.LOW, "a.py", 2)),
        PlacedFinding("x.whl", finding("whole-file", Severity.LOW, "a.py")),
        PlacedFinding("x.whl", finding("first", Severity.LOW, "a.py", 1)),
    ]
    page = source_page("a.py", b"x\ny\n", placed, 1)
    assert [[one.rule for one in line.findings] for line in page.lines] == [["first"], ["second"]]
    assert [one.rule for one in page.findings] == ["whole-file", "first", "second"]


def test_a_long_text_comes_in_pages_with_the_numbers_of_the_whole() -> None:
    data = b"".join(b"line %d\n" % number for number in range(1, LINES_PER_PAGE + 2))
    first, second = source_page("a.txt", data, [], 1), source_page("a.txt", data, [], 2)
    assert (first.pages, first.total_lines, len(first.lines)) == (2, LINES_PER_PAGE + 1, LINES_PER_PAGE)
    assert second.lines[0].number == LINES_PER_PAGE + 1
    assert text_of("a.txt", data, 2) == [f"line {LINES_PER_PAGE + 1}"]


@pytest.mark.parametrize("page", [0, -3, 99])
def test_a_page_that_is_not_there_is_the_nearest_one(page: int) -> None:
    assert source_page("a.py", b"x\n", [], page).page == 1


@pytest.mark.parametrize(
    ("line", "page"), [(None, 1), (1, 1), (LINES_PER_PAGE, 1), (LINES_PER_PAGE + 1, 2), (3 * LINES_PER_PAGE, 3)]
)
def test_a_line_is_on_the_page_that_links_lead_to(line: int | None, page: int) -> None:
    assert page_of_line(line) == page


def test_python_is_decoded_as_python_decodes_it_and_says_when_that_deceives() -> None:
    data = b"# coding: utf-7\n# +AGE-bc\n"
    page = source_page("a.py", data, [], 1)
    assert (page.encoding, page.exotic) == ("utf-7", True)
    assert text_of("a.py", data)[1] == "# abc"
    assert text_of("a.txt", data)[1] == "# +AGE-bc"


def test_what_is_not_utf8_is_shown_as_latin_1_and_says_so() -> None:
    page = source_page("a.txt", b"caf\xe9\n", [], 1)
    assert (page.encoding, page.exotic) == ("latin-1", True)


def test_bytes_with_nul_are_not_text() -> None:
    page = source_page("a.so", b"\x7fELF\0\0", [], 1)
    assert page.binary
    assert page.lines == ()
    assert page.size == 6


def test_more_than_a_mebibyte_is_cut_between_characters() -> None:
    data = b"x" * (MAX_TEXT_BYTES - 1) + "é".encode()
    page = source_page("a.txt", data, [], 1)
    assert page.cut
    assert (page.encoding, page.lines[0].columns) == ("utf-8", MAX_TEXT_BYTES - 1)
    assert page.lines[0].is_long


@pytest.mark.parametrize(("data", "lines"), [(b"", 0), (b"\n", 1), (b"a", 1), (b"a\n", 1), (b"a\n\n", 2)])
def test_lines_are_counted_as_an_editor_counts_them(data: bytes, lines: int) -> None:
    assert source_page("a.txt", data, [], 1).total_lines == lines
