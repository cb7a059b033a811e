"""The ruleset: every rule of one moment, under one hash.

`rules/*.toml` describe the rules that our analysers apply (one `[[rule]]` table each), `rules/yara/*.yar` are the
YARA rules, `rules/names/*.txt` lists of names, `rules/known/*.txt` files that are known to be good, `rules/policy.toml`
is the policy. A ruleset is loaded whole or not at all.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

from scanner.known import read_known
from scanner.model import Finding, Role, RuleId, RulesetHash, Severity, Sha256Hex, Step
from scanner.names import Names, read_names
from scanner.policy import Policy, load_policy
from scanner.rule import RuleInfo, RulesetBroken, read_rules
from scanner.yara_rules import Match, MatchTimeout, YaraRules, compile_yara

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["DEFAULT_RULES", "Match", "MatchTimeout", "RuleInfo", "Ruleset", "RulesetBroken"]

#: Where the rules lie that come with this engine.
DEFAULT_RULES: Final = Path(__file__).resolve().parent.parent / "rules"

_POLICY = "policy.toml"
_YARA = "yara"
_NAMES = "names"
_TESTS = "tests"
_KNOWN = "known"
_SNIPPET_LIMIT = 200
_HASHED_SUFFIXES = frozenset({".toml", ".yar", ".txt"})


@dataclass(frozen=True, eq=False)
class Ruleset:
    """All rules of one moment."""

    hash: RulesetHash
    folder: Path
    rules: Mapping[RuleId, RuleInfo]
    policy: Policy
    yara: YaraRules | None = None
    """The compiled YARA rules. Only a ruleset made by hand has none, and that one refuses to match."""
    names: Names = field(default_factory=Names)
    known: frozenset[Sha256Hex] = frozenset()
    """The hashes of files that are known to be good."""

    @classmethod
    def load(cls, folder: Path = DEFAULT_RULES) -> Ruleset:
        """The rules of `folder`.

        Raises:
            RulesetBroken: a file is missing or malformed, a rule is slow, incomplete or there twice.
        """
        try:
            contents = {path: path.read_bytes() for path in _rule_files(folder)}
            yara_rules = compile_yara(_yara_sources(folder, contents))
            tables = {p: c for p, c in contents.items() if p.suffix == ".toml" and p.parent == folder}
            rules = _merged([*_toml_rules(tables), *(("yara", info) for info in yara_rules.infos)])
            policy = load_policy(folder / _POLICY)
            names = read_names(_lists(contents, folder / _NAMES))
            known = frozenset().union(*(read_known(*one) for one in _lists(contents, folder / _KNOWN).items()))
        except (OSError, ValueError) as error:
            raise RulesetBroken(f"{folder}: {error}") from error
        return cls(_digest(folder, contents), folder, rules, policy, yara_rules, names, known)

    def match(
        self, data: bytes, *, timeout_seconds: int, member: str | None = None, role: Role = Role.NEVER
    ) -> list[Match]:
        """Every place in `data` where a YARA rule found one of its strings: (rule id, offset, matched bytes).

        With `member`, only rules that are about a member of that name and `role`; without, all.

        Raises:
            MatchTimeout: YARA did not finish in `timeout_seconds`.
            RulesetBroken: this ruleset was made without YARA rules.
        """
        if self.yara is None:
            raise RulesetBroken(f"{self.folder}: this ruleset was made without YARA rules; use Ruleset.load")
        if member is None:
            return self.yara.match(data, timeout_seconds=timeout_seconds)
        return self.yara.match(data, timeout_seconds=timeout_seconds, wanted=lambda info: info.concerns(member, role))

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


def _rule_files(folder: Path) -> list[Path]:
    """Every file that is part of the rules: what decides a verdict. Tests beside the rules do not."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and path.suffix in _HASHED_SUFFIXES and path.relative_to(folder).parts[0] != _TESTS
    )


def _digest(folder: Path, contents: Mapping[Path, bytes]) -> RulesetHash:
    digest = sha256()
    for path, content in contents.items():
        digest.update(f"{path.relative_to(folder).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return RulesetHash(digest.hexdigest())


def _lists(contents: Mapping[Path, bytes], folder: Path) -> dict[str, str]:
    """The text of every list in `folder`, by its file's name."""
    return {path.name: content.decode("utf-8") for path, content in contents.items() if path.parent == folder}


def _yara_sources(folder: Path, contents: Mapping[Path, bytes]) -> dict[str, str]:
    """The text of every YARA file, in order of name.

    Raises:
        OSError: there is no `yara` folder.
        ValueError: something lies in it that would be overlooked, or is no UTF-8.
    """
    for path in sorted((folder / _YARA).iterdir()):
        if path not in contents or path.suffix != ".yar":
            raise ValueError(f"{_YARA}/{path.name}: only .yar files are read here; move or remove it")
    texts = {p.relative_to(folder).as_posix(): c for p, c in contents.items() if p.suffix == ".yar"}
    if strays := [name for name in texts if not name.startswith(f"{_YARA}/")]:
        raise ValueError(f"{', '.join(strays)}: YARA rules are read from {_YARA}/ only")
    return {name: content.decode("utf-8") for name, content in texts.items()}


def _toml_rules(contents: Mapping[Path, bytes]) -> Iterable[tuple[str, RuleInfo]]:
    """The rules that TOML files describe, each with its file's name.

    Raises:
        ValueError: a file is no TOML, or a table in it no rule.
    """
    for path, content in contents.items():
        if path.name != _POLICY:
            for info in read_rules(tomllib.loads(content.decode("utf-8")), path):
                yield path.name, info


def _merged(described: Iterable[tuple[str, RuleInfo]]) -> dict[RuleId, RuleInfo]:
    """The rules by id.

    Raises:
        ValueError: two rules have one id.
    """
    rules: dict[RuleId, RuleInfo] = {}
    for source, info in described:
        if info.id in rules:
            raise ValueError(f"{source}: rule {info.id!r} is there twice")
        rules[info.id] = info
    return rules
