"""A member's name as it stays from one release to the next."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

__all__ = ["stable_name"]

_VERSIONED_TOP: Final = re.compile(r"(?P<name>.+?)-\d.*?(?P<kind>\.dist-info|\.data|)", re.DOTALL)


def stable_name(name: str) -> str:
    """The member's name without the version in its top folder, so that two releases can be compared."""
    top, slash, below = name.partition("/")
    return f"{_unversioned(top)}/{below}" if slash and "-" in top else name


@lru_cache(maxsize=64)  # nearly all members of an artifact have the same top folder
def _unversioned(top: str) -> str:
    match = _VERSIONED_TOP.fullmatch(top)
    return match["name"] + match["kind"] if match is not None else top
