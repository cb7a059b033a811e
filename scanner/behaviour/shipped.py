"""The file names in an artifact, as one module's chains ask for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Shipped"]


class Shipped:
    """The base names of the artifact's members.

    It notes what it was asked for: what comes out of the questions depends on these names and on no others.
    """

    def __init__(self, names: frozenset[str] = frozenset()) -> None:
        """Nothing was asked yet."""
        self._names = names
        self.asked: set[str] = set()

    def __contains__(self, name: str) -> bool:
        """Whether a member has that name."""
        self.asked.add(name)
        return name in self._names

    def isdisjoint(self, names: Iterable[str]) -> bool:
        """Whether no member has one of the names."""
        asked = set(names)
        self.asked |= asked
        return self._names.isdisjoint(asked)

    def among(self, names: Iterable[str]) -> list[str]:
        """Which of the names members have, in order. That counts as no question."""
        return sorted(self._names.intersection(names))
