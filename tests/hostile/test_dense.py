"""Sources that are made to cost much end within their budget, and hold where not all of them was looked at."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Final

import pytest

from scanner.model import Kind, Outcome
from scanner.ruleset import Ruleset
from scanner.syntax import too_dense
from scanner.view import forget_trees
from tests.hostile.dense_sources import DENSE
from tests.hostile.judged import judge
from tests.hostile.probe_kit import stored

_SECONDS: Final = 5
_GIBIBYTE: Final = 1024 * 1024  # in KiB

#: What no budget lets pass: all of these are held, and say so.
HELD: Final = {
    "a mebibyte of assignments": "budget-reached",
    "a mebibyte of calls": "budget-reached",
    "a mebibyte of names": "budget-reached",
    "sums of 3,000 texts": "source-unreadable",
    "sums of 900 texts": "budget-reached",
    "one list": "budget-reached",
    "one formatted text": "budget-reached",
    "one select statement": "budget-reached",
    "attributes of attributes": "source-unreadable",
    "signs": "source-unreadable",
    "branches": "source-unreadable",
    "semicolons": "budget-reached",
    "mistakes": "source-unreadable",
    "much newer syntax": "source-unreadable",
}
#: The dearest of each kind that is looked at whole.
_QUICK: Final = {
    "functions with many decorators",
    "blocks in blocks",
    "lambdas in lambdas",
    "loops in loops",
    "marked safe",
    "one text of select",
}


@pytest.fixture(scope="module")
def rules() -> Ruleset:
    return Ruleset.load()


def _cases() -> list[object]:
    quick = _QUICK | HELD.keys()
    return [pytest.param(name, marks=() if name in quick else pytest.mark.full) for name in DENSE]


@pytest.mark.parametrize("name", _cases())
def test_a_dense_source_ends_within_its_budget(name: str, rules: Ruleset) -> None:
    forget_trees()
    _forget_peak()
    before, started = _peak(), time.process_time()
    verdict = judge(stored({"inert_probe/__init__.py": DENSE[name]}), rules)
    assert time.process_time() - started < _SECONDS
    assert _peak() - before < _GIBIBYTE
    if name in HELD:
        assert verdict.outcome in {Outcome.UNSCANNABLE, Outcome.FLAGGED}
        assert {r.rule for r in verdict.reasons if r.holds and r.kind is Kind.LIMITS} >= {HELD[name]}


def test_every_case_that_has_an_expectation_exists() -> None:
    assert HELD.keys() | _QUICK <= DENSE.keys()
    assert all(len(source) <= 1024 * 1024 for source in DENSE.values())


def test_the_same_source_in_tests_that_nothing_runs_does_not_hold(rules: Ruleset) -> None:
    verdict = judge(stored({"inert_probe/tests/test_a.py": DENSE["a mebibyte of names"]}), rules)
    assert verdict.outcome is Outcome.CLEAR


def test_ordinary_code_below_a_mebibyte_is_never_too_dense() -> None:
    ordinary = Path(__file__).read_text(encoding="utf-8")
    assert too_dense(ordinary * (1024 * 1024 // len(ordinary))) == ""


def _forget_peak() -> None:
    if sys.platform == "linux":
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _peak() -> int:
    """The most memory that this process had since `_forget_peak`, in KiB; 0 where nobody tells."""
    if sys.platform != "linux":
        return 0
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0])
