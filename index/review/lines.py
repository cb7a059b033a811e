"""Source text made honest: what a reader would not see is named, line by line.

The tokens of a line, put together again, are the line: nothing is lost, nothing is made up.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["LONG_LINE", "LONG_SPACES", "Token", "TokenKind", "split_lines", "tokenize"]

#: A run of so many spaces pushes what follows out of sight.
LONG_SPACES: Final = 100

#: A line of more columns is wrapped, and marked.
LONG_LINE: Final = 500

_NEWLINE: Final = re.compile(r"\r\n?|\n")
_RUN: Final = re.compile(rf"[ \t]{{{LONG_SPACES},}}")

#: Categories whose characters show nothing, or change how others are shown.
_HIDDEN_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})

#: Letters and marks that show nothing: fillers, joiners, variation selectors.
_BLANK_LETTERS: Final = frozenset(
    {0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0}
    | set(range(0x180B, 0x1810))
    | set(range(0xFE00, 0xFE10))
    | set(range(0xE0100, 0xE01F0))
)

_CONTROL_NAMES: Final = {
    0x00: "NULL",
    0x07: "BELL",
    0x08: "BACKSPACE",
    0x0B: "LINE TABULATION",
    0x0C: "FORM FEED",
    0x0D: "CARRIAGE RETURN",
    0x1A: "SUBSTITUTE",
    0x1B: "ESCAPE",
    0x7F: "DELETE",
    0x85: "NEXT LINE",
    0x9B: "CONTROL SEQUENCE INTRODUCER",
}


class TokenKind(StrEnum):
    """What a piece of a line is."""

    TEXT = "text"
    HIDDEN = "hidden"
    """One character that a reader would not see."""
    SPACES = "spaces"
    """A run of spaces or tabs so long that it hides what follows."""


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a line. `label` says in words what a reader would not see."""

    kind: TokenKind
    text: str
    label: str = ""


def split_lines(text: str) -> list[str]:
    """The lines of `text` as Python counts them: at LF, CR LF and CR, and nowhere else."""
    return _NEWLINE.split(text)


def tokenize(line: str) -> tuple[Token, ...]:
    """The pieces of `line`."""
    if line.isascii() and line.isprintable() and LONG_SPACES * " " not in line:
        return (Token(TokenKind.TEXT, line),) if line else ()
    return tuple(_tokens(line))


def _tokens(line: str) -> Iterator[Token]:
    place = 0
    for run in _RUN.finditer(line):
        yield from _characters(line[place : run.start()])
        what = "tabs and spaces" if "\t" in run[0] else "spaces"
        yield Token(TokenKind.SPACES, run[0], f"{len(run[0]):,} {what}")
        place = run.end()
    yield from _characters(line[place:])


def _characters(text: str) -> Iterator[Token]:
    start = 0
    for place, character in enumerate(text):
        label = _hidden_name(character)
        if label is None:
            continue
        if place > start:
            yield Token(TokenKind.TEXT, text[start:place])
        yield Token(TokenKind.HIDDEN, character, label)
        start = place + 1
    if start < len(text):
        yield Token(TokenKind.TEXT, text[start:])


@lru_cache(maxsize=4096)
def _hidden_name(character: str) -> str | None:
    """The code point and name of a character that shows nothing, or None for one that shows itself."""
    if character == "\t" or " " <= character <= "~":
        return None
    code = ord(character)
    category = unicodedata.category(character)
    odd_space = category == "Zs"
    if category not in _HIDDEN_CATEGORIES and not odd_space and code not in _BLANK_LETTERS:
        return None
    name = unicodedata.name(character, "") or _CONTROL_NAMES.get(code, "")
    return f"U+{code:04X} {name}".strip()
