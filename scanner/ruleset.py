"""The ruleset: every rule of one moment, under one hash.

`rules/*.toml` describe the rules that our analysers apply (one `[[rule]]` table each), `rules/yara/*.yar` are the
YARA rules, `rules/policy.toml` is the policy. A ruleset is loaded whole or not at all.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from scanner.model import Confidence, Finding, Kind, Role, RuleId, RulesetHash, Severity, Step
from scanner.policy import Policy, load_policy

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["DEFAULT_RULES", "RuleInfo", "Ruleset", "RulesetBroken"]

#: Where the rules lie that come with this engine.
DEFAULT_RULES: Final = Path(__file__).resolve().parent.parent / "rules"

_POLICY = "policy.toml"
_SNIPPET_LIMIT = 200
_HASHED_SUFFIXES = frozenset({".toml", ".yar", ".txt"})


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
    false_positives: str = ""
    """What benign code may look like this."""


@dataclass(frozen=True, eq=False)
class Ruleset:
    """All rules of one moment."""

    hash: RulesetHash
    folder: Path
    rules: Mapping[RuleId, RuleInfo]
    policy: Policy

    @classmethod
    def load(cls, folder: Path = DEFAULT_RULES) -> Ruleset:
        """The rules of `folder`.

        Raises:
            RulesetBroken: a file is missing, malformed, or names a rule twice.
        """
        try:
            files = sorted(
                p for p in folder.rglob("*") if p.is_file() and p.suffix in _HASHED_SUFFIXES and "tests" not in p.parts
            )
            rules = _load_rules(p for p in files if p.suffix == ".toml" and p.parent == folder and p.name != _POLICY)
            policy = load_policy(folder / _POLICY)
            digest = sha256()
            for path in files:
                content = path.read_bytes()
                digest.update(f"{path.relative_to(folder).as_posix()}\0{len(content)}\0".encode())
                digest.update(content)
        except (OSError, ValueError) as error:
            raise RulesetBroken(f"{folder}: {error}") from error
        return cls(RulesetHash(digest.hexdigest()), folder, rules, policy)

    def finding(  # noqa: PLR0913 # a finding has that many facts, all named
        self,
        rule: str,
        *,
        role: Role,
        member: str,
        line: int | None = None,
        column: int | None = None,
        snippet: str = "",
        layers: tuple[str, ...] = (),
        chain: tuple[Step, ...] = (),
        severity: Severity | None = None,
    ) -> Finding:
        """A finding of `rule`: what the rule says of itself, and the place.

        Raises:
            KeyError: no rule has that id.
        """
        info = self.rules[RuleId(rule)]
        return Finding(
            rule=info.id,
            kind=info.kind,
            title=info.title,
            severity=severity or info.severity,
            confidence=info.confidence,
            role=role,
            member=member,
            line=line,
            column=column,
            snippet=snippet[:_SNIPPET_LIMIT],
            technique=info.technique,
            layers=layers,
            chain=chain,
        )


def _load_rules(paths: object) -> dict[RuleId, RuleInfo]:
    rules: dict[RuleId, RuleInfo] = {}
    for path in paths:  # type: ignore[attr-defined] # narrowed by the helper that owns this file
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
        try:
            infos = msgspec.convert(tables.get("rule", []), list[RuleInfo])
        except msgspec.ValidationError as error:
            raise ValueError(f"{path.name}: {error}") from error
        for info in infos:
            if info.id in rules:
                raise ValueError(f"{path.name}: rule {info.id!r} is there twice")
            rules[info.id] = info
    return rules
