"""JSON Lines: one object for each artifact."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scanner.formats.scanned import Scanned
    from scanner.model import Finding

__all__ = ["json_line"]


def json_line(scanned: Scanned) -> str:
    """The artifact as one line of JSON without a line break. It is ASCII: a terminal that shows it obeys nothing."""
    verdict, inspection = scanned.verdict, scanned.inspection
    document: dict[str, Any] = {
        "path": scanned.path,
        "sha256": scanned.sha256,
        "outcome": verdict.outcome.value,
        "risk": verdict.risk,
        "summary": verdict.summary,
        "reasons": [
            {
                "rule": reason.rule,
                "kind": reason.kind.value,
                "title": reason.title,
                "weight": reason.weight,
                "count": reason.count,
                "holds": reason.holds,
                "member": reason.member,
                "line": reason.line,
            }
            for reason in verdict.reasons
        ],
        "findings": [_finding(finding) for finding in inspection.findings] if inspection else [],
        "engine": verdict.engine,
        "ruleset": verdict.ruleset,
    }
    if scanned.failure:
        document["failure"] = scanned.failure
    return json.dumps(document, ensure_ascii=True, separators=(", ", ": "))


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "kind": finding.kind.value,
        "title": finding.title,
        "severity": finding.severity.value,
        "confidence": finding.confidence.value,
        "role": finding.role.value,
        "member": finding.member,
        "line": finding.line,
        "snippet": finding.snippet,
    }
