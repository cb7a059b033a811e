"""The 68 classes of hostile artifacts: none is without an answer, and the answer is that of the table."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Final

import pytest

from scanner.archive import read_distribution
from scanner.ruleset import Ruleset
from tests.hostile.case import CLASSES
from tests.hostile.judged import judge
from tests.hostile.scanned_cases import SCANNED_CASES, ScannedCase
from tests.hostile.test_archives import CASES

ROOT: Final = Path(__file__).parents[2]

#: Classes that no bytes alone decide: the tests that show the answer of the index, the sandbox or a time limit.
ELSEWHERE: Final = {
    58: ("tests/scanner/analyzers/test_quality.py", "test_a_file_that_bandit_skips_is_a_finding"),
    59: ("tests/scanner/analyzers/test_text.py", "test_a_time_out_is_a_finding_and_not_silence"),
    60: ("tests/index/hold/test_worker.py", "test_three_failures_of_the_child_hold_the_release"),
    63: (
        "tests/index/upload/test_states.py",
        "test_other_bytes_under_a_name_in_use_are_409_in_the_words_that_clients_know",
    ),
    64: (
        "tests/index/upload/test_states.py",
        "test_the_same_bytes_under_another_name_are_a_second_file_of_one_artifact",
    ),
    65: ("tests/index/upload/test_states.py", "test_a_duplicate_with_a_wrong_digest_is_refused"),
    66: ("tests/index/upload/test_form.py", "test_a_form_that_is_no_upload_is_refused"),
    67: ("tests/index/upload/test_attestations.py", "test_an_attestation_of_another_file_refuses_the_upload"),
}


@pytest.fixture(scope="module")
def rules() -> Ruleset:
    return Ruleset.load()


def test_each_of_the_68_classes_has_an_answer() -> None:
    answered = {case.number for case in CASES} | {case.number for case in SCANNED_CASES} | ELSEWHERE.keys()
    assert answered == set(range(1, 69))
    assert CLASSES.keys() == set(range(1, 53))


@pytest.mark.parametrize("case", SCANNED_CASES, ids=lambda case: f"{case.number}-{case.id}")
def test_what_the_archive_lets_pass_has_the_verdict_of_its_class(case: ScannedCase, rules: Ruleset) -> None:
    read_distribution(case.artifact.data, case.artifact.filename)
    verdict = judge(case.artifact, rules)
    assert verdict.outcome is case.outcome, verdict.summary
    assert not case.rule or case.rule in {reason.rule for reason in verdict.reasons}


@pytest.mark.parametrize(("path", "name"), ELSEWHERE.values(), ids=map(str, ELSEWHERE))
def test_the_test_that_shows_the_answer_exists(path: str, name: str) -> None:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
