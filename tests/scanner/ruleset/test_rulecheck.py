from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from scanner.rulecheck import check_rules, count_rules, load_cases, measure
from scanner.ruleset import Ruleset, RulesetBroken

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def cases(folder: Path, text: str) -> None:
    (folder / "tests" / "marker.toml").write_text(text, encoding="utf-8")


def test_a_good_folder_has_no_problem(folder: Path) -> None:
    report = check_rules(folder)
    assert report.problems == ()
    assert (report.rules, report.cases) == (1, 2)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "no test says what it must hit"),
        ("[marker-rule]\nhit = ['MARKER-TEXT']\n", "no test says what it must not hit"),
        ("[marker-rule]\nhit = ['other']\nmiss = ['x']\n", "hit test 1 is missed"),
        ("[marker-rule]\nhit = ['MARKER-TEXT']\nmiss = ['x', 'MARKER-TEXT']\n", "miss test 2 is hit"),
        ("[marker-rule]\nhit_hex = ['4D']\nmiss_hex = ['00']\n", "hit test 1 is missed"),
        ("[other-rule]\nhit = ['x']\nmiss = ['y']\n", "there is no YARA rule of that name"),
        ("[marker-rule]\nhit = 'MARKER-TEXT'\n", "tests/marker.toml"),
        ("[marker-rule]\nhits = ['MARKER-TEXT']\n", "tests/marker.toml"),
        ("[marker-rule]\nhit_hex = ['no digits']\n", "tests/marker.toml"),
    ],
)
def test_a_missing_or_failing_test_is_a_problem(folder: Path, text: str, problem: str) -> None:
    cases(folder, text)
    assert any(problem in found for found in check_rules(folder).problems)


def test_a_broken_folder_is_a_report_and_no_crash(folder: Path, rule: Callable[..., Path]) -> None:
    rule(folder, string="/MARKER.*/")
    report = check_rules(folder)
    assert report.rules == 0
    assert any("marker_rule.yar:1" in problem for problem in report.problems)


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("title", "", "it has no title"),
        ("meaning", "no sentence", "end it with a full stop"),
        ("technique", "", "it has no technique"),
        ("technique", "execution", "expected an ATT&CK or ATLAS id"),
        ("false_positives", "", "it has no false_positives"),
        ("id", "Not An Id", "lower-case words"),
    ],
)
def test_a_rule_of_an_analyser_must_describe_itself_too(folder: Path, field: str, value: str, problem: str) -> None:
    facts = {
        "id": "some-behaviour",
        "title": "some behaviour",
        "meaning": "It does something.",
        "kind": "behaviour",
        "severity": "low",
        "confidence": "low",
        "technique": "T1059.006",
        "false_positives": "Others.",
    } | {field: value}
    table = "\n".join(f'{name} = "{text}"' for name, text in facts.items())
    (folder / "behaviour.toml").write_text(f"[[rule]]\n{table}\n", encoding="utf-8")
    assert any(problem in found for found in check_rules(folder).problems)


def test_two_tables_for_one_rule_are_refused(folder: Path) -> None:
    (folder / "tests" / "zzz.toml").write_text("[marker-rule]\nhit = ['MARKER-TEXT']\n", encoding="utf-8")
    with pytest.raises(RulesetBroken, match="tested elsewhere too: marker-rule"):
        load_cases(folder)


def test_rules_are_counted_by_kind_and_severity(folder: Path) -> None:
    assert count_rules(Ruleset.load(folder)) == {"text": {"low": 1}}


def test_speed_is_bytes_by_the_shortest_time(folder: Path) -> None:
    clock = iter([0.0, 2.0, 10.0, 11.0])
    speed = measure(Ruleset.load(folder), b"x" * 3_000_000, timer=lambda: next(clock), rounds=2)
    assert speed == pytest.approx(3.0)
