"""Decisions: who may take them, on what, and what they do at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest
from sqlalchemy import select, update

from index.audit.log import verify
from index.hold.decisions import (
    DecisionRefused,
    Judgement,
    OwnProject,
    StaleRevision,
    approve,
    reject,
    reopen,
    restore,
    withdraw,
)
from index.publish.visible import visible_files
from index.store.outbox import Notice
from index.store.tables import (
    Artifact,
    Case,
    Decision,
    DecisionKind,
    LogEntry,
    Membership,
    MembershipRole,
    Message,
    Project,
    StoredVerdict,
    Submission,
    SubmissionState,
)
from tests.index.hold.world import make_rules

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.index.hold.world import World

S = SubmissionState


def _visible(world: World) -> int:
    with world.database.read() as session:
        return len(visible_files(session, "demo"))


def _last_notice(world: World) -> Notice:
    with world.database.read() as session:
        payload = session.scalars(select(Message.payload).order_by(Message.id.desc())).first()
    assert payload is not None
    return msgspec.json.decode(payload, type=Notice)


def _held(world: World) -> str:
    return world.upload("demo", "1.0", says="flagged")


def test_an_approval_publishes_closes_the_case_and_tells_the_maintainer(world: World) -> None:
    submission = _held(world)
    decision = world.decide(approve, submission, reason="read it all")
    assert (world.state(submission), _visible(world)) == (S.PUBLISHED, 1)
    assert (decision.kind, decision.revision, decision.reason) == (DecisionKind.APPROVE, 1, "read it all")
    notice = _last_notice(world)
    assert (notice.kind, notice.by_person, notice.comment) == ("published", True, "read it all")
    with world.database.read() as session:
        assert session.scalars(select(Case.closed_at)).one() == world.now
        entries = session.execute(select(LogEntry.action, LogEntry.actor).where(LogEntry.actor == "user:ana")).all()
        assert [tuple(e) for e in entries] == [("submission.approved", "user:ana"), ("decision.approve", "user:ana")]
        verify(session)


def test_a_rejection_refuses_the_bytes_and_tells_the_maintainer_with_reasons(world: World) -> None:
    submission = _held(world)
    world.decide(reject, submission, reason="steals tokens")
    assert (world.state(submission), _visible(world)) == (S.REJECTED, 0)
    notice = _last_notice(world)
    assert (notice.kind, notice.by_person, notice.comment) == ("rejected", True, "steals tokens")
    assert [reason.line for reason in notice.reasons] == [7]
    assert world.mails()[-1] == ("rejected", "maya@example.org")
    with world.database.read() as session:
        assert session.scalars(select(Artifact.rejected_at)).one() == world.now


def test_a_withdrawal_unpublishes_and_a_restoration_publishes_again(world: World) -> None:
    submission = world.upload("demo", "1.0")
    world.decide(withdraw, submission)
    assert (world.state(submission), _visible(world)) == (S.WITHDRAWN, 0)
    assert _last_notice(world).kind == "withdrawn"
    world.decide(restore, submission)
    assert (world.state(submission), _visible(world)) == (S.PUBLISHED, 1)


def test_a_restoration_needs_a_verdict_under_the_active_rules(world: World) -> None:
    submission = world.upload("demo", "1.0")
    world.decide(withdraw, submission)
    world.use_rules(make_rules(2))
    with pytest.raises(DecisionRefused, match="active rules have not judged"):
        world.decide(restore, submission)
    world.keeper.tick(world.now)
    assert world.inspect_all() == 1, "what is withdrawn is inspected again, too"
    assert world.state(submission) == S.WITHDRAWN
    world.decide(restore, submission)
    assert world.state(submission) == S.PUBLISHED


def test_a_reopened_rejection_is_in_review_with_its_names_and_accepted_bytes(world: World) -> None:
    submission = _held(world)
    world.decide(reject, submission)
    world.decide(reopen, submission)
    assert (world.state(submission), _visible(world)) == (S.IN_REVIEW, 0)
    assert world.receive(world.file("demo", "1.0")).duplicate is True
    world.decide(approve, submission)
    assert (world.state(submission), _visible(world)) == (S.PUBLISHED, 1)


@pytest.mark.parametrize("by", ["otto", "maya"])
def test_a_rejection_is_not_reopened_when_its_names_went_to_another_submission(world: World, by: str) -> None:
    submission = _held(world)
    world.decide(reject, submission)
    world.receive(world.file("demo", "1.0" if by == "maya" else "2.0", "other"), by)
    with pytest.raises(DecisionRefused, match="under way" if by == "maya" else "belongs to somebody else"):
        world.decide(reopen, submission)
    assert world.state(submission) == S.REJECTED


def test_bytes_rejected_twice_stay_refused_when_one_rejection_is_reopened(world: World) -> None:
    world.upload("demo", "0.9")
    first = _held(world)
    sha = world.submission(first).files[0].sha256
    world.decide(reject, first)
    world.decide(reopen, first)
    with world.database.write() as session:  # the same bytes lie in another rejected submission
        session.execute(update(Artifact).where(Artifact.sha256 == sha).values(rejected_at=world.now))
    with pytest.raises(DecisionRefused, match="Reopen that rejection first"):
        world.decide(approve, first)


@pytest.mark.parametrize("decision", [approve, reject])
def test_a_stale_revision_is_refused_and_writes_nothing(world: World, decision: Callable[..., Decision]) -> None:
    submission = _held(world)
    world.receive(world.file("demo", "1.0", tag="py2"), says="flagged")
    world.settle()
    world.inspect_all()
    with pytest.raises(StaleRevision, match="revision 1, now it is 2"):
        world.decide(decision, submission, revision=1)
    with world.database.read() as session:
        assert session.scalars(select(Decision)).all() == []


def test_an_approval_of_a_verdict_that_was_renewed_is_refused_but_a_rejection_stands(world: World) -> None:
    submission = _held(world)
    seen = _verdict_ids(world)[-1]
    world.use_rules(make_rules(2))
    world.keeper.tick(world.now)
    world.inspect_all()
    with pytest.raises(StaleRevision, match="judged anew"):
        world.decide(approve, submission, verdict_id=seen)
    world.decide(reject, submission, verdict_id=seen)
    assert world.state(submission) == S.REJECTED


def _verdict_ids(world: World) -> list[int]:
    with world.database.read() as session:
        return list(session.scalars(select(StoredVerdict.id).order_by(StoredVerdict.id)))


@pytest.mark.parametrize("decision", [approve, reject])
def test_a_verdict_on_another_submission_decides_nothing(world: World, decision: Callable[..., Decision]) -> None:
    submission = _held(world)
    world.upload("else", "1.0", says="flagged")
    with pytest.raises(StaleRevision, match="not one of this submission"):
        world.decide(decision, submission, verdict_id=_verdict_ids(world)[-1])
    assert world.state(submission) == S.IN_REVIEW


@pytest.mark.parametrize(
    ("says", "decision"),
    [
        ("clear", approve),
        ("clear", reject),
        ("clear", reopen),
        ("clear", restore),
        ("flagged", withdraw),
        ("flagged", reopen),
        ("flagged", restore),
    ],
)
def test_a_decision_that_the_state_does_not_allow_is_stale(
    world: World, says: str, decision: Callable[..., Decision]
) -> None:
    submission = world.upload("demo", "1.0", says=says)
    before = world.state(submission)
    with pytest.raises(StaleRevision, match="is now"):
        world.decide(decision, submission)
    assert world.state(submission) == before


def test_of_two_reviewers_the_second_is_told_so(world: World) -> None:
    submission = _held(world)
    world.decide(approve, submission, by="ana")
    with pytest.raises(StaleRevision):
        world.decide(reject, submission, by="ben")
    with world.database.read() as session:
        assert len(session.scalars(select(Decision)).all()) == 1


@pytest.mark.parametrize("part", list(MembershipRole))
@pytest.mark.parametrize("decision", [approve, reject])
def test_nobody_decides_about_a_project_that_they_maintain(
    world: World, part: MembershipRole, decision: Callable[..., Decision]
) -> None:
    submission = _held(world)
    ana = world.user("ana")
    with world.database.write() as session:
        project_id = session.scalars(select(Project.id)).one()
        session.add(Membership(user_id=ana.id, project_id=project_id, role=part))
    with pytest.raises(OwnProject):
        world.decide(decision, submission)


def test_an_uploader_does_not_reopen_what_was_theirs_after_the_name_was_freed(world: World) -> None:
    submission = _held(world)
    world.decide(reject, submission)
    with pytest.raises(OwnProject):
        world.decide(reopen, submission, by="maya")


@pytest.mark.parametrize("reason", ["", " \n\t"])
def test_a_decision_without_a_reason_is_refused(world: World, reason: str) -> None:
    submission = _held(world)
    with pytest.raises(DecisionRefused, match="reason is empty"):
        world.decide(approve, submission, reason=reason)
    assert world.state(submission) == S.IN_REVIEW


def test_a_withdrawal_voids_the_approval_before_it(world: World) -> None:
    submission = _held(world)
    world.decide(approve, submission)
    world.decide(withdraw, submission)
    world.use_rules(make_rules(2))
    with pytest.raises(DecisionRefused):
        world.decide(restore, submission)
    assert _visible(world) == 0


@pytest.mark.parametrize("decision", [approve, reject, reopen, restore, withdraw])
def test_a_refusal_that_the_caller_catches_has_written_nothing(world: World, decision: Callable[..., Decision]) -> None:
    submission = _held(world)
    world.decide(reject, submission)
    world.receive(world.file("demo", "1.0", "again"))  # its names are taken: nothing can be decided about it
    with world.database.read() as session:
        before = verify(session)
    ana = world.user("ana")
    with world.database.write() as session:
        row = session.get_one(Submission, submission)
        judgement = Judgement(analyst=ana, revision=1, verdict_id=None, reason="because")
        with pytest.raises(DecisionRefused):
            decision(world.services, session, row, judgement, now=world.now)
    with world.database.read() as session:
        assert verify(session) == before
        assert len(session.scalars(select(Decision)).all()) == 1
    assert world.state(submission) == S.REJECTED
