"""Rates with their uncertainty, and tables of them."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Rate", "table"]

_Z: Final = 1.959964  # two-sided 95 %
_RULE_OF_THREE: Final = 2.995732  # -ln 0.05


@dataclass(frozen=True, slots=True)
class Rate:
    """`hits` of `total`; `hits` may be a fraction where the members of a group share one vote."""

    hits: float
    total: int

    @property
    def share(self) -> float:
        """The rate itself; of nothing, 0."""
        return self.hits / self.total if self.total else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """The Wilson score interval, 95 %, two-sided."""
        if not self.total:
            return 0.0, 1.0
        square, share = _Z * _Z, self.share
        middle = share + square / (2 * self.total)
        half = _Z * sqrt(share * (1 - share) / self.total + square / (4 * self.total**2))
        below = 1 + square / self.total
        return max(0.0, (middle - half) / below), min(1.0, (middle + half) / below)

    @property
    def upper_bound(self) -> float:
        """What the true rate does not exceed, 95 %: the rule of three where nothing hit, Wilson's upper end else."""
        if not self.total:
            return 1.0
        return self.interval[1] if self.hits else min(1.0, _RULE_OF_THREE / self.total)

    def __str__(self) -> str:
        low, high = self.interval
        return f"{round(self.hits, 1):g}/{self.total} {self.share:.1%} [{low:.1%}, {high:.1%}]" if self.total else "-"

    def plain(self) -> dict[str, float]:
        """For JSON."""
        low, high = self.interval
        return {
            "hits": round(self.hits, 2),
            "total": self.total,
            "share": round(self.share, 4),
            "low": round(low, 4),
            "high": round(high, 4),
        }


def table(title: str, head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """The rows in columns as wide as they need, the first to the left and the others to the right."""
    cells = [[str(cell) for cell in row] for row in (head, *rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    lines = [
        "  ".join(
            c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    ]
    return "\n".join([f"\n{title}", lines[0], "-" * (sum(widths) + 2 * (len(widths) - 1)), *lines[1:]])
