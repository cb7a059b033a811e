"""How a text looks: statistics and characters that betray hidden code, whatever the code does.

These measures need no parse and no vocabulary, so that an evasion of the other analysers does not evade them.
"""

from __future__ import annotations

import ast
import io
import keyword
import re
import sys
import tokenize
import unicodedata
from bisect import bisect_right
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from scanner.analyzers.shares import apart, shares
from scanner.model import Severity
from scanner.source import SourceUnreadable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from scanner.model import Finding
    from scanner.ruleset import Ruleset
    from scanner.view import MemberView

__all__ = ["shape"]

#: Measured: no benign artifact of 81 has such a line in its Python, 29 of 300 malicious ones do.
_LONG_LINE: Final = 40_000
#: A table has at least so many texts, none of them longer than this, and takes all but a tenth of its line.
_ENTRIES: Final = 50
_ENTRY: Final = 500
_NEARLY: Final = 10
_LITERALS: Final = (ast.Constant, ast.Dict, ast.Set, ast.List, ast.Tuple, ast.UnaryOp, ast.USub)
#: Code that begins this far to the right, after a statement, is not seen in an editor.
#: A line in which a blank comes up again and again: a table, more likely than a payload.
_SPACED: Final = re.compile(r"(?:\S{1,200}\s{1,20}){400}")
_RUN: Final = re.compile(r"(?<=\S)[ \t]{100,}(?=[^\s#])|(?<=\S);[ \t]{60,}(?=[^\s#])")
#: As many blanks as every such run has.
_BLANK: Final = " " * 60
_BIDI: Final = re.compile("[\u202a\u202b\u202d\u202e\u2066-\u2068]")
_LONE_BIDI: Final = re.compile("([\"'])[\u202a\u202b\u202d\u202e\u2066-\u2068]\\1")
_INVISIBLE: Final = re.compile(
    "[\u200b\u2060\u2062-\u2064\ufeff\u00ad\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0]|[\U000e0000-\U000e007f\ufe00-\ufe0f]{8}"
)
_IDENTIFIER: Final = re.compile(r"(?<!\w)[^\W\d]\w{0,300}")
_LONGEST_NAME: Final = 301
_NAME_CHARACTERS: Final = {n: char if (char := chr(n)).isalnum() or char == "_" else " " for n in range(128)}
_MANGLED: Final = re.compile(r"[Il1]{8,}|[oO0D]{8,}|[xwXW]{10,}|[mnMN]{10,}|[jilJIL1]{10,}|[S25]{8,}|_{6,}[0O]*")
#: Encodings that people in some countries use: strange today, but ASCII means itself in them.
_REGIONAL: Final = frozenset(
    {"big5", "big5hkscs", "cp932", "cp949", "cp950", "euc_jis_2004", "euc_jp", "euc_kr", "gb18030", "gb2312", "gbk"}
    | {"koi8-r", "koi8-u", "cp1250", "cp1251", "cp1253", "cp1254", "cp1256", "iso8859-2", "iso8859-5", "iso8859-9"}
    | {"mac-roman", "cp437", "cp850", "cp866", "shift_jis", "iso8859-7", "iso8859-13", "tis-620", "cp874", "utf-8-sig"}
)
_MIN_IDENTIFIERS: Final = 12
_SAMPLE: Final = 200_000
_TOKENS: Final = 40_000
#: Letters of other scripts that look like Latin ones.
_LOOKALIKES: Final = frozenset(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u04bb\u0501\u051b\u0410\u0412\u0415\u041a\u041c\u041d"
    "\u041e\u0420\u0421\u0422\u0425\u0406\u0408\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4"
    "\u03a5\u03a7\u03bf\u0585\u0578\u057d\u13a0\u13a2\u13b3"
)


def shape(member: MemberView, ruleset: Ruleset) -> Iterator[Finding]:
    """What is strange about the look of a Python member."""
    if not member.is_python:
        return
    try:
        decoded = member.source
    except SourceUnreadable:
        return  # `inspect` reports it
    found = _Found(member, ruleset)
    if decoded.exotic:
        severity = Severity.MEDIUM if decoded.encoding in _REGIONAL else Severity.HIGH
        yield found.at("exotic-encoding", 1, f"source encoding {decoded.encoding}", severity=severity)
    text = decoded.text
    yield from _lines(found, text, member)
    if not text.isascii():
        yield from _characters(found, text)
    bare, dense = apart(text[:_SAMPLE])
    for rule, what in shares(bare, dense):
        yield found.at(rule, 1, what)
    yield from _identifiers(found, text, bare)


class _Found:
    """Findings of one member."""

    def __init__(self, member: MemberView, ruleset: Ruleset) -> None:
        self._member = member
        self._ruleset = ruleset

    def at(
        self, rule: str, line: int, snippet: str, column: int | None = None, *, severity: Severity | None = None
    ) -> Finding:
        """A finding on a line."""
        member = self._member
        return self._ruleset.finding(
            rule,
            role=member.role,
            member=member.name,
            line=line,
            column=column,
            snippet=snippet,
            layers=member.layers,
            severity=severity,
        )

    def where(self, rule: str, text: str, position: int, snippet: str, *, severity: Severity | None = None) -> Finding:
        """A finding at a position of the text."""
        line = text.count("\n", 0, position) + 1
        return self.at(rule, line, snippet, position - text.rfind("\n", 0, position), severity=severity)


def _lines(found: _Found, text: str, member: MemberView) -> Iterator[Finding]:
    if len(text) > _LONG_LINE:
        for number, line in enumerate(text.split("\n"), start=1):
            if len(line) > _LONG_LINE and not _is_table(member, number, len(line)):
                spaced = _SPACED.match(line) is not None
                yield found.at("long-line", number, line[:120], severity=Severity.MEDIUM if spaced else None)
                break
    if _BLANK not in text.replace("\t", " "):
        return  # quicker than to search for runs, which few texts have
    strings: list[tuple[int, int]] | None = None
    for match in _RUN.finditer(text):
        if strings is None:
            strings = _string_spans(text)
        if not _inside(strings, match.start()):
            yield found.where("code-far-right", text, match.end(), text[match.end() : match.end() + 120])
            break


def _is_table(member: MemberView, number: int, length: int) -> bool:
    """Whether nearly all of the line is one literal of many short entries: a table, in which nothing can be hidden.

    One long string, or one long row of numbers, is how a payload looks.
    """
    try:
        tree = member.tree
    except SourceUnreadable:
        return False
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict | ast.Set | ast.List | ast.Tuple) and node.lineno == node.end_lineno == number:
            spanned = (node.end_col_offset or 0) - node.col_offset
            if spanned * _NEARLY >= length * (_NEARLY - 1):
                return _has_short_entries(node)
    return False


def _has_short_entries(table: ast.Dict | ast.Set | ast.List | ast.Tuple) -> bool:
    leaves = [node for node in ast.walk(table) if not isinstance(node, ast.expr_context)]
    if not all(isinstance(node, _LITERALS) for node in leaves):
        return False
    texts = [node.value for node in leaves if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)]
    return len(texts) >= _ENTRIES and max(map(len, texts)) <= _ENTRY


def _string_spans(text: str) -> list[tuple[int, int]]:
    """Where strings and comments stand, as far as the tokenizer gets."""
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    spans = []
    try:
        for count, token in enumerate(tokenize.generate_tokens(io.StringIO(text).readline)):
            if count > _TOKENS:
                break
            if token.type in {tokenize.STRING, tokenize.COMMENT}:
                spans.append((starts[token.start[0] - 1] + token.start[1], starts[token.end[0] - 1] + token.end[1]))
    except (tokenize.TokenError, SyntaxError, IndexError):
        pass
    return spans


def _inside(spans: list[tuple[int, int]], position: int) -> bool:
    place = bisect_right(spans, (position, sys.maxsize)) - 1
    return place >= 0 and position < spans[place][1]


def _characters(found: _Found, text: str) -> Iterator[Finding]:
    if (match := _BIDI.search(text)) is not None:
        spans = _string_spans(text)
        # Alone between quotes, as in a table of characters, it reverses nothing, and in a line of talk no code.
        turns = any(_turns_code(text, inner.start(), spans) for inner in _BIDI.finditer(_LONE_BIDI.sub(r"\1 \1", text)))
        severity = None if turns else Severity.INFO
        yield found.where("bidirectional-text", text, match.start(), f"U+{ord(match[0]):04X}", severity=severity)
    if (match := _INVISIBLE.search(text, 1)) is not None and _in_code(text, match.start()):
        yield found.where("invisible-character", text, match.start(), f"U+{ord(match[0][0]):04X}")


def _turns_code(text: str, position: int, spans: list[tuple[int, int]]) -> bool:
    """Whether code stands on the line whose direction changes at the position: the effect ends with the line."""
    start, end = text.rfind("\n", 0, position) + 1, text.find("\n", position)
    place = bisect_right(spans, (position, len(text))) - 1
    return place < 0 or spans[place][0] > start or spans[place][1] < (end if end >= 0 else len(text))


def _in_code(text: str, position: int) -> bool:
    """Whether the position lies outside strings and comments."""
    return not _inside(_string_spans(text), position)


def _identifiers(found: _Found, text: str, bare: str) -> Iterator[Finding]:
    names = _names(bare)
    if not text.isascii():
        yield from _disguised(found, text, names)
    if len(names) >= _MIN_IDENTIFIERS:
        strange = [name for name in names if _is_junk(name)]
        if len(strange) * 2 > len(names) and len(strange) >= _MIN_IDENTIFIERS:
            position = text.find(strange[0])
            yield found.where("junk-identifiers", text, max(position, 0), ", ".join(strange[:6])[:120])


def _names(bare: str) -> dict[str, None]:
    """The identifiers that the text without strings and comments binds or uses, in the order in which they come."""
    if bare.isascii():
        # Ten times as fast as to search: all that is no part of a name becomes a blank.
        words = dict.fromkeys(bare.translate(_NAME_CHARACTERS).split())
        names = {word[:_LONGEST_NAME]: None for word in words if not word[0].isdigit()}
    else:
        names = dict.fromkeys(_IDENTIFIER.findall(bare))
    for word in keyword.kwlist:
        names.pop(word, None)
    return names


def _disguised(found: _Found, text: str, names: Iterable[str]) -> Iterator[Finding]:
    """Names that read as others: Python folds compatibility forms (NFKC), readers mix up scripts."""
    suspects = [name for name in names if not name.isascii() and (_folds(name) or _mixes_scripts(name))]
    if not suspects:
        return
    spans = _string_spans(text)
    for name in suspects:
        places = (match.start() for match in re.finditer(re.escape(name), text))
        position = next((place for place in places if not _inside(spans, place)), None)
        if position is not None:
            rule = "disguised-identifier" if _folds(name) else "mixed-script-identifier"
            yield found.where(rule, text, position, f"{name} is {unicodedata.normalize('NFKC', name)}")
            return


def _folds(name: str) -> bool:
    """Whether Python reads the name as one in plain letters."""
    folded = unicodedata.normalize("NFKC", name)
    return folded != name and folded.isascii()


def _mixes_scripts(name: str) -> bool:
    """Whether letters of another script stand among Latin ones that they look like."""
    latin = any(character.isascii() and character.isalpha() for character in name)
    return latin and not _LOOKALIKES.isdisjoint(name)


def _is_junk(name: str) -> bool:
    """Whether a name is of the kind that obfuscators make: look-alike letters, ideographs, or long noise."""
    if len(name) >= 6 and _MANGLED.search(name):  # noqa: PLR2004 # the shortest that it finds
        return True
    if len(name) > 3 and not name.isascii():  # noqa: PLR2004 # short names in other scripts are names
        return all(unicodedata.category(c) == "Lo" for c in name) and _rarely_spoken(name)
    return len(name) >= 24 and name.isalnum() and _noise(name)  # noqa: PLR2004 # words are shorter


def _rarely_spoken(name: str) -> bool:
    """Whether letters of the name lie all over the ideographs, as chance puts them."""
    points = [ord(character) for character in name]
    return max(points) - min(points) > 2_000 and min(points) > 0x3400  # noqa: PLR2004 # the blocks of ideographs


def _noise(name: str) -> bool:
    """Whether upper case, lower case and digits change as often as chance makes them."""
    kinds = ["d" if c.isdigit() else "u" if c.isupper() else "l" for c in name]
    changes = sum(a != b for a, b in pairwise(kinds))
    return changes * 3 > len(name)
