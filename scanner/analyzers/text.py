"""The YARA analyser: what a member's text or bytes contain, each place as a finding."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Final

from scanner.analyzers.magic import content
from scanner.analyzers.prose import without_prose
from scanner.model import Kind, Role
from scanner.ruleset import Match, MatchTimeout
from scanner.source import SourceUnreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanner.model import Finding
    from scanner.ruleset import Ruleset
    from scanner.view import MemberView

__all__ = ["PLACES_PER_RULE", "TIMEOUT_SECONDS", "Place", "Places", "text"]

#: How long YARA may take for one member. Our rules do 150 MB in a second; only hostile data comes near this.
TIMEOUT_SECONDS: Final = 10
#: How many lines of one member are shown for one rule.
PLACES_PER_RULE: Final = 5

#: In a native program of more than this, the words of any rule come together by chance.
_LARGE_PROGRAM: Final = 4 * 1024 * 1024

_SNIPPET: Final = 200
_LEAD: Final = 40
_BINARY_SNIPPET: Final = 48
_BINARY_PROBE: Final = 8192
#: Codecs in which YARA's literals stand in the bytes as they stand in the text.
_PLAIN: Final = frozenset({"ascii", "cp1252", "iso8859-1", "iso8859-15", "utf-8"})
#: What ends a line for Python (and so for `ast`): YARA knows offsets only.
_NEWLINE: Final = re.compile(rb"\r\n?|\n")


def text(view: MemberView, ruleset: Ruleset) -> Iterator[Finding]:
    """Each rule that hits the member, at most `PLACES_PER_RULE` times, each time on another line.

    The raw bytes are matched, and for Python also what the interpreter makes of them: the decoded text when the
    encoding hides it, and the text with its identifiers normalised (PEP 3131) when that changes something. A match
    that did not finish is a finding of its own: whatever the data holds is not known.

    What a rule finds in comments and documentation strings alone, or in the words that lie about in a large native
    program, is talk: it counts as a member that never runs.
    """
    seen: set[tuple[str, int | None]] = set()
    shown: Counter[str] = Counter()
    try:
        for data in chain([view.data], _readings(view)):
            places = Places(data, is_text=view.is_python)
            for match, role in _matches(data, view, ruleset):
                if shown[match.rule] == PLACES_PER_RULE:
                    continue
                place = places.of(match, binary=ruleset.rules[match.rule].kind is Kind.BINARY)
                if (match.rule, place.line) in seen:
                    continue
                seen.add((match.rule, place.line))
                shown[match.rule] += 1
                yield _finding(ruleset, view, match.rule, place, role)
    except MatchTimeout:
        yield ruleset.finding("yara-timeout", role=view.role, member=view.name, layers=view.layers)


def _matches(data: bytes, view: MemberView, ruleset: Ruleset) -> Iterator[tuple[Match, Role]]:
    """Every match with the moment at which what it shows runs."""
    matches = ruleset.match(data, timeout_seconds=TIMEOUT_SECONDS, member=view.name, role=view.role)
    if not matches or view.role is Role.NEVER:
        yield from ((match, view.role) for match in matches)
    elif len(data) > _LARGE_PROGRAM and content(data).native:
        for match in matches:
            info = ruleset.rules[match.rule]
            if info.kind is Kind.BINARY:
                yield match, view.role
            elif info.concerns(view.name, Role.NEVER):
                yield match, Role.NEVER
    elif data is view.data:
        yield from _in_code_or_prose(matches, view, ruleset)
    else:
        yield from ((match, view.role) for match in matches)


def _in_code_or_prose(matches: list[Match], view: MemberView, ruleset: Ruleset) -> Iterator[tuple[Match, Role]]:
    """The matches that stand without the prose, and those that need it."""
    code = without_prose(view)
    if code is None:
        yield from ((match, view.role) for match in matches)
        return
    standing = ruleset.match(code, timeout_seconds=TIMEOUT_SECONDS, member=view.name, role=view.role)
    rules = {match.rule for match in standing}
    yield from ((match, view.role) for match in standing)
    yield from ((match, Role.NEVER) for match in matches if match.rule not in rules)


def _finding(ruleset: Ruleset, view: MemberView, rule: str, place: Place, role: Role) -> Finding:
    return ruleset.finding(
        rule,
        role=role,
        member=view.name,
        line=place.line,
        column=place.column,
        snippet=place.snippet,
        layers=view.layers,
    )


def _readings(view: MemberView) -> Iterator[bytes]:
    """What Python reads, where that is not what the bytes show. Line numbers stay the same."""
    if not view.is_python:
        return
    try:
        source = view.source
    except SourceUnreadable:
        return  # another analyser says so
    if source.encoding not in _PLAIN:
        yield source.text.encode("utf-8", "replace")
    if not source.text.isascii():
        normalised = unicodedata.normalize("NFKC", source.text)
        if normalised != source.text:
            yield normalised.encode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a match stands. Binary data has no lines."""

    line: int | None
    column: int | None
    snippet: str


class Places:
    """From offsets in `data` to lines, columns and snippets."""

    def __init__(self, data: bytes, *, is_text: bool = False) -> None:
        self._data = data
        self._binary = not is_text and b"\0" in data[:_BINARY_PROBE]

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(newline.end() for newline in _NEWLINE.finditer(self._data))]

    def of(self, match: Match, *, binary: bool = False) -> Place:
        """The place of `match`."""
        if self._binary or binary:
            return Place(None, None, _printable(match.matched or self._data[match.offset :][:_BINARY_SNIPPET]))
        index = bisect_right(self._starts, match.offset) - 1
        start = self._starts[index]
        end = self._starts[index + 1] if index + 1 < len(self._starts) else len(self._data)
        before = self._data[start : match.offset].decode("utf-8", "replace")
        # Only what can be shown is decoded: the line may have megabytes.
        after = self._data[match.offset : min(end, match.offset + 4 * _SNIPPET)].decode("utf-8", "replace")
        lead = before.lstrip() if len(before.lstrip()) <= _LEAD else before[-_LEAD:].lstrip()
        return Place(index + 1, len(before) + 1, (lead + after).rstrip()[:_SNIPPET])


def _printable(matched: bytes) -> str:
    """The bytes as ASCII, everything else escaped as Python would."""
    return repr(matched[:_BINARY_SNIPPET])[2:-1]
