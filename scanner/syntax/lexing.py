"""Tokens of Python source, with formatted strings taken apart as PEP 701 reads them.

The interpreter's own tokenizer cannot serve: before Python 3.12 it ends a formatted string at the first quote of its
kind, and where that is wrong everything behind it is read inside out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

__all__ = ["Field", "Kind", "Literal", "NotPython", "Pieces", "Token", "tokens_of"]

_TOKEN: Final = re.compile(
    r"""(?P<space>[ \t\f]+|\\\n)|(?P<comment>\#[^\n]*)|(?P<newline>\n)
    |(?P<string>(?i:br|rb|fr|rf|tr|rt|[rbuft])?(?:'{3}|"{3}|'|"))
    |(?P<name>[^\W\d]\w*)|(?P<number>\.?\d[\w.]*)|(?P<op>:=|!=|.)""",
    re.VERBOSE | re.DOTALL,
)
_OPENING: Final = "([{"
_CLOSING: Final = ")]}"
#: Nested deeper than CPython reads, too.
_DEEPEST: Final = 100
_NAMED: Final = re.compile(r"\\N\{[^{}\n]*\}")


class NotPython(Exception):
    """The text cannot be taken apart: no Python reads it."""


class Kind(StrEnum):
    """What a token is; `BREAK` is a line break inside brackets, `NEWLINE` one that ends a statement."""

    SPACE = "space"
    COMMENT = "comment"
    NEWLINE = "newline"
    BREAK = "break"
    STRING = "string"
    FORMATTED = "formatted"
    NAME = "name"
    NUMBER = "number"
    OP = "op"


@dataclass(frozen=True, slots=True)
class Literal:
    """Text between the fields of a formatted string, from `start` to `end`."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Field:
    """A replacement field: its expression in tokens, `!r` as a character, the pieces of its format, and `=`."""

    tokens: tuple[Token, ...]
    debug: str
    conversion: str
    format: Pieces | None


Pieces: TypeAlias = tuple[Literal | Field, ...]


@dataclass(frozen=True, slots=True)
class Token:
    """A token from `start` to `end`; a formatted string has its prefix, its quotes and its pieces."""

    kind: Kind
    start: int
    end: int
    depth: int
    prefix: str = ""
    quotes: str = ""
    pieces: Pieces = ()


def tokens_of(text: str) -> list[Token]:
    """All tokens of `text`, whose lines end in line feeds; together they cover it.

    Raises:
        NotPython: a string does not end, or brackets do not match.
    """
    tokens, end = _Reader(text).read(0)
    if end != len(text):
        raise NotPython(f"{text[end]!r} at {end} closes nothing")
    return tokens


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._nested = 0

    def read(self, position: int, *, in_field: bool = False) -> tuple[list[Token], int]:
        """The tokens up to the end, or to what ends a replacement field or closes a bracket that is not open."""
        text, tokens, opened = self._text, list[Token](), list[str]()
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None or match.lastgroup is None:
                raise NotPython(f"no token at {position}")
            kind, word = Kind(match.lastgroup), match[0]
            if not opened and (word in _CLOSING or (in_field and word in {"!", ":", ":="})):
                break
            if kind is Kind.STRING:
                token = self._string(match, len(opened))
            else:
                if kind is Kind.NEWLINE and (opened or in_field):
                    kind = Kind.BREAK
                _track(opened, kind, word)
                token = Token(kind, position, match.end(), len(opened))
            tokens.append(token)
            position = token.end
        if opened:
            raise NotPython(f"{opened[-1]!r} is not closed")
        return tokens, position

    def _string(self, match: re.Match[str], depth: int) -> Token:
        word = match[0]
        prefix = word.rstrip("'\"").lower()
        quotes = word[len(prefix) :]
        if {"f", "t"} & set(prefix):
            pieces, end = self._pieces(match.end(), quotes, raw="r" in prefix, quoted=True)
            return Token(Kind.FORMATTED, match.start(), end + len(quotes), depth, prefix, quotes, pieces)
        end = self._end_of_string(match.end(), quotes)
        return Token(Kind.STRING, match.start(), end, depth, prefix, quotes)

    def _end_of_string(self, position: int, quotes: str) -> int:
        text = self._text
        while position < len(text):
            if text[position] == "\\":
                position += 2
            elif text.startswith(quotes, position):
                return position + len(quotes)
            elif text[position] == "\n" and len(quotes) == 1:
                break
            else:
                position += 1
        raise NotPython("a string does not end")

    def _pieces(self, position: int, quotes: str, *, raw: bool, quoted: bool) -> tuple[Pieces, int]:
        """The pieces up to the quotes (or, in a format, up to its brace), and where that stands."""
        text, pieces, start = self._text, list[Literal | Field](), position
        while position < len(text):
            char = text[position]
            if text.startswith(quotes, position) or (char == "}" and not quoted):
                if position > start:
                    pieces.append(Literal(start, position))
                return tuple(pieces), position
            if char == "\n" and len(quotes) == 1:
                break
            if char == "\\":
                position = self._behind_escape(position, raw=raw)
            elif char in "{}" and quoted and text.startswith(char * 2, position):
                position += 2
            elif char == "{":
                if position > start:
                    pieces.append(Literal(start, position))
                field, position = self._field(position + 1, quotes, raw=raw)
                pieces.append(field)
                start = position
            elif char == "}":
                break
            else:
                position += 1
        raise NotPython("a formatted string does not end")

    def _behind_escape(self, position: int, *, raw: bool) -> int:
        if raw:  # only a quote or a backslash is taken along
            return position + (2 if self._text[position + 1 : position + 2] in {"'", '"', "\\"} else 1)
        if named := _NAMED.match(self._text, position):
            return named.end()
        return position + (1 if self._text[position + 1 : position + 2] in {"{", "}"} else 2)

    def _field(self, position: int, quotes: str, *, raw: bool) -> tuple[Field, int]:
        self._nested += 1
        if self._nested > _DEEPEST:
            raise NotPython("formatted strings are nested too deep")
        text = self._text
        tokens, position = self.read(position, in_field=True)
        debug, conversion = "", ""
        if equals := _last_equals(tokens, text):
            debug = "".join(text[one.start : one.end] for one in tokens if one.kind is not Kind.COMMENT)
            tokens = tokens[:equals]
        if text.startswith("!", position):
            conversion, position = text[position + 1 : position + 2], position + 2
            if conversion not in {"r", "s", "a"}:
                raise NotPython(f"!{conversion} converts nothing")
            while text.startswith((" ", "\t", "\n"), position):
                position += 1
        pieces: Pieces | None = None
        if text.startswith(":", position):
            pieces, position = self._pieces(position + 1, quotes, raw=raw, quoted=False)
        if not text.startswith("}", position):
            raise NotPython(f"a replacement field does not end at {position}")
        self._nested -= 1
        return Field(tuple(tokens), debug, conversion, pieces), position + 1


def _track(opened: list[str], kind: Kind, word: str) -> None:
    if kind is not Kind.OP:
        return
    if word in _OPENING:
        opened.append(word)
    elif word in _CLOSING and opened.pop() != _OPENING[_CLOSING.index(word)]:
        raise NotPython(f"{word!r} closes another bracket")


def _last_equals(tokens: list[Token], text: str) -> int:
    """Where the `=` stands that ends the expression, as in `{name=}`; 0 where none does."""
    plain = [index for index, token in enumerate(tokens) if token.kind not in {Kind.SPACE, Kind.COMMENT, Kind.BREAK}]
    if not plain or text[tokens[plain[-1]].start : tokens[plain[-1]].end] != "=":
        return 0
    compared = text[tokens[plain[-1]].start - 1] in "=!<>"
    return 0 if compared else plain[-1]
