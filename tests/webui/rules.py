"""A ruleset that is nothing but a policy: these tests are about pages, not about which rules there are."""

from __future__ import annotations

from pathlib import Path

from scanner.model import Confidence, Kind, Role, RuleId, RulesetHash, Severity
from scanner.policy import Policy
from scanner.rule import RuleInfo
from scanner.ruleset import Ruleset

__all__ = ["made_ruleset"]


class _AnyRule(dict[RuleId, RuleInfo]):
    """A rule for every id."""

    def __missing__(self, rule: RuleId) -> RuleInfo:
        return RuleInfo(
            id=rule,
            title=rule.replace("-", " ").capitalize(),
            meaning="It was seen before in attacks.",
            kind=Kind.LIMITS if rule == "inspection-failed" else Kind.DRIFT,
            severity=Severity.MEDIUM,
            confidence=Confidence.MEDIUM,
        )


def made_ruleset() -> Ruleset:
    """Nothing but a policy: severities weigh, and what runs counts in full."""
    policy = Policy(
        flag_at=5.0,
        severity_weight=dict(zip(Severity, (0.0, 0.5, 2.0, 4.0, 7.0), strict=True)),
        confidence_factor=dict(zip(Confidence, (0.4, 0.8, 1.0), strict=True)),
        role_factor={role: 0.2 if role in {Role.TEST, Role.NEVER} else 1.0 for role in Role},
    )
    return Ruleset(RulesetHash("c0de" * 16), Path(), _AnyRule(), policy)
