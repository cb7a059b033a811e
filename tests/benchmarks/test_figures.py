"""The arithmetic under the benchmarks: rates with their bounds, and the regression of weights."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from benchmarks.fit_weights import MARK, by_hand_of, written
from benchmarks.inspections import Looked, artifacts_in, filename_of
from benchmarks.logistic import Point, Setting, fit
from benchmarks.rates import Rate
from benchmarks.updates import judged_updates
from scanner.inspect import inspect
from scanner.ruleset import Ruleset
from tests.fixtures.artifacts import build_wheel

RULES = Ruleset.load()


@pytest.mark.parametrize(
    ("hits", "total", "low", "high"),
    [
        # Worked out by hand from (p + z²/2n ± z·sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n).
        (0, 10, 0.0, 0.2775),
        (5, 10, 0.2366, 0.7634),
        (10, 10, 0.7225, 1.0),
        (81, 263, 0.2553, 0.3662),
    ],
)
def test_the_interval_is_wilsons(hits: int, total: int, low: float, high: float) -> None:
    assert Rate(hits, total).interval == pytest.approx((low, high), abs=1e-4)


def test_without_a_hit_the_upper_bound_is_the_rule_of_three() -> None:
    assert Rate(0, 300).upper_bound == pytest.approx(0.01, abs=1e-4)
    assert Rate(1, 300).upper_bound == Rate(1, 300).interval[1]


@given(st.integers(0, 500), st.integers(1, 500))
def test_the_rate_lies_in_its_interval(hits: int, total: int) -> None:
    rate = Rate(min(hits, total), total)
    low, high = rate.interval
    assert 0 <= low <= rate.share + 1e-9
    assert rate.share - 1e-9 <= high <= 1


def test_nothing_measured_bounds_nothing() -> None:
    assert (Rate(0, 0).share, Rate(0, 0).interval, Rate(0, 0).upper_bound) == (0.0, (0.0, 1.0), 1.0)


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("x-1.0-py3-none-any.tar.gz", b"PK\x03\x04", "x-1.0-py3-none-any.whl"),
        ("x-1.0-py3-none-any.zip", b"PK\x03\x04", "x-1.0-py3-none-any.whl"),
        ("x-1.0.zip", b"PK\x03\x04", "x-1.0.zip"),
        ("x-1.0-py3-none-any.tar.gz", b"\x1f\x8b", "x-1.0-py3-none-any.tar.gz"),
        ("x-1.0.tar.gz", b"\x1f\x8b", "x-1.0.tar.gz"),
    ],
)
def test_a_wheel_under_another_ending_is_named_a_wheel(name: str, data: bytes, expected: str) -> None:
    assert filename_of(name, data) == expected


def test_an_artifact_in_two_folders_is_one(tmp_path_factory: pytest.TempPathFactory) -> None:
    one, two = tmp_path_factory.mktemp("one"), tmp_path_factory.mktemp("two")
    for folder in (one, two):
        (folder / "x-1-py3-none-any.whl").write_bytes(b"same")
    (two / "notes.txt").write_bytes(b"none")
    assert [path.parent for path in artifacts_in([one, two])] == [min(one, two)]


def setting(pull: float = 0.1) -> Setting:
    return Setting({"a": 2.0, "b": 2.0}, {"a": (0.5, 6.0), "b": (0.5, 6.0)}, 5.0, pull)


def points(rule: str, *, malicious: bool, count: int) -> list[Point]:
    return [Point({rule: 1.0}, 0.0, malicious, 1.0)] * count


def test_what_malware_shows_rises_and_what_good_code_shows_falls() -> None:
    weights = fit([*points("a", malicious=True, count=40), *points("b", malicious=False, count=40)], setting())
    assert weights["a"] >= 5.0
    assert 0.5 <= weights["b"] < 2.0


def test_what_was_seen_seldom_stays_where_it_began() -> None:
    weights = fit(points("a", malicious=True, count=1), setting(pull=10.0))
    assert weights["a"] == pytest.approx(2.0, abs=0.15)
    assert weights["b"] == 2.0


def test_no_weight_leaves_its_range() -> None:
    weights = fit(points("a", malicious=True, count=10_000) + points("b", malicious=False, count=10_000), setting(1e-6))
    assert 0.5 <= weights["b"] <= weights["a"] <= 6.0


def test_rules_that_always_speak_together_share_the_weight() -> None:
    both = [Point({"a": 1.0, "b": 1.0}, 0.0, malicious=True, votes=1.0)] * 40
    weights = fit(both, setting())
    assert weights["a"] == pytest.approx(weights["b"], abs=0.05)
    assert weights["a"] < fit(points("a", malicious=True, count=40), setting())["a"]


def test_fitted_weights_are_replaced_and_those_by_hand_stay() -> None:
    text = "flag_at = 5.0\n[rule_weight]\nlink-member = 1.0\n"
    once = written(text, {})
    assert by_hand_of(f"{once}a = 3.0\n") == {"link-member": 1.0}
    assert written(f"{once}a = 3.0\n", {}) == once
    assert MARK in once


def wheel(name: str, text: str) -> Looked:
    data = build_wheel("thing", "1.0", {"thing/__init__.py": text}).data
    inspection = inspect(data, "thing-1.0-py3-none-any.whl", RULES)
    walled = replace(inspection, sandbox_level=("rlimits", "no_new_privs", "seccomp"))
    return Looked(Path(name), inspection.sha256, walled)


def test_a_wheel_is_judged_beside_the_newest_of_the_earlier_ones() -> None:
    loader = "import base64\nexec(base64.b64decode('bWFya2Vy'))\n"
    now = [wheel("thing-3.0-py3-none-any.whl", loader), wheel("other-1.0-py3-none-any.whl", loader)]
    fresh = [wheel("Thing-2.0-py3-none-any.whl", "x = 1\n"), wheel("thing-1.0-py3-none-any.whl", loader)]
    (update,) = judged_updates(now, fresh, RULES)
    assert (update.name, update.flagged) == ("thing-3.0-py3-none-any.whl", True)
    stale = [wheel("thing-2.0-py3-none-any.whl", loader), wheel("thing-4.0-py3-none-any.whl", "x = 1\n")]
    (again,) = judged_updates(now, stale, RULES)
    assert (again.flagged, again.risk < update.risk) == (False, True)
    assert judged_updates(now, [], RULES) == []
