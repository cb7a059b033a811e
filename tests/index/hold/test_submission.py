"""The state table, row by row, and every pair that is not in it."""

from __future__ import annotations

import itertools

import pytest

from index.hold.submission import SubmissionEvent, TransitionRefused, transition
from index.store.tables import SubmissionState

# Written out once more, by hand, from the design: the test does not read the table that it tests.
_EXPECTED = {
    "open": {"file_added": "open", "closed": "scanning", "canceled": "canceled", "expired": "canceled"},
    "scanning": {
        "file_added": "scanning",
        "verdict_clear": "published",
        "verdict_flagged": "in_review",
        "verdict_malicious": "in_review",
        "verdict_unscannable": "in_review",
        "verdict_enforced": "rejected",
        "deferred": "in_review",
        "retracted": "canceled",
    },
    "in_review": {
        "file_added": "scanning",
        "approved": "published",
        "rejected": "rejected",
        "retracted": "canceled",
        "resumed": "scanning",
    },
    "published": {"withdrawn": "withdrawn"},
    "withdrawn": {"restored": "published"},
    "rejected": {"reopened": "in_review"},
    "canceled": {},
}
_PAIRS = [
    pytest.param(state, event, id=f"{state}-{event}")
    for state, event in itertools.product(SubmissionState, SubmissionEvent)
]


@pytest.mark.parametrize(("state", "event"), _PAIRS)
def test_a_pair_leads_where_the_table_says_or_is_refused(state: SubmissionState, event: SubmissionEvent) -> None:
    expected = _EXPECTED[state.value].get(event.value)
    if expected is None:
        with pytest.raises(TransitionRefused) as refused:
            transition(state, event)
        assert (refused.value.state, refused.value.event) == (state, event)
    else:
        assert transition(state, event) == SubmissionState(expected)


@pytest.mark.parametrize(("state", "event"), _PAIRS)
def test_an_unjudged_case_of_our_own_failure_changes_one_pair_only(
    state: SubmissionState, event: SubmissionEvent
) -> None:
    if (state, event) == (SubmissionState.IN_REVIEW, SubmissionEvent.VERDICT_CLEAR):
        assert transition(state, event, failure_case_unjudged=True) is SubmissionState.PUBLISHED
        return
    try:
        usual = transition(state, event)
    except TransitionRefused:
        with pytest.raises(TransitionRefused):
            transition(state, event, failure_case_unjudged=True)
    else:
        assert transition(state, event, failure_case_unjudged=True) is usual


def test_a_state_as_it_comes_from_the_database_is_understood() -> None:
    assert transition("open", SubmissionEvent.CLOSED) is SubmissionState.SCANNING  # type: ignore[arg-type] # a str


def test_only_three_events_lead_to_publication() -> None:
    leading = {
        event
        for state, event in itertools.product(SubmissionState, SubmissionEvent)
        for unjudged in (False, True)
        if _leads_out(state, event, unjudged=unjudged)
    }
    assert leading == {SubmissionEvent.VERDICT_CLEAR, SubmissionEvent.APPROVED, SubmissionEvent.RESTORED}


def _leads_out(state: SubmissionState, event: SubmissionEvent, *, unjudged: bool) -> bool:
    try:
        return transition(state, event, failure_case_unjudged=unjudged) is SubmissionState.PUBLISHED
    except TransitionRefused:
        return False
