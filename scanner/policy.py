"""The policy: the weights and thresholds that turn findings into verdicts, read from `rules/policy.toml`."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Final

import msgspec

from scanner.model import Confidence, Finding, Kind, Role, Severity

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["WHOLE_RELEASE", "Policy", "load_policy"]

#: Kinds of evidence that say something about the release and not about a member: when the member runs is no matter.
WHOLE_RELEASE: Final = frozenset({Kind.METADATA, Kind.DRIFT, Kind.PROVENANCE, Kind.NAMES})


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How findings are weighed. All weights are log-odds; a verdict's risk is their sum.

    A finding weighs `rule_weight[rule]` where that is given, nothing where its kind is `quality`, else
    `severity_weight[severity] * confidence_factor[confidence]`; each times `role_factor[role]`, unless its kind
    concerns the release as a whole (metadata, drift, provenance, names), or it is one of `everywhere_rules`.
    """

    flag_at: float
    """A risk of this or more is `flagged`."""
    severity_weight: dict[Severity, float]
    confidence_factor: dict[Confidence, float]
    role_factor: dict[Role, float]
    rule_weight: dict[str, float] = {}
    unchanged_factor: float = 1.0
    """What is left of a finding that the previous release, which was published, gave rise to with the same words, and
    of all findings in a member that it had byte for byte."""
    elsewhere_factor: float = 1.0
    """What is left of a finding in another member than the one that says most."""
    elsewhere_most: float = 1000.0
    """What all such findings together add at most."""
    holding_rules: frozenset[str] = frozenset()
    """Rules that put a submission before a person by themselves, whatever the sum."""
    unscannable_rules: frozenset[str] = frozenset()
    """Rules that say that the artifact could not be judged at all, beside findings of kind `limits`."""
    enforced_rules: frozenset[str] = frozenset()
    """Rules whose finding makes the verdict `malicious`. A rule is listed only when it hits nothing benign."""
    everywhere_rules: frozenset[str] = frozenset()
    """Rules whose findings weigh the same whenever the member runs: in tests, too."""
    required_sandbox: tuple[tuple[str, ...], ...] = ()
    """Layers without which nothing is published by itself: each entry is a choice of which one must hold."""

    def weight(self, finding: Finding) -> float:
        """The log-odds that `finding` adds by itself."""
        base = self.rule_weight.get(finding.rule)
        if base is None:
            if finding.kind is Kind.QUALITY:
                return 0.0
            base = self.severity_weight[finding.severity] * self.confidence_factor[finding.confidence]
        everywhere = finding.kind in WHOLE_RELEASE or finding.rule in self.everywhere_rules
        return base if everywhere else base * self.role_factor[finding.role]


def load_policy(path: Path) -> Policy:
    """The policy in the TOML file `path`.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is not TOML, or not a policy (the message says where).
    """
    try:
        policy = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Policy)
    except msgspec.ValidationError as error:
        raise ValueError(f"{path.name}: {error}") from error
    for table, words in (
        ("severity_weight", set(Severity) - policy.severity_weight.keys()),
        ("confidence_factor", set(Confidence) - policy.confidence_factor.keys()),
        ("role_factor", set(Role) - policy.role_factor.keys()),
    ):
        if words:
            raise ValueError(f"{path.name}: {table} lacks {', '.join(sorted(words))}; every word needs a number")
    return policy
