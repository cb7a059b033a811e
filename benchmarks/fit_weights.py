"""Weights of rules, fitted on known malware against known good: log-odds, shrunk towards what severity says.

    python -m benchmarks.fit_weights --malicious FOLDER --labels FILE.tsv --wheels FOLDER --sdists FOLDER
        --cache FOLDER [--folds 5] [--write]

Every family of malware and every benign project has one vote. A rule's weight is ln(share of families / share of benign
projects), smoothed; a rule that was seen seldom stays near the product of its severity and confidence; and no severity
leaves its own range, so that a severer rule of the same record never weighs less. Rules that are named in the
`[rule_weight]` table by hand stay as they are, as do rules that were never seen and those that grade each finding.
"""

from __future__ import annotations

import re
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass
from math import log
from pathlib import Path
from typing import TYPE_CHECKING, Final
from zlib import crc32

import click
import msgspec
from packaging.utils import canonicalize_name

from benchmarks.inspections import CONTENT, artifacts_in, inspect_all
from benchmarks.judging import judged, read_labels
from benchmarks.rates import Rate, table
from scanner.model import RUNNING_ROLES, Kind, Severity
from scanner.ruleset import DEFAULT_RULES, Ruleset

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from benchmarks.inspections import Looked
    from scanner.rule import RuleInfo

__all__ = ["MARK", "Sample", "fitted", "with_weights"]

_FOLDER: Final = click.Path(exists=True, path_type=Path)
_SMOOTHING: Final = 0.5
#: A rule must be seen so often before what was counted weighs as much as what its author said.
_PRIOR_VOTES: Final = 4.0
#: Where a weight may lie, by severity.
_RANGES: Final[Mapping[Severity, tuple[float, float]]] = {
    Severity.INFO: (0.0, 0.5),
    Severity.LOW: (0.0, 1.5),
    Severity.MEDIUM: (0.3, 3.5),
    Severity.HIGH: (0.6, 5.5),
    Severity.CRITICAL: (2.0, 9.1),
}
#: Kinds of evidence that an artifact without history shows. What was not analysed says little about intent.
_FITTED: Final = CONTENT | {Kind.STRUCTURE, Kind.METADATA}
#: The line of the policy below which the fitted weights stand.
MARK: Final = "# Fitted by benchmarks/fit_weights.py; do not edit below this line."


@dataclass(frozen=True, slots=True)
class Sample:
    """One artifact, the voter it belongs to (a family or a project) and the rules that hit where it can run."""

    looked: Looked
    voter: str
    group: str
    rules: frozenset[str]


@dataclass(frozen=True, slots=True)
class Fitted:
    """A weight and what it was counted from."""

    weight: float
    families: int
    wheels: int
    sdists: int


def sample(looked: Looked, voter: str, group: str) -> Sample:
    """The artifact with the rules that say something about what runs."""
    findings = looked.inspection.findings if looked.inspection else ()
    whole = {Kind.METADATA}
    rules = {f.rule for f in findings if f.kind in _FITTED and (f.role in RUNNING_ROLES or f.kind in whole)}
    return Sample(looked, voter, group, frozenset(rules))


def _project(filename: str) -> str:
    """The project's normalized name; old sdists do not spell it as they should."""
    return canonicalize_name(re.split(r"-\d", filename, maxsplit=1)[0])


def fitted(bad: Sequence[Sample], good: Sequence[Sample], ruleset: Ruleset) -> dict[str, Fitted]:
    """A weight for every rule that hit in either set."""
    votes_bad, votes_good = _votes(bad), _votes(good)
    families, projects = len({s.voter for s in bad}), len({s.voter for s in good})
    places: dict[str, Counter[str]] = defaultdict(Counter)
    for one in good:
        places[one.group].update(one.rules)
    found: dict[str, set[str]] = defaultdict(set)
    for one in bad:
        for rule in one.rules:
            found[rule].add(one.voter)
    weights: dict[str, Fitted] = {}
    graded = _graded([*bad, *good], ruleset)
    for info in ruleset.rules.values():
        rule = info.id
        if rule in graded or not votes_bad[rule] + votes_good[rule]:
            continue
        hits, misses = votes_bad[rule], votes_good[rule]
        odds = log((hits + _SMOOTHING) / (families + 1)) - log((misses + _SMOOTHING) / (projects + 1))
        weight = _shrunk(odds, hits + misses, info, ruleset)
        weights[rule] = Fitted(weight, len(found[rule]), places["wheels"][rule], places["sdists"][rule])
    return weights


def _graded(samples: Iterable[Sample], ruleset: Ruleset) -> set[str]:
    """Rules whose analyser says for each finding how severe it is: one weight would say less."""
    return {
        finding.rule
        for one in samples
        if one.looked.inspection
        for finding in one.looked.inspection.findings
        if finding.rule in ruleset.rules and finding.severity != ruleset.rules[finding.rule].severity
    }


def _votes(samples: Iterable[Sample]) -> dict[str, float]:
    """By rule, the sum over voters of the share of their artifacts that the rule hit."""
    of: dict[str, list[frozenset[str]]] = defaultdict(list)
    for one in samples:
        of[one.voter].append(one.rules)
    votes: dict[str, float] = defaultdict(float)
    for rules in of.values():
        for rule, count in Counter(rule for hits in rules for rule in hits).items():
            votes[rule] += count / len(rules)
    return votes


def _shrunk(odds: float, votes: float, info: RuleInfo, ruleset: Ruleset) -> float:
    policy = ruleset.policy
    prior = policy.severity_weight[info.severity] * policy.confidence_factor[info.confidence]
    weight = (odds * votes + prior * _PRIOR_VOTES) / (votes + _PRIOR_VOTES)
    low, high = _RANGES[info.severity]
    return round(min(max(weight, low), high), 1)


def with_weights(ruleset: Ruleset, weights: Mapping[str, Fitted], by_hand: Mapping[str, float]) -> Ruleset:
    """The ruleset under a policy with these weights; what was set by hand stays."""
    table_ = {**{rule: one.weight for rule, one in weights.items()}, **by_hand}
    policy = msgspec.structs.replace(ruleset.policy, rule_weight=table_)
    return Ruleset(ruleset.hash, ruleset.folder, ruleset.rules, policy, ruleset.yara)


def _hits(samples: Iterable[Sample], ruleset: Ruleset, *, content: bool) -> dict[str, list[bool]]:
    """By voter, whether each artifact was flagged."""
    hits: dict[str, list[bool]] = defaultdict(list)
    for one in samples:
        item = judged(one.looked, ruleset)
        hits[one.voter].append(item.column == "content" if content else item.flagged)
    return hits


def _figures(name: str, bad: Sequence[Sample], good: Sequence[Sample], rulesets: Sequence[Ruleset]) -> list[object]:
    """A row; with several rulesets, each fold of the samples is judged by the one that did not see it."""
    folds = len(rulesets)
    families: dict[str, list[bool]] = {}
    flagged: dict[str, list[bool]] = {"wheels": [], "sdists": []}
    for number, ruleset in enumerate(rulesets):
        families |= _hits((s for s in bad if _fold(s, folds) == number), ruleset, content=True)
        for group, found in flagged.items():
            mine = (s for s in good if s.group == group and _fold(s, folds) == number)
            found += [hit for hits in _hits(mine, ruleset, content=False).values() for hit in hits]
    evenly = sum(sum(hits) / len(hits) for hits in families.values())
    return [
        name,
        Rate(sum(map(any, families.values())), len(families)),
        Rate(round(evenly, 1), len(families)),
        *(Rate(sum(found), len(found)) for found in flagged.values()),
    ]


def _fold(one: Sample, folds: int) -> int:
    return crc32(one.voter.encode()) % folds


def _by_hand(text: str) -> dict[str, float]:
    """The weights above the mark."""
    above = text.partition(MARK)[0]
    weights: dict[str, float] = msgspec.toml.decode(above).get("rule_weight", {})
    return weights


def _written(text: str, weights: Mapping[str, Fitted], by_hand: Mapping[str, float]) -> str:
    """The policy's text with the fitted weights at its end, the heaviest first."""
    lines = [
        f"{rule} = {one.weight}  # families {one.families}, benign wheels {one.wheels}, sdists {one.sdists}"
        for rule, one in sorted(weights.items(), key=lambda pair: (-pair[1].weight, pair[0]))
        if rule not in by_hand
    ]
    return "\n".join([text.partition(MARK)[0].rstrip(), MARK, *lines]) + "\n"


@click.command()
@click.option("--malicious", type=_FOLDER, multiple=True, required=True, help="Folder of malicious artifacts.")
@click.option("--labels", type=_FOLDER, required=True, help="Their labels, tab-separated.")
@click.option("--wheels", type=_FOLDER, multiple=True, required=True, help="Folder of benign wheels.")
@click.option("--sdists", type=_FOLDER, multiple=True, required=True, help="Folder of benign sdists.")
@click.option("--cache", type=click.Path(path_type=Path), required=True, help="Where inspections are kept.")
@click.option("--folds", default=5, show_default=True, type=click.IntRange(2), help="Parts of the cross-validation.")
@click.option("--write", is_flag=True, help="Write the weights into rules/policy.toml.")
def main(  # noqa: PLR0913, PLR0917 # one parameter an option
    malicious: tuple[Path, ...],
    labels: Path,
    wheels: tuple[Path, ...],
    sdists: tuple[Path, ...],
    cache: Path,
    folds: int,
    *,
    write: bool,
) -> None:
    """Count, fit, compare with the weights of today, and write."""
    ruleset, known = Ruleset.load(), read_labels(labels)
    bad = [
        sample(one, known[one.digest].family, "malicious")
        for one in inspect_all(artifacts_in(malicious), cache, jobs=2, say=_say)
        if one.digest in known
    ]
    good = []
    for group, paths in (("wheels", wheels), ("sdists", sdists)):
        looked = inspect_all(artifacts_in(paths), cache, jobs=2, say=_say)
        right = [one for one in looked if (one.path.suffix == ".whl") == (group == "wheels")]
        good += [sample(one, _project(one.path.name), group) for one in right]
    policy = DEFAULT_RULES / "policy.toml"
    text = policy.read_text(encoding="utf-8")
    by_hand = _by_hand(text)
    weights = fitted(bad, good, ruleset)
    crossed = []
    for number in range(folds):
        seen = [[s for s in samples if _fold(s, folds) != number] for samples in (bad, good)]
        crossed.append(with_weights(ruleset, fitted(seen[0], seen[1], ruleset), by_hand))
    rows = [
        _figures("weights of today", bad, good, [ruleset]),
        _figures("fitted, judged on the same", bad, good, [with_weights(ruleset, weights, by_hand)]),
        _figures(f"fitted, {folds}-fold", bad, good, crossed),
    ]
    head = ("", "families (any)", "families (evenly)", "wheels flagged", "sdists flagged")
    print(table("Content findings and false alarms", head, rows))
    if write:
        policy.write_text(_written(text, weights, by_hand), encoding="utf-8")
    else:
        print(_written("", weights, by_hand))


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
