"""Artifacts with what is known of them beside their bytes, and how each of them was judged."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.inspections import found_in_content, judge
from scanner.model import Outcome

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.inspections import Looked
    from scanner.model import Reason, Verdict
    from scanner.ruleset import Ruleset

__all__ = ["COLUMNS", "Judged", "Label", "Labelled", "column_of", "judged", "read_labels"]

#: What becomes of an artifact: found by what it does, flagged otherwise, refused for its form, not wholly analysed,
#: without a result, or clear.
COLUMNS = ("content", "otherwise", "refused", "unscannable", "failed", "clear")


@dataclass(frozen=True, slots=True)
class Label:
    """What is known of a malicious artifact beside its bytes."""

    family: str
    year: str
    surface: str
    format: str
    invisible: bool


@dataclass(frozen=True, slots=True)
class Judged:
    """One artifact, its verdict and the column it is counted in."""

    name: str
    digest: str
    verdict: Verdict | None
    column: str

    @property
    def flagged(self) -> bool:
        """Whether the evidence, of whatever kind, asks for a person."""
        return self.column in {"content", "otherwise"}

    @property
    def is_malicious(self) -> bool:
        """Whether a rule that policy enforces would reject it without a person."""
        return self.verdict is not None and self.verdict.outcome is Outcome.MALICIOUS

    @property
    def risk(self) -> float:
        """The sum of all evidence."""
        return self.verdict.risk if self.verdict else 0.0

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Why, the strongest first."""
        return self.verdict.reasons if self.verdict else ()


Labelled = list[tuple[Judged, Label]]
"""Malicious artifacts."""


def read_labels(path: Path) -> dict[str, Label]:
    """The labels by SHA-256.

    Raises:
        OSError: the file cannot be read.
        KeyError: a column is missing.
    """
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return {
            row["sha256"]: Label(
                row["family"], row["year"], row["surface"], row["format"], "no_visible_payload" in row["flags"]
            )
            for row in rows
        }


def judged(looked: Looked, ruleset: Ruleset) -> Judged:
    """The artifact judged alone, in one of the columns."""
    if looked.inspection is None:
        return Judged(looked.path.name, looked.digest, None, "failed")
    verdict = judge(looked.inspection, ruleset)
    return Judged(looked.path.name, looked.digest, verdict, column_of(verdict, ruleset))


def column_of(verdict: Verdict, ruleset: Ruleset) -> str:
    """Which of `COLUMNS` the verdict is counted in."""
    if verdict.outcome in {Outcome.FLAGGED, Outcome.MALICIOUS}:
        return "content" if found_in_content(verdict, ruleset) else "otherwise"
    if verdict.outcome is Outcome.CLEAR:
        return "clear"
    refused = any(reason.rule in ruleset.policy.unscannable_rules for reason in verdict.reasons)
    return "refused" if refused else "unscannable"
