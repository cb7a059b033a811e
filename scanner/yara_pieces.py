"""Which piece of a literal libyara looks for, and which pieces it had better not.

libyara walks through the data once and looks for at most four bytes of each string; where they stand, it tries the
rest. It takes the four that look rarest by themselves: letters count less than other signs, spaces least, and
repeated bytes least of all. What is common in Python source it does not know: of `import requests` it takes `impo`.
"""

from __future__ import annotations

from typing import Final

__all__ = ["COMMON_PIECES", "LENGTH", "piece_of", "quality"]

#: The length of a piece.
LENGTH: Final = 4
#: Pieces that stand more than 250 times in a megabyte of the standard library and of ordinary packages alike.
_COMMON: Final = """
    (sel Erro Fals None True __(s _nam able aise alse alue ame) ame, ance appe args arse atio attr ault bjec cept clas
    code comp cont ctio data defa dict ding e(se eErr efau elf) elf, elf. else erat erro etho etur exce faul file form
    from func impo inde init inst ions ject lass lf): lf._ list lse: ment meth mple mpor name ncod nsta ntex obje one:
    onte orma path pend port ptio rais ress retu ring ror( rror self sion stan stat stri tanc text that ther this thod
    time ting tion trin turn type valu vers with xcep ==== ---- #### 0000
"""
COMMON_PIECES: Final = frozenset(_COMMON.split())

_SPACES: Final = frozenset("\x00 \xcc\xff")
_SPACE, _LETTER, _SIGN, _DIFFERENT = 12, 18, 20, 2


def quality(piece: str) -> int:
    """How rare libyara takes the piece to be."""
    different = len(set(piece))
    if different == 1 and piece[0] in _SPACES | {"\x90"}:
        return (_SPACE - 10) * len(piece)
    return sum(map(_worth, piece)) + _DIFFERENT * different


def piece_of(literal: str) -> str:
    """The piece of `literal` that libyara looks for: the first of the best. A shorter literal is its own."""
    pieces = [literal[start : start + LENGTH] for start in range(max(1, len(literal) - LENGTH + 1))]
    return max(pieces, key=quality)


def _worth(character: str) -> int:
    if character in _SPACES:
        return _SPACE
    return _LETTER if character.isascii() and character.isalpha() else _SIGN
