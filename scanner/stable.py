"""A member's name as it stays from one release to the next."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["stable_name"]

_VERSIONED_TOP: Final = re.compile(r"^(?P<name>[^/]+?)-\d[^/]*?(?P<kind>\.dist-info|\.data|)/")


def stable_name(name: str) -> str:
    """The member's name without the version in its top folder, so that two releases can be compared."""
    return _VERSIONED_TOP.sub(r"\g<name>\g<kind>/", name, count=1)
