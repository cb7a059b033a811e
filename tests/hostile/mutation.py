"""Damage done to bytes, the same for the same number: a failure names the number that makes it happen again."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["mutant", "random_value"]

_NUMBERS: Final = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
_MOST: Final = 200_000
_TEXTS: Final = ("", "a", "YWJj", "exec", "\ufffc", "\udc80", "{0}", "%s", "a" * 300, "\u0661", "0x1F")


def mutant(seeds: Sequence[bytes], number: int) -> bytes:
    """One of the seeds with a few edits; `number` decides which."""
    chance = random.Random(number)
    data = bytearray(chance.choice(seeds))
    for _ in range(chance.randint(1, 5)):
        _edit(data, chance, seeds)
    return bytes(data[:_MOST])


def _edit(data: bytearray, chance: random.Random, seeds: Sequence[bytes]) -> None:
    at = chance.randrange(len(data) + 1)
    length = chance.choice((1, 2, 4, 8, 64, 600))
    what = chance.randrange(8)
    if what == 0 and at < len(data):
        data[at] ^= 1 << chance.randrange(8)
    elif what == 1 and at < len(data):
        data[at] = chance.randrange(256)
    elif what == 2:  # one of eight
        del data[at : at + length]
    elif what == 3:
        data[at:at] = data[at : at + length] * chance.choice((1, 2, 50))
    elif what == 4:
        order = chance.choice(("little", "big"))
        data[at : at + 4] = chance.choice(_NUMBERS).to_bytes(4, "little" if order == "little" else "big")
    elif what == 5:
        other = chance.choice(seeds)
        start = chance.randrange(len(other) + 1)
        data[at:at] = other[start : start + length]
    elif what == 6:
        del data[at:]
    else:
        data[at:at] = chance.randbytes(length)


def random_value(chance: random.Random, depth: int = 2) -> object:
    """A constant as Python source may hold it."""
    kind = chance.randrange(9 if depth else 6)
    if kind == 0:
        return chance.choice(_TEXTS)
    if kind == 1:
        return chance.randbytes(chance.randrange(40))
    if kind == 2:
        return chance.choice((*_NUMBERS, -1, -(2**63), 10**40))
    if kind == 3:
        return chance.choice((None, True, False, ..., 1.5, float("nan"), float("inf"), 2j))
    if kind == 4:
        return "".join(chr(chance.randrange(32, 0x3000)) for _ in range(chance.randrange(30)))
    if kind == 5:
        return range(chance.randrange(-5, 300))
    items = [random_value(chance, depth - 1) for _ in range(chance.randrange(5))]
    if kind == 6:
        return items
    if kind == 7:
        return tuple(items)
    return {str(number): item for number, item in enumerate(items)}
