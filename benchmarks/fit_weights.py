"""Weights of rules, fitted on known malware against known good.

    python -m benchmarks.fit_weights --malicious FOLDER --labels FILE.tsv --wheels FOLDER --sdists FOLDER
        --cache FOLDER [--folds 5] [--pull 1.0] [--alarm 5.0] [--write]

Log-odds that are fitted together (a logistic regression), so that rules which see the same thing share its weight.
Every family of malware and every benign project has one vote, and a false alarm costs `--alarm` votes. Each weight is
pulled towards the product of its rule's severity and confidence: what was seen seldom stays there. No weight leaves the
range of its severity; a severer rule's range lies higher. Not fitted are rules that are named in the `[rule_weight]`
table by hand, that grade each finding, or that hit nothing, and what says how an artifact was packed or named.
"""

from __future__ import annotations

import re
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final
from zlib import crc32

import click
import msgspec
from packaging.utils import canonicalize_name

from benchmarks.inspections import CONTENT, artifacts_in, inspect_all
from benchmarks.judging import judged, read_labels
from benchmarks.logistic import Point, Setting, fit
from benchmarks.rates import Rate, table
from scanner.model import RUNNING_ROLES, Severity
from scanner.ruleset import DEFAULT_RULES, Ruleset

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from benchmarks.inspections import Looked
    from benchmarks.judging import Judged
    from scanner.policy import Policy
    from scanner.rule import RuleInfo

__all__ = ["MARK", "Sample", "by_hand_of", "figures", "fitted", "in_fold", "with_weights", "written"]

_FOLDER: Final = click.Path(exists=True, path_type=Path)
#: Where a weight may lie, by severity.
_RANGES: Final[Mapping[Severity, tuple[float, float]]] = {
    Severity.INFO: (0.0, 0.5),
    Severity.LOW: (0.0, 1.5),
    Severity.MEDIUM: (0.2, 4.0),
    Severity.HIGH: (1.0, 6.0),
    Severity.CRITICAL: (2.0, 9.1),
}
#: The line of the policy below which the fitted weights stand.
MARK: Final = "# Fitted by benchmarks/fit_weights.py; do not edit below this line."


@dataclass(frozen=True, slots=True)
class Sample:
    """One artifact, the voter it belongs to (a family or a project) and its set: malicious, wheels or sdists."""

    looked: Looked
    voter: str
    group: str


@dataclass(frozen=True, slots=True)
class Fitted:
    """A weight and where its rule hit what can run."""

    weight: float
    families: int
    wheels: int
    sdists: int


@dataclass(frozen=True, slots=True)
class Costs:
    """How strongly weights are pulled to where they begin, and how many votes a false alarm costs."""

    pull: float
    alarm: float


def fitted(
    samples: Sequence[Sample], ruleset: Ruleset, by_hand: Mapping[str, float], costs: Costs
) -> dict[str, Fitted]:
    """A weight for every rule of content that hit something and is not set by hand."""
    hits, graded = _voters(samples), _graded(samples, ruleset)
    free: dict[str, RuleInfo] = {
        info.id: info
        for info in ruleset.rules.values()
        if info.kind in CONTENT and info.id not in by_hand and info.id not in graded
        if any(hits[group][info.id] for group in hits)
    }
    policy = _begin(ruleset, by_hand)
    begin = {r: policy.severity_weight[i.severity] * policy.confidence_factor[i.confidence] for r, i in free.items()}
    sizes = Counter((one.group == "malicious", one.voter) for one in samples)
    points = []
    for one in samples:
        bad = one.group == "malicious"
        votes = (1.0 if bad else costs.alarm) / sizes[bad, one.voter]
        points.append(_point(one, policy, begin, votes))
    ranges = {rule: _RANGES[info.severity] for rule, info in free.items()}
    weights = fit(points, Setting(begin, ranges, policy.flag_at, costs.pull))
    return {
        rule: Fitted(round(weight, 1), *(hits[group][rule] for group in ("malicious", "wheels", "sdists")))
        for rule, weight in sorted(weights.items())
    }


def _point(one: Sample, policy: Policy, free: Mapping[str, float], votes: float) -> Point:
    """The artifact as the regression sees it. What is malicious must be seen by its content alone."""
    malicious = one.group == "malicious"
    features: dict[str, float] = defaultdict(float)
    others: dict[str, float] = defaultdict(float)
    for finding in one.looked.inspection.findings if one.looked.inspection else ():
        if finding.rule in free:
            features[finding.rule] = max(features[finding.rule], policy.role_factor[finding.role])
        elif finding.kind in CONTENT or not malicious:
            others[finding.rule] = max(others[finding.rule], policy.weight(finding))
    return Point(features, sum(others.values()), malicious, votes)


def _graded(samples: Iterable[Sample], ruleset: Ruleset) -> set[str]:
    """Rules whose analyser says for each finding how severe it is: one weight would say less."""
    return {
        finding.rule
        for one in samples
        if one.looked.inspection
        for finding in one.looked.inspection.findings
        if finding.rule in ruleset.rules and finding.severity != ruleset.rules[finding.rule].severity
    }


def _voters(samples: Iterable[Sample]) -> dict[str, Counter[str]]:
    """By set and rule, how many voters have something that can run and that the rule hit."""
    found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for one in samples:
        for finding in one.looked.inspection.findings if one.looked.inspection else ():
            if finding.role in RUNNING_ROLES:
                found[one.group][finding.rule].add(one.voter)
    return {
        group: Counter({rule: len(voters) for rule, voters in found[group].items()})
        for group in ("malicious", "wheels", "sdists")
    }


def _begin(ruleset: Ruleset, by_hand: Mapping[str, float]) -> Policy:
    return msgspec.structs.replace(ruleset.policy, rule_weight=dict(by_hand))


def with_weights(ruleset: Ruleset, weights: Mapping[str, Fitted], by_hand: Mapping[str, float]) -> Ruleset:
    """The ruleset under a policy with these weights; what was set by hand stays."""
    weighed = {**{rule: one.weight for rule, one in weights.items()}, **by_hand}
    return replace(ruleset, policy=_begin(ruleset, weighed))


def figures(name: str, samples: Sequence[Sample], rulesets: Sequence[Ruleset]) -> list[object]:
    """A row; with several rulesets, each fold of the samples is judged by the one that did not see it."""
    families: dict[str, list[bool]] = defaultdict(list)
    flagged: dict[str, list[bool]] = {"wheels": [], "sdists": []}
    for one in samples:
        item: Judged = judged(one.looked, rulesets[in_fold(one, len(rulesets))])
        if one.group == "malicious":
            families[one.voter].append(item.column == "content")
        else:
            flagged[one.group].append(item.flagged)
    evenly = sum(sum(hits) / len(hits) for hits in families.values())
    return [
        name,
        Rate(sum(map(any, families.values())), len(families)),
        Rate(round(evenly, 1), len(families)),
        *(Rate(sum(found), len(found)) for found in flagged.values()),
    ]


def in_fold(one: Sample, folds: int) -> int:
    """The part of the cross-validation that the sample's voter belongs to."""
    return crc32(one.voter.encode()) % folds


def by_hand_of(text: str) -> dict[str, float]:
    """The weights that stand above the mark in the policy's text."""
    weights: dict[str, float] = msgspec.toml.decode(text.partition(MARK)[0]).get("rule_weight", {})
    return weights


def written(text: str, weights: Mapping[str, Fitted]) -> str:
    """The policy's text with the fitted weights at its end, the heaviest first."""
    lines = [
        f"{rule} = {one.weight}  # families {one.families}, benign wheels {one.wheels}, sdists {one.sdists}"
        for rule, one in sorted(weights.items(), key=lambda pair: (-pair[1].weight, pair[0]))
    ]
    return "\n".join([text.partition(MARK)[0].rstrip(), MARK, *lines]) + "\n"


def _project(filename: str) -> str:
    """The project's normalized name; old sdists do not spell it as they should."""
    return canonicalize_name(re.split(r"-\d", filename, maxsplit=1)[0])


@click.command()
@click.option("--malicious", type=_FOLDER, multiple=True, required=True, help="Folder of malicious artifacts.")
@click.option("--labels", type=_FOLDER, required=True, help="Their labels, tab-separated.")
@click.option("--wheels", type=_FOLDER, multiple=True, required=True, help="Folder of benign wheels.")
@click.option("--sdists", type=_FOLDER, multiple=True, required=True, help="Folder of benign sdists.")
@click.option("--cache", type=click.Path(path_type=Path), required=True, help="Where inspections are kept.")
@click.option("--folds", default=5, show_default=True, type=click.IntRange(2), help="Parts of the cross-validation.")
@click.option("--pull", default=1.0, show_default=True, help="How strongly weights are pulled to where they begin.")
@click.option("--alarm", default=5.0, show_default=True, help="Votes that a false alarm costs.")
@click.option("--write", is_flag=True, help="Write the weights into rules/policy.toml.")
def main(**options: object) -> None:
    """Count, fit, compare with the weights of today, and write or print."""
    choice = msgspec.convert(options, _Options)
    ruleset, samples = Ruleset.load(), _samples(choice)
    policy = DEFAULT_RULES / "policy.toml"
    text = policy.read_text(encoding="utf-8")
    by_hand, costs = by_hand_of(text), Costs(choice.pull, choice.alarm)
    weights = fitted(samples, ruleset, by_hand, costs)
    crossed = []
    for number in range(choice.folds):
        seen = [one for one in samples if in_fold(one, choice.folds) != number]
        crossed.append(with_weights(ruleset, fitted(seen, ruleset, by_hand, costs), by_hand))
    rows = [
        figures("weights of today", samples, [ruleset]),
        figures("severity and confidence only", samples, [with_weights(ruleset, {}, by_hand)]),
        figures("fitted, judged on the same", samples, [with_weights(ruleset, weights, by_hand)]),
        figures(f"fitted, {choice.folds}-fold", samples, crossed),
    ]
    head = ("", "families (any)", "families (evenly)", "wheels flagged", "sdists flagged")
    print(table("Content findings and false alarms", head, rows))
    if choice.write:
        policy.write_text(written(text, weights), encoding="utf-8")
    else:
        print(written("", weights))


class _Options(msgspec.Struct, frozen=True):
    """What was said on the command line."""

    malicious: tuple[Path, ...]
    labels: Path
    wheels: tuple[Path, ...]
    sdists: tuple[Path, ...]
    cache: Path
    folds: int
    pull: float
    alarm: float
    write: bool


def _samples(choice: _Options) -> list[Sample]:
    known = read_labels(choice.labels)
    bad = inspect_all(artifacts_in(choice.malicious), choice.cache, jobs=2, say=_say)
    samples = [Sample(one, known[one.digest].family, "malicious") for one in bad if one.digest in known]
    for group, folders in (("wheels", choice.wheels), ("sdists", choice.sdists)):
        paths = [path for path in artifacts_in(folders) if (path.suffix == ".whl") == (group == "wheels")]
        looked = inspect_all(paths, choice.cache, jobs=2, say=_say)
        samples += [Sample(one, _project(one.path.name), group) for one in looked]
    return samples


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
