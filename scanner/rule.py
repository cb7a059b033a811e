"""What one rule says of itself, and how a rules folder fails."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import msgspec

from scanner.model import Confidence, Kind, Role, RuleId, Severity

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["RuleInfo", "RulesetBroken", "read_rules"]


class RulesetBroken(Exception):
    """A rules folder that cannot become active; the message says which file and why."""


class RuleInfo(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a rule is, for a person and for the weighing."""

    id: RuleId
    title: str
    """A short noun phrase: what was found."""
    meaning: str
    """What it means for a person, in a sentence or two."""
    kind: Kind
    severity: Severity
    confidence: Confidence
    technique: str = ""
    """MITRE ATT&CK id."""
    reference: str = ""
    """Where to read on: the specification, or how the technique was seen."""
    false_positives: str = ""
    """What benign code may look like this."""
    roles: tuple[Role, ...] = ()
    """The roles of members that the rule is about; empty means every role."""
    members: tuple[str, ...] = ()
    """The file names (`*.pth`) of members that the rule is about; empty means every name."""

    def concerns(self, member: str, role: Role) -> bool:
        """Whether the rule is about a member of that name and role."""
        name = member.rpartition("/")[2].lower()
        return (not self.roles or role in self.roles) and (
            not self.members or any(fnmatchcase(name, pattern) for pattern in self.members)
        )


def read_rules(document: dict[str, object], path: Path) -> list[RuleInfo]:
    """The `[[rule]]` tables of the TOML `document` that was read from `path`.

    Raises:
        ValueError: a table is not a rule; the message says where.
    """
    try:
        return msgspec.convert(document.get("rule", []), list[RuleInfo])
    except msgspec.ValidationError as error:
        raise ValueError(f"{path.name}: {error}") from error
