"""How much work one member may cost the engine, counted, never timed: equal bytes give equal findings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["MAX_TEXT", "Budget", "WorkExhausted"]

#: The longest text or sequence that is folded.
MAX_TEXT: Final = 4 * 1024 * 1024
_VISITS: Final = 800_000
_FOLDED_BYTES: Final = 64 * 1024 * 1024


class WorkExhausted(Exception):
    """A member costs more work than it may; what was found so far stands."""


@dataclass(slots=True)
class Budget:
    """What is left to spend on one member."""

    visits: int = _VISITS
    folded: int = _FOLDED_BYTES

    def visit(self, nodes: int = 1) -> None:
        """Counts visits of syntax nodes.

        Raises:
            WorkExhausted: too many were visited.
        """
        self.visits -= nodes
        if self.visits < 0:
            raise WorkExhausted(f"more than {_VISITS} visits of syntax nodes")

    def fold(self, size: int) -> None:
        """Counts bytes of folded constants.

        Raises:
            WorkExhausted: too many were made.
        """
        self.folded -= size
        if self.folded < 0:
            raise WorkExhausted(f"more than {_FOLDED_BYTES} bytes of folded constants")
