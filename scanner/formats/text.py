"""Text for people: the verdict, its sum, and each reason with the places that show it. One screen an artifact."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from scanner.formats.scanned import Scanned, visible
from scanner.model import Finding, Kind, Outcome, Reason, Role

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scanner.model import Inspection
    from scanner.policy import Policy

__all__ = ["text", "texts"]

#: Reasons that are shown with their places and evidence, and those that get a line.
_FULL: Final = 2
_REASONS: Final = 10
_PLACES: Final = 2
_STEPS: Final = 6
_SNIPPET: Final = 100
_WORDS: Final = {
    Outcome.CLEAR: "clear",
    Outcome.FLAGGED: "flagged",
    Outcome.MALICIOUS: "malicious",
    Outcome.UNSCANNABLE: "unscannable",
}
_WHEN: Final = {
    Role.STARTUP: "at start-up",
    Role.BUILD: "at build",
    Role.INSTALL: "at install",
    Role.IMPORT: "on import",
    Role.COMMAND: "by command",
    Role.TEST: "in tests",
    Role.NEVER: "never",
}

_Paint = Callable[[str, Outcome], str]


def texts(scanned: Sequence[Scanned], policy: Policy, paint: _Paint = lambda word, _outcome: word) -> str:
    """Every artifact's verdict, and where there are several, how many there are of each outcome."""
    parts = [text(one, policy, paint) for one in scanned]
    if len(scanned) > 1:
        counts = Counter(one.verdict.outcome for one in scanned)
        counted = ", ".join(
            f"{counts[outcome]} {paint(_WORDS[outcome], outcome)}" for outcome in Outcome if counts[outcome]
        )
        parts.append(f"{len(scanned)} artifacts: {counted}\n")
    return "\n".join(parts)


def text(scanned: Scanned, policy: Policy, paint: _Paint = lambda word, _outcome: word) -> str:
    """The artifact's verdict with its reasons. `paint` may colour the word that says the outcome."""
    return "\n".join(_lines(scanned, policy, paint)) + "\n"


def _lines(scanned: Scanned, policy: Policy, paint: _Paint) -> Iterator[str]:
    verdict, inspection = scanned.verdict, scanned.inspection
    word = paint(_WORDS[verdict.outcome], verdict.outcome)
    yield f"{visible(scanned.path)}: {word} (risk {verdict.risk:g}, flagged from {policy.flag_at:g})"
    yield f"  {visible(verdict.summary)}"
    if scanned.failure:
        yield f"  {visible(scanned.failure)}"
    weighing = [reason for reason in verdict.reasons if reason.kind is not Kind.QUALITY]
    for number, reason in enumerate(weighing[:_REASONS]):
        yield from _reason(reason, inspection) if number < _FULL else _briefly(reason)
    if len(weighing) > _REASONS:
        yield f"  … and {len(weighing) - _REASONS} weaker reasons"
    if inspection is not None:
        yield from _looked_at(inspection)


def _reason(reason: Reason, inspection: Inspection | None) -> Iterator[str]:
    yield _heading(reason)
    places = [f for f in inspection.findings if f.rule == reason.rule] if inspection else []
    places.sort(key=lambda f: f.member != reason.member or f.line != reason.line)
    for finding in places[:_PLACES]:
        yield from _place(finding)
    if not places and reason.member:
        yield f"         {visible(reason.member)}"
    if reason.count > _PLACES:
        yield f"         … {reason.count} places in all"


def _briefly(reason: Reason) -> Iterator[str]:
    where = f"{reason.member}:{reason.line}" if reason.line else reason.member
    more = f" and {reason.count - 1} more" if reason.count > 1 else ""
    yield _heading(reason) + (f": {visible(where)}{more}" if where else "")


def _heading(reason: Reason) -> str:
    holds = ", holds by itself" if reason.holds else ""
    return f"  {reason.weight:+5.2f}  {visible(reason.title)} [{reason.rule}]{holds}"


def _place(finding: Finding) -> Iterator[str]:
    where = visible(finding.member) or "the archive"
    where += f":{finding.line}" if finding.line else ""
    layers = f" → {' → '.join(map(visible, finding.layers))}" if finding.layers else ""
    yield f"         {where}{layers} ({finding.role.value})"
    if finding.snippet:
        yield f"           {_cut(finding.snippet)}"
    for step in finding.chain[:_STEPS]:
        place = f"{visible(step.member)}:{step.line}" if step.line else visible(step.member)
        yield f"           · {visible(step.what)}: {place}  {_cut(step.snippet)}".rstrip()


def _looked_at(inspection: Inspection) -> Iterator[str]:
    """What was read, so that "clear" says something, too."""
    members = Counter(member.role for member in inspection.members)
    when = ", ".join(f"{members[role]} {word}" for role, word in _WHEN.items() if members[role]) or "none"
    quality = sum(finding.kind is Kind.QUALITY for finding in inspection.findings)
    able = ", ".join(inspection.capabilities) or "none of the capabilities that are looked for"
    walls = ", ".join(inspection.sandbox_level) or "no sandbox"
    yield f"  Read {members.total()} members, which run: {when}. The code can: {able}."
    yield f"  {quality} notes on quality, which weigh nothing. Inspected within: {walls}."


def _cut(snippet: str) -> str:
    shown = visible(snippet.strip())
    return shown if len(shown) <= _SNIPPET else shown[: _SNIPPET - 1] + "…"
