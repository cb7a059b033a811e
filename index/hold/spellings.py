"""The same version in other words: `1`, `1.0` and `1.0.0` are one release (PEP 440)."""

from __future__ import annotations

from typing import Final

from packaging.version import Version

__all__ = ["COMPONENTS", "spellings"]

#: Nobody writes more components; every further `.0` is the same version.
COMPONENTS: Final = 8


def spellings(version: str) -> frozenset[str]:
    """The canonical texts of the same version with fewer or more zeros at the end of the release segment."""
    parsed = Version(version)
    release = list(parsed.release)
    while len(release) > 1 and release[-1] == 0:
        release.pop()
    epoch = f"{parsed.epoch}!" if parsed.epoch else ""
    rest = version.removeprefix(epoch).removeprefix(".".join(map(str, parsed.release)))
    longest = max(COMPONENTS, len(parsed.release))
    padded = (release + [0] * more for more in range(longest - len(release) + 1))
    return frozenset(epoch + ".".join(map(str, numbers)) + rest for numbers in padded)
