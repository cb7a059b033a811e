"""The policy: the weights and thresholds that turn findings into verdicts, read from `rules/policy.toml`."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import msgspec

from scanner.model import Confidence, Role, Severity

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Policy", "load_policy"]


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How findings are weighed. All weights are log-odds; a verdict's risk is their sum.

    A finding weighs `rule_weight[rule]` where that is given, else
    `severity_weight[severity] * confidence_factor[confidence]`, each times `role_factor[role]`.
    """

    flag_at: float
    """A risk of this or more is `flagged`."""
    severity_weight: dict[Severity, float]
    confidence_factor: dict[Confidence, float]
    role_factor: dict[Role, float]
    rule_weight: dict[str, float] = {}
    holding_rules: frozenset[str] = frozenset()
    """Rules that put a submission before a person by themselves, whatever the sum."""
    enforced_rules: frozenset[str] = frozenset()
    """Rules whose finding makes the verdict `malicious`. A rule is listed only when it hits nothing benign."""
    required_sandbox: tuple[tuple[str, ...], ...] = ()
    """Layers without which nothing is published by itself: each entry is a choice of which one must hold."""


def load_policy(path: Path) -> Policy:
    """The policy in the TOML file `path`.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is not TOML, or not a policy (the message says where).
    """
    try:
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Policy)
    except msgspec.ValidationError as error:
        raise ValueError(f"{path.name}: {error}") from error
