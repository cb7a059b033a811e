"""One member of an artifact as text for people: decoded, cut into pages, with the findings under their lines.

Nothing is unpacked to disk and nothing is run; the walk stops at the member that is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from index.review.lines import LONG_LINE, Token, split_lines, tokenize
from scanner.source import SourceUnreadable, decode_source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.review.facts import PlacedFinding
    from scanner.model import Finding

__all__ = ["LINES_PER_PAGE", "MAX_TEXT_BYTES", "SourceLine", "SourcePage", "page_of_line", "source_page"]

LINES_PER_PAGE: Final = 2000

#: What lies beyond is not shown.
MAX_TEXT_BYTES: Final = 1024 * 1024

_SNIFF: Final = 8192
_BOM: Final = "\ufeff"


@dataclass(frozen=True, slots=True)
class SourceLine:
    """One line: its number, what it shows, how wide it is, and what was found in it."""

    number: int
    tokens: tuple[Token, ...]
    columns: int
    findings: tuple[Finding, ...]

    @property
    def is_long(self) -> bool:
        """Wider than anybody reads without scrolling."""
        return self.columns > LONG_LINE


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcePage:
    """One page of a member's text; without lines where it is no text."""

    size: int
    encoding: str
    """What the bytes were decoded with; empty for what is no text."""
    exotic: bool
    """The encoding may show something else than a reader of the bytes expects."""
    binary: bool
    cut: bool
    """The member is larger than what is shown."""
    lines: tuple[SourceLine, ...]
    total_lines: int
    page: int
    pages: int
    findings: tuple[Finding, ...]
    """All findings in the member, by line; those without a line first."""


def page_of_line(line: int | None) -> int:
    """The page (from 1) that shows the line."""
    return max(0, (line or 1) - 1) // LINES_PER_PAGE + 1


def source_page(member: str, data: bytes, findings: Sequence[PlacedFinding], page: int) -> SourcePage:
    """Page `page` (from 1) of the member whose bytes are `data`."""
    found = tuple(sorted((placed.finding for placed in findings), key=lambda finding: finding.line or 0))
    text, encoding, exotic = _decode(member, data[:MAX_TEXT_BYTES], whole=len(data) <= MAX_TEXT_BYTES)
    lines = split_lines(text) if text is not None else []
    if lines and not lines[-1]:
        lines.pop()  # the text ends with a line end
    pages = max(1, -(-len(lines) // LINES_PER_PAGE))
    page = min(max(page, 1), pages)
    first = (page - 1) * LINES_PER_PAGE
    return SourcePage(
        size=len(data),
        encoding=encoding,
        exotic=exotic,
        binary=text is None,
        cut=text is not None and len(data) > MAX_TEXT_BYTES,
        lines=tuple(
            _line(number, line, found) for number, line in enumerate(lines[first : first + LINES_PER_PAGE], first + 1)
        ),
        total_lines=len(lines),
        page=page,
        pages=pages,
        findings=found,
    )


def _line(number: int, line: str, findings: Sequence[Finding]) -> SourceLine:
    return SourceLine(number, tokenize(line), len(line), tuple(one for one in findings if one.line == number))


def _decode(member: str, data: bytes, *, whole: bool) -> tuple[str | None, str, bool]:
    """The text, its encoding, and whether that is one that may deceive; None for what is no text."""
    if member.endswith((".py", ".pyw", ".pth")) and whole:
        try:
            source = decode_source(data)
        except SourceUnreadable:
            pass  # shown as far as it is text
        else:
            return source.text, source.encoding, source.exotic
    if b"\0" in data[:_SNIFF]:
        return None, "", False
    try:
        return data.decode("utf-8").removeprefix(_BOM), "utf-8", False
    except UnicodeDecodeError as error:
        if not whole and error.start > len(data) - 4:  # the cut went through a character
            return data[: error.start].decode("utf-8").removeprefix(_BOM), "utf-8", False
        return data.decode("latin-1"), "latin-1", True
