from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from index.hold.decisions import Judgement, StaleRevision
from index.hold.submission import TABLE, SubmissionEvent
from index.review.choices import CHOICES, choices_in, decide
from index.store.tables import DecisionKind, Submission, SubmissionState, User
from tests.webui.scenes import full_desk

if TYPE_CHECKING:
    from tests.webui.desk import Desk
    from tests.webui.scenes import Scene

EVENT_OF = {
    DecisionKind.APPROVE: SubmissionEvent.APPROVED,
    DecisionKind.REJECT: SubmissionEvent.REJECTED,
    DecisionKind.REOPEN: SubmissionEvent.REOPENED,
    DecisionKind.WITHDRAW: SubmissionEvent.WITHDRAWN,
    DecisionKind.RESTORE: SubmissionEvent.RESTORED,
}


def test_what_is_offered_is_what_the_state_machine_knows() -> None:
    offered = {(state, EVENT_OF[choice.kind]) for state, choices in CHOICES.items() for choice in choices}
    assert offered == {pair for pair in TABLE if pair[1] in EVENT_OF.values()}


def test_every_choice_executes_the_function_of_its_own_name() -> None:
    for choices in CHOICES.values():
        for choice in choices:
            assert choice.execute.__name__ == choice.kind  # type: ignore[attr-defined] # a function
            assert choice.effect.endswith(".")


def test_a_published_release_is_approved_only_when_it_is_in_doubt() -> None:
    published = SubmissionState.PUBLISHED
    assert [choice.kind for choice in choices_in(published)] == ["withdraw"]
    assert [choice.kind for choice in choices_in(published, in_doubt=True)] == ["approve", "withdraw"]


@pytest.mark.parametrize(
    ("kind", "state"),
    [(DecisionKind.APPROVE, SubmissionState.PUBLISHED), (DecisionKind.REJECT, SubmissionState.REJECTED)],
)
def test_a_decision_takes_effect(desk: Desk, kind: DecisionKind, state: SubmissionState) -> None:
    scene = full_desk(desk)
    desk.decide(scene.update, kind, "because")
    assert desk.state(scene.update) is state


def test_what_is_not_offered_in_the_state_is_stale(full: Desk, scene: Scene) -> None:
    analyst = full.account("ana", "analyst").user
    with full.services.database.read() as session:
        submission = session.get_one(Submission, scene.published)
        judgement = Judgement(analyst=session.get_one(User, analyst.id), revision=1, verdict_id=None, reason="because")
        with pytest.raises(StaleRevision, match="published"):
            decide(full.services, session, submission, DecisionKind.REJECT, judgement, now=full.now)
