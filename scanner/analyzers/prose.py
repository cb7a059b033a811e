"""Comments and documentation strings of a Python member: text about something, which no interpreter executes."""

from __future__ import annotations

import ast
import re
import textwrap
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from scanner.model import Kind, MemberName, Role
from scanner.source import SourceUnreadable
from scanner.syntax import is_rewritten, parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from scanner.model import Finding
    from scanner.ruleset import Ruleset
    from scanner.view import MemberView

__all__ = ["weighed", "without_prose"]

#: Whoever reads its own source may do anything with it: then its comments are data like any other.
_READS_SOURCE: Final = re.compile(
    rb"\bgetsource|\bgetcomments\b|\blinecache\b|\btokenize\b|\bget_source\b|\bget_data\b"
    rb"|\bopen\([^\n]{0,60}__file__|__file__[^\n]{0,60}\.(?:read_text|read_bytes|open)\("
)
#: The same for its documentation. Handing a documentation string on, as wrappers do, is no reading.
_READS_DOCUMENTATION: Final = re.compile(rb"__doc__|\bgetdoc\b")
_HANDED_ON: Final = re.compile(rb"\.__doc__[ \t]{0,4}=[ \t]{0,4}(?:[\w.]{1,80}\.__doc__\b|(?!=))")
#: Codecs in which the columns of a syntax tree, which are of UTF-8, are those of the bytes.
_BY_BYTES: Final = frozenset({"ascii", "utf-8"})
_NEWLINE: Final = re.compile(rb"\r\n?|\n")
_NOT_NEWLINE: Final = re.compile(rb"[^\r\n]")
_COMMENT: Final = re.compile(rb"#[^\r\n]*")
#: What stands before the words of a line of prose.
_MARK: Final = re.compile(r"^[ \t]*#+!?")
_MARGIN: Final = re.compile(r"^[ \t#!\"']+|[ \t\"']+$")
#: Lines that are read with the one in question: behind it, and in one paragraph with it.
_AFTER: Final = 10
_AROUND: Final = 40
_LONGEST: Final = 4096
#: Characters without a blank that are no word.
_BLOB: Final = 60
_BOM: Final = b"\xef\xbb\xbf"

_Span = tuple[int, int]


def without_prose(view: MemberView) -> bytes | None:
    """The bytes with spaces in place of comments and documentation strings; lines and columns stay.

    None when that cannot be told: the member does not parse, its bytes are not its text, or it reads its own source.
    Documentation strings stay where the member reads one.
    """
    data = view.data
    if not view.is_python or data.startswith(_BOM) or b"\f" in data or _READS_SOURCE.search(data):
        return None
    try:
        if view.source.encoding not in _BY_BYTES:
            return None
        tree = view.tree
    except SourceUnreadable:
        return None
    if is_rewritten(tree):  # its columns are not those of the text
        return None
    literals, prose = _literals(tree, _starts(data))
    if _READS_DOCUMENTATION.search(_HANDED_ON.sub(b"", data)):
        prose = []
    return _blanked(data, sorted([*prose, *_comments(data, literals)]))


def weighed(
    findings: Iterable[Finding], members: Mapping[MemberName, MemberView], ruleset: Ruleset, *, executes: bool
) -> Iterator[Finding]:
    """The findings, with those in prose as what they are in this artifact.

    Code that executes what it puts together may put it together from any comment: where the artifact has such code
    (`executes`), prose that is a program runs when its member does. Sentences never run, nor does anything elsewhere,
    and what speaks of running code alone is left out.
    """
    lines: dict[str, list[bytes]] = {}
    for finding in findings:
        member = members.get(MemberName(finding.member))
        if finding.kind is not Kind.TEXT or finding.role is not Role.NEVER or member is None or not member.is_python:
            yield finding
            continue
        if executes and finding.line and not finding.layers:
            if finding.member not in lines:
                lines[finding.member] = _NEWLINE.split(member.data)
            if _is_program(lines[finding.member], finding.line - 1):
                yield replace(finding, role=member.role)
                continue
        if ruleset.rules[finding.rule].concerns(finding.member, Role.NEVER):
            yield finding


def _is_program(raw: Sequence[bytes], here: int) -> bool:
    """Whether what stands on the line, alone or with lines around it, is Python that does something, or no words."""
    start, end = max(here - _AROUND, 0), here + _AROUND
    lines = [line[:_LONGEST].decode("utf-8", "replace") for line in raw[start:end]]
    here -= start
    if here >= len(lines):
        return True  # it stands in what the bytes do not show
    words = _MARGIN.sub("", lines[here])
    if len(words) >= _BLOB and " " not in words[:_BLOB]:
        return True
    marked = _MARK.match(lines[here]) is not None
    blank = [
        n for n, line in enumerate(lines) if not _MARGIN.sub("", line) or (_MARK.match(line) is not None) != marked
    ]
    first = max((number + 1 for number in blank if number < here), default=0)
    last = min((number for number in blank if number > here), default=len(lines))
    spans = [(first, last), *((here, min(here + more, last)) for more in range(1, _AFTER))]
    plain = [_MARK.sub("", line) for line in lines]
    return any(_acts("\n".join(plain[begin:stop]), here - begin + 1) for begin, stop in spans)


def _acts(text: str, line: int) -> bool:
    """Whether the text is Python, and the line part of a call or an import."""
    plain = textwrap.dedent(text).strip("\n")
    for candidate in (plain, plain.strip("\"' \t")):
        try:
            tree = parse(candidate)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Call | ast.Import | ast.ImportFrom) and line in range(
                node.lineno, (node.end_lineno or node.lineno) + 1
            ):
                return True
    return False


def _starts(data: bytes) -> list[int]:
    return [0, *(newline.end() for newline in _NEWLINE.finditer(data))]


def _literals(tree: ast.Module, starts: Sequence[int]) -> tuple[list[_Span], list[_Span]]:
    """Where string literals stand, and which of them are statements: nobody can use their value, save as `__doc__`."""
    literals: list[_Span] = []
    prose: list[_Span] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant | ast.JoinedStr) and (
            isinstance(node, ast.JoinedStr) or isinstance(node.value, str | bytes)
        ):
            literals.append(_span(node, starts))
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            prose.append(_span(node.value, starts))
    return sorted(literals), prose


def _span(node: ast.expr, starts: Sequence[int]) -> _Span:
    last, column = node.end_lineno or node.lineno, node.end_col_offset or node.col_offset
    return starts[node.lineno - 1] + node.col_offset, starts[last - 1] + column


def _comments(data: bytes, literals: Sequence[_Span]) -> Iterator[_Span]:
    """From each `#` outside string literals to the end of its line."""
    position = 0
    for start, end in [*literals, (len(data), len(data))]:
        while position < start and (match := _COMMENT.search(data, position, start)) is not None:
            # A literal that begins behind the sign would be part of the comment, and so be no literal.
            yield match.span()
            position = match.end()
        position = max(position, end)


def _blanked(data: bytes, spans: Sequence[_Span]) -> bytes:
    pieces: list[bytes] = []
    position = 0
    for start, end in spans:
        if start < position:
            continue
        pieces += [data[position:start], _NOT_NEWLINE.sub(b" ", data[start:end])]
        position = end
    return b"".join([*pieces, data[position:]])
