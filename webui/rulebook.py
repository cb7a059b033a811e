"""What a rule means, in the words of the rules folder of this instance."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from index.services import current_services
from scanner.model import RuleId
from scanner.ruleset import Ruleset, RulesetBroken

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["rule_meaning"]


def rule_meaning(rule: str) -> str:
    """What a hit of `rule` means for a person; empty for a rule that is no longer there."""
    return _meanings(current_services().rules_folder).get(RuleId(rule), "")


@lru_cache(maxsize=1)
def _meanings(folder: Path) -> Mapping[RuleId, str]:
    """Read once in a process: a new version of the rules comes with a new start."""
    try:
        return {rule: info.meaning for rule, info in Ruleset.load(folder).rules.items()}
    except RulesetBroken:  # the words are missing; everything else on the page is there
        return {}
