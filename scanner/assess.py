"""Inspections, history and policy become a verdict: a sum that is shown, and a word for what a person must know.

The words, strongest first: `malicious` (an enforced rule hit), `flagged` (the sum or a holding rule says so),
`unscannable` (something that can run was not analysed), `clear`. A release that is both flagged and not wholly
analysed is `flagged`: that is the more urgent news, and its reasons name what was not analysed, too.

`facts.automatic` plays no part here: a verdict stays honest while the operator holds everything; the gate holds.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from scanner.analyzers.consistency import consistency
from scanner.analyzers.drift import drift, repetition_key
from scanner.model import (
    ENGINE_VERSION,
    RUNNING_ROLES,
    Finding,
    Kind,
    Outcome,
    Reason,
    Role,
    RuleId,
    SubmissionFacts,
    Verdict,
    digest,
)
from scanner.policy import WHOLE_RELEASE
from scanner.stable import stable_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from scanner.policy import Policy
    from scanner.ruleset import Ruleset

__all__ = ["assess"]

#: Filename and member.
_Place = tuple[str, str]

_STRONGEST: Final = 3
_HIGH_VERSION: Final = 50
_YEARS: Final = range(1990, 2200)


def assess(facts: SubmissionFacts, ruleset: Ruleset) -> Verdict:
    """The verdict on one submission revision under `ruleset` and its policy. No bytes are touched.

    Raises:
        ValueError: there is no file at all, or one was inspected under another ruleset than this one.
    """
    if not facts.artifacts and not facts.failed:
        raise ValueError(f"the submission of {facts.project} {facts.version} has no file; there is nothing to judge")
    for inspection in facts.artifacts:
        if inspection.ruleset != ruleset.hash:
            raise ValueError(
                f"{inspection.filename} was inspected under ruleset {inspection.ruleset}; expected {ruleset.hash}: "
                "inspect it again"
            )
    weighing = _Weighing(facts, ruleset)
    for filename, finding in _evidence(facts, ruleset):
        weighing.add(filename, finding)
    reasons = weighing.reasons()
    outcome = weighing.outcome(reasons)
    if outcome is Outcome.CLEAR and _is_incomplete(facts, ruleset.policy):
        outcome = Outcome.UNSCANNABLE  # whatever the rules make of it: what was not inspected is never clear
    return Verdict(
        outcome=outcome,
        risk=round(sum(reason.weight for reason in reasons), 2),
        reasons=reasons,
        summary=_summary(facts, outcome, reasons),
        engine=ENGINE_VERSION,
        ruleset=ruleset.hash,
        facts_digest=digest(facts),
    )


def _is_incomplete(facts: SubmissionFacts, policy: Policy) -> bool:
    """A file has no inspection, or one without the walls that policy requires."""
    walls = (set(inspection.sandbox_level) for inspection in facts.artifacts)
    return bool(facts.failed) or not all(set(choice) & level for level in walls for choice in policy.required_sandbox)


def _evidence(facts: SubmissionFacts, ruleset: Ruleset) -> Iterator[tuple[str, Finding]]:
    """Every finding of the submission with the filename that it is about."""
    for inspection in facts.artifacts:
        for finding in inspection.findings:
            yield inspection.filename, finding
    yield from consistency([*facts.artifacts, *facts.siblings], ruleset)
    yield from drift(facts.artifacts, facts.previous, ruleset)
    for filename, rule, text in _circumstances(facts, ruleset.policy):
        yield filename, ruleset.finding(rule, role=Role.IMPORT, member="", snippet=text)


def _circumstances(facts: SubmissionFacts, policy: Policy) -> Iterator[tuple[str, str, str]]:
    """What is not in any member: (filename, rule, what was seen)."""
    for filename in facts.failed:
        yield filename, "inspection-failed", ""
    for inspection in facts.artifacts:
        for choice in policy.required_sandbox:
            if not set(choice) & set(inspection.sandbox_level):
                yield inspection.filename, "sandbox-incomplete", " or ".join(choice)
    yield from _provenance(facts)
    if len(set(facts.publishers)) > 1:
        yield "", "mixed-publishers", ", ".join(sorted(set(facts.publishers)))
    if facts.rejected_before:
        yield "", "rejected-before", facts.version
    if not facts.previous and _is_high(facts.version):
        yield "", "high-version-first-release", facts.version


def _provenance(facts: SubmissionFacts) -> Iterator[tuple[str, str, str]]:
    """What an established way of publishing has lost: its attestations, or who signs them."""
    before = {(fact.publisher_kind, fact.identity) for fact in facts.previous_provenance}
    if not before:
        return
    attested = {fact.filename for fact in facts.provenance}
    for inspection in facts.artifacts:
        if inspection.filename not in attested:
            yield inspection.filename, "provenance-lost", ", ".join(sorted(identity for _, identity in before))
    for fact in facts.provenance:
        if (fact.publisher_kind, fact.identity) not in before:
            yield fact.filename, "publisher-changed", f"{fact.publisher_kind} {fact.identity}"


def _is_high(version: str) -> bool:
    major = version.lower().lstrip("v").rpartition("!")[2].partition(".")[0]
    return major.isdecimal() and int(major[:9]) >= _HIGH_VERSION and int(major[:9]) not in _YEARS


class _Weighing:
    """Collects findings by rule and place: each rule counts once, and counts most where the others are, too."""

    def __init__(self, facts: SubmissionFacts, ruleset: Ruleset) -> None:
        self._policy = ruleset.policy
        self._exempt = {exemption.rule: exemption.reason for exemption in facts.exemptions}
        self._roles = {
            (inspection.filename, member.name): (member.sha256, member.role)
            for inspection in facts.artifacts
            for member in inspection.members
        }
        self._published = {
            (stable_name(member.name), member.sha256, member.role)
            for inspection in facts.previous
            for member in inspection.members
        }
        before = (finding for inspection in facts.previous for finding in inspection.findings)
        self._told = {key for finding in before if (key := repetition_key(finding)) is not None}
        self._reasons: dict[RuleId, dict[_Place, Reason]] = defaultdict(dict)
        self._unscannable: set[str] = set()
        self._enforced: set[str] = set()

    def add(self, filename: str, finding: Finding) -> None:
        """The finding is part of the sum."""
        known = self._is_published(filename, finding)
        repeated = known or repetition_key(finding) in self._told
        weight = self._policy.weight(finding) * (self._policy.unchanged_factor if repeated else 1.0)
        stops = self._stops_analysis(finding)
        holds = not known and (stops or finding.rule in self._policy.holding_rules)
        title = finding.title
        if finding.rule in self._exempt:
            weight, holds = 0.0, False
            title = f"{title} (exempt: {self._exempt[finding.rule]})"
        elif finding.rule in self._policy.enforced_rules:
            self._enforced.add(finding.rule)
        if holds and stops:
            self._unscannable.add(finding.rule)
        self._merge(
            Reason(
                rule=finding.rule,
                kind=finding.kind,
                title=title,
                weight=round(weight, 2),
                holds=holds,
                filename=filename,
                member=finding.member,
                line=finding.line,
            )
        )

    def reasons(self) -> tuple[Reason, ...]:
        """One reason for each rule that hit, the strongest first.

        What stands in one member is about one thing; pieces from all over a large artifact come together by chance.
        So the member that says most counts fully. What others add to it counts by the policy's `elsewhere_factor`, and
        together up to `elsewhere_most`. More evidence of whatever kind never makes the sum smaller.
        """
        here = self._heaviest_place()
        parts = {rule: self._parts(places, here) for rule, places in self._reasons.items()}
        rest = sum(more for _, more in parts.values())
        share = min(1.0, self._policy.elsewhere_most / rest) if rest else 1.0
        found = (
            self._counted(places, here, parts[rule][0] + share * parts[rule][1])
            for rule, places in self._reasons.items()
        )
        return tuple(sorted(found, key=lambda r: (not r.holds, -r.weight, r.kind, r.rule)))

    def _heaviest_place(self) -> _Place:
        most, found = -1.0, ("", "")
        everywhere = {rule: self._parts(places, None) for rule, places in self._reasons.items()}
        fixed, rest = (sum(part[index] for part in everywhere.values()) for index in (0, 1))
        at: dict[_Place, list[RuleId]] = defaultdict(list)
        for rule, places in self._reasons.items():
            for place in places:
                at[place].append(rule)
        for place in sorted(at):
            full, more = fixed, rest
            for rule in at[place]:
                part = self._parts({place: self._reasons[rule][place]}, place)[0]
                full += max(part - everywhere[rule][0], 0.0)
                more -= min(max(part - everywhere[rule][0], 0.0), everywhere[rule][1])
            total = round(full + min(more, self._policy.elsewhere_most), 6)
            if total > most:
                most, found = total, place
        return found

    def _parts(self, places: Mapping[_Place, Reason], here: _Place | None) -> tuple[float, float]:
        """What one rule counts fully when `here` is the member that says most, and what other members add to that."""
        full = [reason.weight for place, reason in places.items() if place == here or self._is_everywhere(reason)]
        spread = max(reason.weight for reason in places.values()) * self._policy.elsewhere_factor
        return max(full, default=0.0), max(0.0, spread - max(full, default=0.0))

    @staticmethod
    def _is_everywhere(reason: Reason) -> bool:
        """Whether the reason is about no single member."""
        return not reason.member or reason.kind in WHOLE_RELEASE

    def _counted(self, places: Mapping[_Place, Reason], here: _Place, weight: float) -> Reason:
        """The reasons of one rule as one, shown where it weighs most."""
        factor = self._policy.elsewhere_factor
        first = max(
            places.items(),
            key=lambda one: (
                one[1].holds,
                one[1].weight * (1.0 if one[0] == here or self._is_everywhere(one[1]) else factor),
            ),
        )[1]
        return replace(first, weight=round(weight, 2), count=sum(reason.count for reason in places.values()))

    def outcome(self, reasons: Iterable[Reason]) -> Outcome:
        """The word for these reasons."""
        reasons = list(reasons)
        if self._enforced:
            return Outcome.MALICIOUS
        flagging = any(reason.holds and reason.rule not in self._unscannable for reason in reasons)
        if flagging or round(sum(reason.weight for reason in reasons), 2) >= self._policy.flag_at:
            return Outcome.FLAGGED
        return Outcome.UNSCANNABLE if self._unscannable else Outcome.CLEAR

    def _stops_analysis(self, finding: Finding) -> bool:
        """Whether something that can run, or the artifact as a whole, was not analysed."""
        if finding.rule in self._policy.unscannable_rules:
            return True
        return finding.kind is Kind.LIMITS and (finding.role in RUNNING_ROLES or not finding.member)

    def _is_published(self, filename: str, finding: Finding) -> bool:
        """Whether the previous release had the member that the finding is in, byte for byte, in the same role."""
        place = self._roles.get((filename, finding.member))
        return place is not None and (stable_name(finding.member), *place) in self._published

    def _merge(self, new: Reason) -> None:
        places = self._reasons[new.rule]
        place = (new.filename, new.member)
        old = places.get(place)
        if old is None:
            places[place] = new
            return
        heaviest = max((old, new), key=lambda reason: (reason.holds, reason.weight))
        places[place] = replace(heaviest, weight=max(old.weight, new.weight), count=old.count + 1)


def _summary(facts: SubmissionFacts, outcome: Outcome, reasons: tuple[Reason, ...]) -> str:
    """One sentence with the strongest reasons."""
    files = len(facts.artifacts) + len(facts.failed)
    what = f"{files} file{'' if files == 1 else 's'} of {facts.project} {facts.version}".rstrip()
    strongest = [reason for reason in reasons if reason.holds or reason.weight > 0][:_STRONGEST]
    named = "; ".join(_named(reason) for reason in strongest)
    if outcome is Outcome.CLEAR:
        return f"Nothing in {what} speaks against publishing" + (f" (noted: {named})." if named else ".")
    word = {
        Outcome.MALICIOUS: "look malicious",
        Outcome.FLAGGED: "need a person to look",
        Outcome.UNSCANNABLE: "could not be analysed completely",
    }[outcome]
    if files == 1:
        word = {"look malicious": "looks malicious", "need a person to look": "needs a person to look"}.get(word, word)
    return f"{what[:1].upper()}{what[1:]} {word}: {named}."


def _named(reason: Reason) -> str:
    place = reason.member or reason.filename
    where = f"{place}:{reason.line}" if reason.member and reason.line else place
    return f"{reason.title} ({where})" if where else reason.title
