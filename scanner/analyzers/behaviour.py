"""The behaviour analyser: chains from sources to what executes, starts, sends or stays, as findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scanner.behaviour import Facts, Hit, facts_of, hits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanner.model import Finding
    from scanner.ruleset import Ruleset
    from scanner.view import ArtifactView

__all__ = ["behaviour"]


def behaviour(view: ArtifactView, ruleset: Ruleset) -> Iterator[Finding]:
    """The chains in the artifact's Python members, and where the analysis of one ended early."""
    for facts in facts_of(view):
        for hit in hits(facts):
            yield _finding(facts, hit, ruleset)
        if facts.report.broken:
            snippet = f"behaviour: {facts.report.broken}"
            yield ruleset.finding(
                "analysis-failed",
                role=facts.member.role,
                member=facts.member.name,
                snippet=snippet,
                layers=facts.member.layers,
            )
        if facts.report.incomplete:
            rule = "analysis-incomplete" if "deep" in facts.report.incomplete else "budget-reached"
            member = facts.member
            yield ruleset.finding(
                rule, role=member.role, member=member.name, snippet=facts.report.incomplete, layers=member.layers
            )


def _finding(facts: Facts, hit: Hit, ruleset: Ruleset) -> Finding:
    member = facts.member
    return ruleset.finding(
        hit.rule,
        role=member.role,
        member=member.name,
        line=hit.event.line,
        column=hit.event.column,
        snippet=facts.line(hit.event.line),
        layers=member.layers,
        chain=facts.chain(hit),
        severity=hit.severity,
    )
