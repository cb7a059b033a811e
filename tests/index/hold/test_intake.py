"""Receiving: what joins, what opens, what is refused, and who has a name."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from index.audit.log import verify
from index.hold.decisions import approve, reject, withdraw
from index.hold.endings import end_submission
from index.hold.intake import BytesRejected, FilenameTaken, NameReserved, NotPermitted, keep_open, precheck, receive
from index.hold.submission import SubmissionEvent
from index.hold.switches import ACTIVE_RULESET, set_switch
from index.store.tables import (
    Case,
    File,
    FilenameClaim,
    Job,
    JobState,
    LogEntry,
    Membership,
    MembershipRole,
    Project,
    SubmissionState,
    User,
)

if TYPE_CHECKING:
    from tests.index.hold.world import World


def _owners(world: World, project: str) -> set[str]:
    with world.database.read() as session:
        query = select(User.username).join(Membership).join(Project, Membership.project_id == Project.id)
        return set(session.scalars(query.where(Project.name == project)))


def _claims(world: World) -> dict[str, bool]:
    with world.database.read() as session:
        return {claim.filename: claim.burned for claim in session.scalars(select(FilenameClaim))}


def _make_maintainer(world: World, name: str, project: str) -> None:
    user = world.user(name)
    with world.database.write() as session:
        project_id = session.scalars(select(Project.id).where(Project.name == project)).one()
        session.add(Membership(user_id=user.id, project_id=project_id, role=MembershipRole.MAINTAINER))


def test_one_transaction_writes_project_release_submission_file_claim_job_owner_and_log(world: World) -> None:
    file = world.file("demo", "1.0")
    receipt = world.receive(file)
    assert (receipt.state, receipt.duplicate) == (SubmissionState.OPEN, False)
    submission = world.submission(receipt.submission_id)
    assert [f.filename for f in submission.files] == [file.filename]
    assert submission.release.version == "1.0"
    assert (submission.closes_at - world.now).total_seconds() == 10
    assert _owners(world, "demo") == {"maya"}
    assert _claims(world) == {file.filename: False}
    with world.database.read() as session:
        job = session.scalars(select(Job)).one()
        assert (job.state, job.sha256, job.ruleset) == (JobState.QUEUED, file.sha256, world.assessor.ruleset)
        actions = session.scalars(select(LogEntry.action).order_by(LogEntry.seq)).all()
        assert list(actions) == ["switch.set", "project.reserved", "submission.opened", "file.received"]
        assert session.scalar(select(LogEntry.evidence).where(LogEntry.action == "file.received")) == file.sha256
        assert verify(session) == 4


def test_nothing_is_written_when_the_transaction_fails_after_receiving(world: World) -> None:
    file = world.file("demo", "1.0")
    user = world.user("maya")
    with suppress(ZeroDivisionError), world.database.write() as session:
        receive(world.database, session, file, uploader=user, actor="user:maya", now=world.now, settle_seconds=1)
        raise ZeroDivisionError
    with world.database.read() as session:
        assert session.scalar(select(func.count()).select_from(File)) == 0
        assert session.scalar(select(func.count()).select_from(Job)) == 0
        assert session.scalar(select(func.count()).select_from(Project)) == 0


def test_a_second_file_joins_the_open_submission_and_renews_its_closing(world: World) -> None:
    first = world.receive(world.file("demo", "1.0"))
    world.later(8)
    second = world.receive(world.file("demo", "1.0", tag="py2"))
    assert second.submission_id == first.submission_id
    submission = world.submission(first.submission_id)
    assert (submission.revision, len(submission.files)) == (1, 2)
    assert (submission.closes_at - world.now).total_seconds() == 10


def test_another_version_opens_a_submission_of_its_own(world: World) -> None:
    assert (
        world.receive(world.file("demo", "1.0")).submission_id != world.receive(world.file("demo", "1.1")).submission_id
    )


@pytest.mark.parametrize("says", ["clear", "flagged"])
def test_the_same_bytes_under_the_same_name_are_answered_and_change_nothing(world: World, says: str) -> None:
    file = world.file("demo", "1.0")
    first = world.receive(file, says=says)
    for step in (lambda: None, world.settle, world.inspect_all):
        step()
        again = world.receive(file)
        assert (again.submission_id, again.duplicate) == (first.submission_id, True)
    assert again.state == (SubmissionState.PUBLISHED if says == "clear" else SubmissionState.IN_REVIEW)
    assert len(world.submission(first.submission_id).files) == 1
    assert world.submission(first.submission_id).revision == 1


@pytest.mark.parametrize("says", ["clear", "flagged"])
def test_other_bytes_under_a_live_or_published_name_are_refused(world: World, says: str) -> None:
    world.upload("demo", "1.0", says=says)
    with pytest.raises(FilenameTaken, match=r"^File already exists \('demo-1.0-py3-none-any.whl'") as refused:
        world.receive(world.file("demo", "1.0", "other bytes"))
    assert (refused.value.code, refused.value.status) == ("duplicate-file", 409)


def test_a_withdrawn_filename_stays_burned_for_the_same_bytes_too(world: World) -> None:
    submission = world.upload("demo", "1.0")
    world.decide(withdraw, submission)
    with pytest.raises(FilenameTaken):
        world.receive(world.file("demo", "1.0"))
    assert _claims(world) == {"demo-1.0-py3-none-any.whl": True}


def test_rejected_bytes_are_refused_under_any_name(world: World) -> None:
    submission = world.upload("demo", "1.0", says="flagged")
    world.decide(reject, submission)
    rejected = world.file("demo", "1.0")
    with pytest.raises(BytesRejected) as refused:
        world.receive(rejected)
    assert (refused.value.code, refused.value.status) == ("rejected-bytes", 403)
    with pytest.raises(BytesRejected):
        world.receive(replace(rejected, filename="other-9-py3-none-any.whl", project="other", version="9"), "otto")


def test_a_file_after_publication_opens_a_new_submission_of_the_release(world: World) -> None:
    first = world.upload("demo", "1.0")
    receipt = world.receive(world.file("demo", "1.0", tag="py2"))
    assert receipt.submission_id != first
    assert world.submission(receipt.submission_id).review_required is False
    world.settle()
    world.inspect_all()
    assert world.state(receipt.submission_id) == SubmissionState.PUBLISHED


@pytest.mark.parametrize("ended_by", ["reject", "withdraw"])
def test_after_a_rejection_or_withdrawal_the_next_submission_is_always_reviewed(world: World, ended_by: str) -> None:
    world.upload("demo", "0.9")
    first = world.upload("demo", "1.0", says="flagged" if ended_by == "reject" else "clear")
    world.decide(reject if ended_by == "reject" else withdraw, first)
    receipt = world.receive(world.file("demo", "1.0", "mended", tag="py2"))
    world.settle()
    world.inspect_all()
    assert world.submission(receipt.submission_id).review_required is True
    assert world.state(receipt.submission_id) == SubmissionState.IN_REVIEW


@pytest.mark.parametrize("says", ["clear", "flagged"])
def test_a_file_added_while_scanning_or_in_review_raises_the_revision_and_scans_again(world: World, says: str) -> None:
    receipt = world.receive(world.file("demo", "1.0"), says=says)
    world.settle()
    if says == "flagged":
        world.inspect_all()
        assert world.state(receipt.submission_id) == SubmissionState.IN_REVIEW
    world.receive(world.file("demo", "1.0", tag="py2"))
    submission = world.submission(receipt.submission_id)
    assert (submission.state, submission.revision) == (SubmissionState.SCANNING, 2)
    with world.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Case).where(Case.closed_at.is_(None))) == 0
    world.inspect_all()
    assert world.state(receipt.submission_id) == SubmissionState.SCANNING, "it has not settled again"
    world.settle()
    expected = SubmissionState.PUBLISHED if says == "clear" else SubmissionState.IN_REVIEW
    assert world.state(receipt.submission_id) == expected


def test_a_held_first_release_reserves_its_name_and_does_not_say_so(world: World) -> None:
    world.upload("demo", "1.0", says="flagged")
    with pytest.raises(NameReserved) as refused:
        world.receive(world.file("demo", "2.0"), "otto")
    assert refused.value.message == "The name 'demo' isn't allowed."


def test_a_published_project_takes_files_of_its_owners_and_maintainers_only(world: World) -> None:
    world.upload("demo", "1.0")
    with pytest.raises(NotPermitted):
        world.receive(world.file("demo", "2.0"), "otto")
    _make_maintainer(world, "otto", "demo")
    assert world.receive(world.file("demo", "2.0"), "otto").state == SubmissionState.OPEN


def test_a_second_publisher_may_join_and_the_submission_says_so(world: World) -> None:
    world.upload("demo", "0.9")
    _make_maintainer(world, "otto", "demo")
    first = world.receive(world.file("demo", "1.0"))
    assert world.submission(first.submission_id).mixed_publishers is False
    world.receive(world.file("demo", "1.0", tag="py2"), "otto")
    assert world.submission(first.submission_id).mixed_publishers is True
    world.settle()
    world.inspect_all()
    assert world.state(first.submission_id) == SubmissionState.IN_REVIEW


@pytest.mark.parametrize("how", ["reject", "retract", "cancel"])
def test_the_end_of_the_only_submission_frees_names_and_project(world: World, how: str) -> None:
    receipt = world.receive(world.file("demo", "1.0"), says="flagged")
    if how != "cancel":
        world.settle()
        world.inspect_all()
    if how == "reject":
        world.decide(reject, receipt.submission_id)
    else:
        event = SubmissionEvent.RETRACTED if how == "retract" else SubmissionEvent.CANCELED
        with world.database.write() as session:
            end_submission(world.database, session, receipt.submission_id, event, actor="user:maya", now=world.now)
        assert world.state(receipt.submission_id) == SubmissionState.CANCELED
    assert _owners(world, "demo") == set()
    assert _claims(world) == {}
    assert world.receive(world.file("demo", "1.0", "by somebody else"), "otto").state == SubmissionState.OPEN
    assert _owners(world, "demo") == {"otto"}


def test_the_project_stays_reserved_while_another_submission_holds_it(world: World) -> None:
    first = world.upload("demo", "1.0", says="flagged")
    world.upload("demo", "1.1", says="flagged")
    world.decide(reject, first)
    assert _owners(world, "demo") == {"maya"}
    with pytest.raises(NameReserved):
        world.receive(world.file("demo", "3.0"), "otto")


def test_an_approved_submission_burns_its_filename(world: World) -> None:
    world.decide(approve, world.upload("demo", "1.0", says="flagged"))
    assert _claims(world) == {"demo-1.0-py3-none-any.whl": True}


def test_without_an_active_ruleset_no_job_is_made_and_the_keeper_makes_it_later(world: World) -> None:
    with world.database.write() as session:
        set_switch(session, ACTIVE_RULESET, "", actor="system:test", now=world.now)
    receipt = world.receive(world.file("demo", "1.0"))
    world.settle()
    assert world.inspect_all() == 0
    assert world.state(receipt.submission_id) == SubmissionState.SCANNING
    world.use_rules(world.assessor.rules)
    world.keeper.tick(world.now)
    assert world.inspect_all() == 1
    assert world.state(receipt.submission_id) == SubmissionState.PUBLISHED


def test_the_precheck_answers_without_writing(world: World) -> None:
    file = world.file("demo", "1.0")
    maya = world.user("maya")
    with world.database.read() as session:
        assert precheck(session, project="demo", filename=file.filename, sha256=file.sha256, uploader=maya) is None
    receipt = world.receive(file)
    with world.database.read() as session:
        answer = precheck(session, project="demo", filename=file.filename, sha256=file.sha256, uploader=maya)
    assert answer is not None
    assert (answer.submission_id, answer.duplicate) == (receipt.submission_id, True)


def test_an_upload_under_way_keeps_open_what_its_sender_has_open(world: World) -> None:
    mine, other = world.receive(world.file("demo", "1.0")), world.receive(world.file("else", "1.0"), "otto")
    world.later(9)
    maya = world.user("maya")
    with world.database.write() as session:
        keep_open(session, maya, now=world.now, settle_seconds=10)
    world.later(5)
    world.keeper.tick(world.now)
    assert world.state(mine.submission_id) == SubmissionState.OPEN
    assert world.state(other.submission_id) == SubmissionState.SCANNING
