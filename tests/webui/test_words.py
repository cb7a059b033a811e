from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from index.store.tables import CaseOrigin, SubmissionState
from scanner.behaviour.abilities import _BY_EFFECT
from scanner.model import Kind, Outcome, Role
from webui import words

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def test_there_is_a_word_for_everything() -> None:
    assert set(words.STATES) == set(SubmissionState)
    assert set(words.ORIGINS) | {CaseOrigin.VERDICT} == set(CaseOrigin)
    assert set(words.OUTCOMES) == {*Outcome, ""}
    assert set(words.ROLES) == set(Role)
    assert set(words.KINDS) == set(Kind)
    assert set(words.CAPABILITIES) == set(_BY_EFFECT.values()) | {"credentials", "environment", "persistence"}


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-5, "just now"),
        (59, "just now"),
        (60, "1 minute ago"),
        (3599, "59 minutes ago"),
        (7200, "2 hours ago"),
        (86400 * 3, "3 days ago"),
    ],
)
def test_how_long_ago(seconds: int, said: str) -> None:
    assert words.ago(NOW - timedelta(seconds=seconds), NOW) == said


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (1023, "1,023 bytes"),
        (1536, "1.5 KiB"),
        (3 << 20, "3.0 MiB"),
        (5 << 40, "5,120.0 GiB"),
    ],
)
def test_sizes(number: int, said: str) -> None:
    assert words.size(number) == said


@pytest.mark.parametrize(
    ("risk", "said"), [(-1.0, "low"), (1.99, "low"), (2.0, "raised"), (5.0, "high"), (10.0, "very high")]
)
def test_the_word_for_a_risk(risk: float, said: str) -> None:
    assert words.tier(risk) == said


def test_times_are_in_utc() -> None:
    moment = datetime(2026, 11, 24, 13, 5, 59, 999, tzinfo=UTC)
    assert words.machine_time(moment) == "2026-11-24T13:05:59Z"
    assert words.exact_time(moment) == "2026-11-24 13:05 UTC"
