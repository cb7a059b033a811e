"""Findings in order: each place of a rule once, no rule without end, and what was left out is said."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from scanner.model import RUNNING_ROLES, Finding, Kind, Role, RuleId, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scanner.ruleset import Ruleset

__all__ = ["sifted"]

_PER_MEMBER: Final = 20
_PER_RULE: Final = 200
_IN_ALL: Final = 5_000
_RANK: Final = {severity: rank for rank, severity in enumerate(reversed(Severity))}


def sifted(findings: Iterable[Finding], ruleset: Ruleset) -> tuple[Finding, ...]:
    """The findings by member, line and rule, without repetitions.

    Where a rule hit too often, the places that can run and the severest are kept, and a finding says how many there
    were: a rule counts once in a verdict, so a cap hides no evidence.
    """
    distinct = {_place(finding): finding for finding in sorted(findings, key=_order, reverse=True)}
    kept: list[Finding] = []
    per_member: Counter[tuple[RuleId, str]] = Counter()
    per_rule: Counter[RuleId] = Counter()
    for finding in sorted(distinct.values(), key=_importance):
        per_member[finding.rule, finding.member] += 1
        per_rule[finding.rule] += 1
        if (
            per_member[finding.rule, finding.member] <= _PER_MEMBER
            and per_rule[finding.rule] <= _PER_RULE
            and len(kept) < _IN_ALL
        ):
            kept.append(finding)
    shown = Counter(finding.rule for finding in kept)
    kept += [
        ruleset.finding(
            "findings-capped", role=Role.NEVER, member="", snippet=f"{rule}: {count} places, {shown[rule]} shown"
        )
        for rule, count in per_rule.items()
        if shown[rule] < count
    ]
    return tuple(sorted(kept, key=_order))


def _place(finding: Finding) -> tuple[object, ...]:
    if not finding.line and finding.snippet:
        return finding.rule, finding.member, finding.snippet, finding.layers
    return finding.rule, finding.member, finding.line, finding.layers


def _order(finding: Finding) -> tuple[object, ...]:
    """A total order: equal findings stand side by side, whatever order the analysers ran in."""
    return (
        finding.member,
        finding.line or 0,
        finding.rule,
        finding.column or 0,
        finding.layers,
        finding.snippet,
        finding.role,
        repr(finding.chain),
    )


def _importance(finding: Finding) -> tuple[object, ...]:
    return (
        finding.kind is Kind.QUALITY,
        finding.role not in RUNNING_ROLES,
        _RANK[finding.severity],
        *_order(finding),
    )
