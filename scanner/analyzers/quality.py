"""The quality report: every Bandit test on every Python member, `nosec` ignored.

Bandit fires more on benign code than on malware, so its findings carry no weight in a verdict. What it could not
read does: a member that Bandit skipped is a finding of kind `limits`, and holds where the member can run.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from scanner.analyzers.bandit_tests import name_of
from scanner.analyzers.bandit_walk import Issue, Report, run
from scanner.model import Confidence, Finding, Kind, RuleId, Severity
from scanner.source import SourceUnreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanner.ruleset import Ruleset
    from scanner.view import MemberView

__all__ = ["PLACES_PER_RULE", "quality", "rule_id", "rule_title"]

#: Places that one Bandit test shows in one member.
PLACES_PER_RULE: Final = 5
_SNIPPET: Final = 200
#: Breaks in these ways are the input's size or depth, not a slip of the test: the member was not looked at whole.
_INCOMPLETE: Final = frozenset({"RecursionError", "MemoryError"})


def quality(view: MemberView, ruleset: Ruleset) -> Iterator[Finding]:
    """What Bandit finds in a Python member, or that it found no way through it."""
    if not view.is_python:
        return
    try:
        tree, source = view.tree, view.source.text
    except SourceUnreadable as error:
        yield _skipped(view, ruleset, str(error), error.line)
        return
    report = run(tree, view.data, view.name)
    shown: Counter[str] = Counter()
    lines = source.splitlines() if report.issues else []
    for issue in sorted(report.issues, key=lambda issue: (issue.line, issue.test_id, issue.column)):
        shown[issue.test_id] += 1
        if shown[issue.test_id] <= PLACES_PER_RULE:
            yield _finding(view, issue, lines)
    for test_id, count in sorted(shown.items()):
        if count > PLACES_PER_RULE:
            text = f"{rule_id(test_id)}: {count} places, {PLACES_PER_RULE} shown"
            yield ruleset.finding("findings-capped", role=view.role, member=view.name, snippet=text, layers=view.layers)
    if reason := _incomplete(report):
        yield _skipped(view, ruleset, reason, None)


def rule_id(test_id: str) -> RuleId:
    """The rule id of a Bandit test: `B102` is `bandit-b102`."""
    return RuleId(f"bandit-{test_id.lower()}")


def rule_title(test_id: str) -> str:
    """The title of a Bandit test's findings."""
    return f"Bandit {test_id}: {name_of(test_id)}"


def _finding(view: MemberView, issue: Issue, lines: list[str]) -> Finding:
    line = max(issue.line, 1)
    return Finding(
        rule=rule_id(issue.test_id),
        kind=Kind.QUALITY,
        title=rule_title(issue.test_id),
        severity=_severity(issue.severity),
        confidence=_confidence(issue.confidence),
        role=view.role,
        member=view.name,
        line=line,
        column=issue.column + 1,
        snippet=lines[line - 1].strip()[:_SNIPPET] if line <= len(lines) else "",
        layers=view.layers,
    )


def _severity(word: str) -> Severity:
    return {"LOW": Severity.LOW, "MEDIUM": Severity.MEDIUM, "HIGH": Severity.HIGH}.get(word, Severity.INFO)


def _confidence(word: str) -> Confidence:
    return {"MEDIUM": Confidence.MEDIUM, "HIGH": Confidence.HIGH}.get(word, Confidence.LOW)


def _incomplete(report: Report) -> str:
    if report.exhausted:
        return "the member costs more work than one member may"
    return ", ".join(f"{test}: {error}" for test, error in sorted(report.broken.items()) if error in _INCOMPLETE)


def _skipped(view: MemberView, ruleset: Ruleset, reason: str, line: int | None) -> Finding:
    return ruleset.finding(
        "bandit-skipped", role=view.role, member=view.name, line=line, snippet=reason, layers=view.layers
    )
