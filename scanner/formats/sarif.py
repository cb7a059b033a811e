"""SARIF 2.1.0 (OASIS): results with places, fingerprints that survive moved lines, and code flows for chains.

A member of an archive is a nested artifact: it names its archive as its parent (section 3.24.3 of the standard).
"""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from scanner.model import ENGINE_VERSION, Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scanner.formats.scanned import Scanned
    from scanner.model import Step
    from scanner.ruleset import Ruleset

__all__ = ["sarif"]

_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS: Final = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.INFO: "note",
}
#: What code viewers sort by: a number from 0 to 10.
_SCORES: Final = {
    Severity.CRITICAL: "9.5",
    Severity.HIGH: "8.0",
    Severity.MEDIUM: "5.5",
    Severity.LOW: "3.0",
    Severity.INFO: "0.0",
}


def sarif(scanned: Iterable[Scanned], ruleset: Ruleset) -> str:
    """All artifacts as one SARIF log with one run, ASCII only."""
    run = _Run(ruleset)
    for artifact in scanned:
        run.add(artifact)
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run.document()]}
    return json.dumps(log, ensure_ascii=True, indent=2) + "\n"


class _Run:
    def __init__(self, ruleset: Ruleset) -> None:
        self._ruleset = ruleset
        self._artifacts: list[dict[str, Any]] = []
        self._places: dict[tuple[str, str], int] = {}
        self._rules: dict[str, dict[str, Any]] = {}
        self._results: list[dict[str, Any]] = []
        self._troubles: list[dict[str, Any]] = []

    def add(self, scanned: Scanned) -> None:
        root = self._artifact(scanned.path, "")
        self._artifacts[root]["hashes"] = {"sha-256": scanned.sha256}
        verdict = scanned.verdict
        self._artifacts[root]["properties"] = {
            "outcome": verdict.outcome.value,
            "risk": verdict.risk,
            "summary": verdict.summary,
        }
        if scanned.inspection is None:
            self._troubles.append({"level": "error", "message": {"text": f"{scanned.path}: {scanned.failure}"}})
            return
        for finding in scanned.inspection.findings:
            self._results.append(self._result(scanned.path, finding))

    def document(self) -> dict[str, Any]:
        rules = list(self._rules.values())
        return {
            "tool": {
                "driver": {
                    "name": "Pratique",
                    "version": ENGINE_VERSION,
                    "rules": rules,
                    "properties": {"ruleset": self._ruleset.hash},
                }
            },
            "invocations": [{"executionSuccessful": not self._troubles, "toolExecutionNotifications": self._troubles}],
            "artifacts": self._artifacts,
            "results": self._results,
            "columnKind": "unicodeCodePoints",
        }

    def _artifact(self, path: str, member: str) -> int:
        key = (path, member)
        if key not in self._places:
            entry: dict[str, Any] = {"location": {"uri": _uri(member or path)}}
            if member:
                entry["parentIndex"] = self._places[path, ""]
            self._places[key] = len(self._artifacts)
            self._artifacts.append(entry)
        return self._places[key]

    def _rule(self, finding: Finding) -> int:
        if finding.rule not in self._rules:
            info = self._ruleset.rules.get(finding.rule)
            rule: dict[str, Any] = {
                "id": finding.rule,
                "shortDescription": {"text": finding.title},
                "defaultConfiguration": {"level": _LEVELS[finding.severity]},
                "properties": {
                    "tags": ["security", finding.kind.value],
                    "security-severity": _SCORES[finding.severity],
                },
            }
            if info is not None:
                rule["fullDescription"] = {"text": info.meaning}
                if info.false_positives:
                    rule["help"] = {
                        "text": f"{info.meaning}\n\nBenign code that looks like this: {info.false_positives}"
                    }
            self._rules[finding.rule] = rule
        return list(self._rules).index(finding.rule)

    def _result(self, path: str, finding: Finding) -> dict[str, Any]:
        result: dict[str, Any] = {
            "ruleId": finding.rule,
            "ruleIndex": self._rule(finding),
            "level": _LEVELS[finding.severity],
            "message": {"text": finding.title + (f": {finding.snippet}" if finding.snippet else "")},
            "locations": [self._location(path, finding.member, finding.line, finding.column, finding.snippet)],
            "partialFingerprints": {"pratique/v1": _fingerprint(finding)},
            "properties": {
                "severity": finding.severity.value,
                "confidence": finding.confidence.value,
                "role": finding.role.value,
                "layers": list(finding.layers),
            },
        }
        if finding.chain:
            steps = [self._step(path, number, step) for number, step in enumerate(finding.chain, start=1)]
            result["codeFlows"] = [{"threadFlows": [{"locations": steps}]}]
        return result

    def _step(self, path: str, number: int, step: Step) -> dict[str, Any]:
        location = self._location(path, step.member, step.line, None, step.snippet)
        location["message"] = {"text": step.what}
        return {"location": location, "executionOrder": number}

    def _location(self, path: str, member: str, line: int | None, column: int | None, snippet: str) -> dict[str, Any]:
        place: dict[str, Any] = {
            "artifactLocation": {"uri": _uri(member or path), "index": self._artifact(path, member)}
        }
        if line:
            region: dict[str, Any] = {"startLine": line}
            if column:
                region["startColumn"] = column
            if snippet:
                region["snippet"] = {"text": snippet}
            place["region"] = region
        return {"physicalLocation": place}


def _uri(path: str) -> str:
    """The path as a reference; bytes of it that are no text stay what they are."""
    return quote(path, errors="surrogateescape")


def _fingerprint(finding: Finding) -> str:
    """The same for the same text at another line: the rule, the member, the layers and the line's own words."""
    words = " ".join(finding.snippet.split())
    return sha256("\0".join([finding.rule, finding.member, *finding.layers, words]).encode()).hexdigest()[:32]
