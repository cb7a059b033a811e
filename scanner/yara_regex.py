"""How a YARA regular expression can be searched for: which literal it must contain, and whether it stays bounded."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from scanner.yara_pieces import piece_of, quality

__all__ = ["RegexShape", "regex_shape"]

_QUANTIFIER: Final = re.compile(r"(?:([*+?])|\{(\d*)(,?)(\d*)\})\??")
_CLASS: Final = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
_ESCAPE: Final = re.compile(r"\\(x[0-9A-Fa-f]{2}|.)", re.DOTALL)
_ASSERTIONS: Final = frozenset("bB")
_CLASSES: Final = frozenset("wWsSdD")
_CONTROLS: Final = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "a": "\a"}
_UNBOUNDED: Final = 1 << 30


@dataclass(frozen=True, slots=True)
class RegexShape:
    """What decides a regex's speed.

    `anchors` are the literals that libyara looks for a piece of: one, or one for each branch of a group.
    `first_repeat` is how often its first element may repeat (0 when that is a literal), `max_repeat` the largest
    repetition in it.
    """

    anchors: tuple[str, ...]
    first_repeat: int
    max_repeat: int


@dataclass(frozen=True, slots=True)
class _Piece:
    """One element: a literal character, a class (no literal, no branches) or a group (its branches)."""

    low: int
    high: int
    literal: str = ""
    branches: tuple[RegexShape, ...] = ()


def regex_shape(pattern: str) -> RegexShape:
    """The shape of `pattern`, which libyara has accepted."""
    branches, _ = _branches(pattern, 0)
    return _merged(branches)


def _branches(pattern: str, position: int) -> tuple[tuple[RegexShape, ...], int]:
    """The alternatives from `position` to the closing parenthesis or the end, and where that is."""
    branches: list[RegexShape] = []
    pieces: list[_Piece] = []
    while position < len(pattern) and pattern[position] != ")":
        if pattern[position] == "|":
            branches.append(_shape(pieces))
            pieces, position = [], position + 1
            continue
        piece, position = _piece(pattern, position)
        if piece is not None:
            pieces.append(piece)
    return (*branches, _shape(pieces)), position


def _piece(pattern: str, position: int) -> tuple[_Piece | None, int]:
    literal = ""
    branches: tuple[RegexShape, ...] = ()
    character = pattern[position]
    if character == "(":
        branches, position = _branches(pattern, position + 1)
        position += 1
    elif character in "^$":
        return None, position + 1
    elif character == "[" and (match := _CLASS.match(pattern, position)):
        position = match.end()
    elif character == "\\" and (match := _ESCAPE.match(pattern, position)):
        position = match.end()
        if match[1] in _ASSERTIONS:
            return None, position
        literal = _escaped(match[1])
    else:
        literal, position = "" if character == "." else character, position + 1
    low, high, position = _quantifier(pattern, position)
    return _Piece(low, high, literal, branches), position


def _escaped(code: str) -> str:
    if code in _CLASSES:
        return ""
    if len(code) > 1:
        return chr(int(code[1:], 16))
    return _CONTROLS.get(code, code)


def _quantifier(pattern: str, position: int) -> tuple[int, int, int]:
    match = _QUANTIFIER.match(pattern, position)
    if match is None:
        return 1, 1, position
    sign, low, comma, high = match.groups()
    if sign:
        return int(sign == "+"), 1 if sign == "?" else _UNBOUNDED, match.end()
    least = int(low or 0)
    most = int(high) if high else (_UNBOUNDED if comma else least)
    return least, most, match.end()


def _shape(pieces: list[_Piece]) -> RegexShape:
    """The shape of one branch: its longest run of literals that must be there, or the anchors of a group in it."""
    candidates: list[tuple[str, ...]] = []
    run = ""
    for piece in pieces:
        if piece.literal and piece.low:
            run += piece.literal * min(piece.low, 8)
            if piece.low == piece.high:
                continue
        candidates.append((run,))
        run = ""
        if piece.branches and piece.low:
            candidates.append(_merged(piece.branches).anchors)
    candidates.append((run,))
    inner = [branch.max_repeat for piece in pieces for branch in piece.branches]
    return RegexShape(
        anchors=max(candidates, key=_weakest),
        first_repeat=_first_repeat(pieces),
        max_repeat=max([*inner, *(piece.high for piece in pieces)], default=1),
    )


def _weakest(anchors: tuple[str, ...]) -> int:
    """The quality of the worst piece: by that libyara chooses between the literals of a regex."""
    return min(quality(piece_of(anchor)) for anchor in anchors)


def _first_repeat(pieces: list[_Piece]) -> int:
    if not pieces:
        return 0
    first = pieces[0]
    if first.branches:
        return max(first.high if first.high > 1 else 0, *(branch.first_repeat for branch in first.branches))
    return 0 if first.literal and first.high == 1 else first.high


def _merged(branches: tuple[RegexShape, ...]) -> RegexShape:
    return RegexShape(
        anchors=tuple(anchor for branch in branches for anchor in branch.anchors),
        first_repeat=max(branch.first_repeat for branch in branches),
        max_repeat=max(branch.max_repeat for branch in branches),
    )
