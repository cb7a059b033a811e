"""The gate: what a verdict does, and what it must not do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest
from sqlalchemy import select, update

from index.audit.log import verify
from index.hold import orders
from index.hold.decisions import approve, reject, reopen, withdraw
from index.hold.moves import NotJustified, put_out
from index.hold.switches import set_hold_everything
from index.publish.visible import visible_files
from index.store.outbox import Notice
from index.store.tables import (
    Artifact,
    Case,
    CaseOrigin,
    DetailPage,
    LogEntry,
    Message,
    Project,
    ProjectStatus,
    StoredInspection,
    StoredVerdict,
    Submission,
    SubmissionState,
    VerdictArtifact,
)
from scanner.model import Outcome
from tests.index.hold.world import assess_as_told, make_rules

if TYPE_CHECKING:
    from index.store.tables import File
    from scanner.model import SubmissionFacts, Verdict
    from scanner.ruleset import Ruleset
    from tests.index.hold.world import World

S = SubmissionState


def _case(world: World, submission: str) -> CaseOrigin | None:
    with world.database.read() as session:
        query = select(Case.origin).where(Case.submission_id == submission, Case.closed_at.is_(None))
        origins = list(session.scalars(query))
    assert len(origins) <= 1
    return CaseOrigin(origins[0]) if origins else None


def _visible(world: World, project: str) -> list[str]:
    with world.database.read() as session:
        return [file.filename for file in visible_files(session, project)]


def _verdicts(world: World, submission: str) -> list[StoredVerdict]:
    with world.database.read() as session:
        query = select(StoredVerdict).where(StoredVerdict.submission_id == submission).order_by(StoredVerdict.id)
        return list(session.scalars(query))


@pytest.mark.parametrize(
    ("says", "state", "origin", "mails"),
    [
        ("clear", S.PUBLISHED, None, ["published"]),
        ("flagged", S.IN_REVIEW, CaseOrigin.VERDICT, ["held"]),
        ("malicious", S.IN_REVIEW, CaseOrigin.VERDICT, ["held"]),
        ("unscannable", S.IN_REVIEW, CaseOrigin.VERDICT, ["held"]),
        ("enforced", S.REJECTED, None, ["rejected"]),
        ("failed", S.IN_REVIEW, CaseOrigin.FAILURE, ["held"]),
    ],
)
def test_a_verdict_leads_to_its_state_case_and_mail(
    world: World, says: str, state: SubmissionState, origin: CaseOrigin | None, mails: list[str]
) -> None:
    submission = world.upload("demo", "1.0", says=says)
    assert world.state(submission) == state
    assert _case(world, submission) == origin
    assert [kind for kind, _ in world.mails()] == mails
    assert _visible(world, "demo") == (["demo-1.0-py3-none-any.whl"] if state == S.PUBLISHED else [])
    with world.database.read() as session:
        assert (session.get(DetailPage, "demo") is not None) == (state == S.PUBLISHED)
        verify(session)
        moves = session.scalars(select(LogEntry.action).where(LogEntry.new == state)).all()
    assert len(moves) == 1


def test_a_verdict_is_stored_with_its_rules_digest_and_artifacts(world: World) -> None:
    submission = world.upload("demo", "1.0", says="flagged")
    (verdict,) = _verdicts(world, submission)
    assert (verdict.outcome, verdict.revision, verdict.ruleset) == (Outcome.FLAGGED, 1, world.assessor.ruleset)
    assert verdict.facts_digest in verdict.payload
    with world.database.read() as session:
        artifact = session.scalars(select(VerdictArtifact)).one()
        assert (artifact.verdict_id, artifact.filename) == (verdict.id, "demo-1.0-py3-none-any.whl")
        entry = session.scalars(select(LogEntry).where(LogEntry.action == "verdict.recorded")).one()
        assert (entry.evidence, entry.ruleset) == (verdict.facts_digest, verdict.ruleset)


def test_the_held_mail_names_the_file_member_and_line(world: World) -> None:
    world.upload("demo", "1.0", says="flagged")
    with world.database.read() as session:
        notice = msgspec.json.decode(session.scalars(select(Message.payload)).one(), type=Notice)
    (reason,) = notice.reasons
    assert (reason.title, reason.filename, reason.member, reason.line) == (
        "It says flagged",
        "demo-1.0-py3-none-any.whl",
        "pkg/__init__.py",
        7,
    )
    assert (notice.by_person, notice.summary) == (False, "It is flagged.")


def test_a_release_is_judged_as_a_whole(world: World) -> None:
    receipt = world.receive(world.file("demo", "1.0"))
    world.receive(world.file("demo", "1.0", tag="py2"), says="flagged")
    world.settle()
    world.inspect_all()
    assert world.state(receipt.submission_id) == S.IN_REVIEW
    assert _visible(world, "demo") == []


def test_while_one_inspection_is_missing_nothing_is_judged(world: World) -> None:
    receipt = world.receive(world.file("demo", "1.0"))
    world.inspect_all()
    world.receive(world.file("demo", "1.0", tag="py2"))
    world.settle()
    assert world.state(receipt.submission_id) == S.SCANNING
    assert _verdicts(world, receipt.submission_id) == []
    world.inspect_all()
    assert world.state(receipt.submission_id) == S.PUBLISHED


def test_a_clear_verdict_under_a_superseded_ruleset_publishes_nothing_and_queues_again(world: World) -> None:
    receipt = world.receive(world.file("demo", "1.0"))
    world.inspect_all()
    old_gate = world.gate
    world.use_rules(make_rules(2))
    world.later(11)
    world.keeper.tick(world.now)
    with world.database.write() as session:
        assert old_gate.advance(session, receipt.submission_id, now=world.now) == S.SCANNING
    assert world.state(receipt.submission_id) == S.SCANNING
    assert world.inspect_all() == 1, "the keeper has made a job under the new rules"
    assert world.state(receipt.submission_id) == S.PUBLISHED


def test_a_new_ruleset_renews_what_is_in_review_and_lowers_nothing(world: World) -> None:
    submission = world.upload("demo", "1.0", says="flagged")
    sha = world.submission(submission).files[0].sha256
    world.says[sha] = "clear"
    world.use_rules(make_rules(2))
    world.keeper.tick(world.now)
    world.inspect_all()
    assert [v.outcome for v in _verdicts(world, submission)] == ["flagged", "clear"]
    assert (world.state(submission), _case(world, submission)) == (S.IN_REVIEW, CaseOrigin.VERDICT)
    assert [kind for kind, _ in world.mails()] == ["held"], "told once for each revision"


def test_a_case_of_our_own_failure_ends_by_itself_when_the_inspection_succeeds(world: World) -> None:
    submission = world.upload("demo", "1.0", says="failed")
    assert _case(world, submission) == CaseOrigin.FAILURE
    file = world.submission(submission).files[0]
    _retry(world, file, "clear")
    assert (world.state(submission), _case(world, submission)) == (S.PUBLISHED, None)
    assert [kind for kind, _ in world.mails()] == ["held", "published"]


def _retry(world: World, file: File, says: str) -> None:
    world.says[file.sha256] = says
    with world.database.write() as session:
        subject = orders.Subject(file.sha256, file.filename, world.assessor.ruleset)
        assert orders.retry_failed(session, subject, now=world.now)
    assert world.inspect_all() == 1


def test_a_case_of_our_own_failure_becomes_one_of_content_when_the_inspection_says_so(world: World) -> None:
    submission = world.upload("demo", "1.0", says="failed")
    _retry(world, world.submission(submission).files[0], "flagged")
    assert (world.state(submission), _case(world, submission)) == (S.IN_REVIEW, CaseOrigin.VERDICT)


def test_a_failure_that_a_person_has_judged_waits_for_a_person(world: World) -> None:
    submission = world.upload("demo", "1.0", says="failed")
    world.decide(reject, submission)
    world.decide(reopen, submission)
    _retry(world, world.submission(submission).files[0], "clear")
    assert (world.state(submission), _case(world, submission)) == (S.IN_REVIEW, CaseOrigin.REOPENED)


def test_adding_a_file_to_a_reopened_submission_does_not_let_it_out(world: World) -> None:
    submission = world.upload("demo", "1.0", says="flagged")
    world.decide(reject, submission)
    world.decide(reopen, submission)
    world.says.clear()
    world.use_rules(make_rules(2))
    world.receive(world.file("demo", "1.0", tag="py2"))
    world.settle()
    world.inspect_all()
    assert _verdicts(world, submission)[-1].outcome == Outcome.CLEAR
    assert world.state(submission) == S.IN_REVIEW


@pytest.mark.parametrize("switch", ["setting", "switch"])
def test_hold_everything_opens_a_case_for_what_is_clear(world: World, switch: str) -> None:
    if switch == "setting":
        world.services.settings = world.services.settings.model_copy(update={"hold_everything": True})
    else:
        with world.database.write() as session:
            set_hold_everything(session, on=True, actor="user:root", now=world.now)
    submission = world.upload("demo", "1.0")
    assert (world.state(submission), _case(world, submission)) == (S.IN_REVIEW, CaseOrigin.HOLD_EVERYTHING)
    assert _verdicts(world, submission)[-1].outcome == Outcome.CLEAR
    world.decide(approve, submission)
    assert world.state(submission) == S.PUBLISHED


def test_a_clear_release_of_a_quarantined_project_waits_for_a_person(world: World) -> None:
    world.upload("demo", "1.0")
    with world.database.write() as session:
        session.execute(update(Project).values(status=ProjectStatus.QUARANTINED))
    submission = world.upload("demo", "1.1")
    assert (world.state(submission), _case(world, submission)) == (S.IN_REVIEW, CaseOrigin.VERDICT)


def test_a_later_submission_waits_behind_one_in_review_and_follows_it(world: World) -> None:
    first = world.upload("demo", "1.0", says="flagged")
    second = world.upload("demo", "1.1")
    assert (world.state(second), _case(world, second)) == (S.IN_REVIEW, CaseOrigin.WAITING)
    with world.database.read() as session:
        notice = msgspec.json.decode(session.scalars(select(Message.payload)).all()[-1], type=Notice)
    assert "1.0, waits for review" in notice.reasons[0].title
    world.decide(approve, first)
    world.keeper.tick(world.later(1))
    assert (world.state(second), _case(world, second)) == (S.PUBLISHED, None)
    last = _verdicts(world, second)[-1]
    assert (last.previous_submission_id, last.outcome) == (first, Outcome.CLEAR), "judged anew, on the new history"


def test_what_waited_behind_a_rejected_submission_waits_for_a_person(world: World) -> None:
    world.upload("demo", "0.9")
    first = world.upload("demo", "1.0", says="flagged")
    second = world.upload("demo", "1.1")
    third = world.receive(world.file("demo", "1.2")).submission_id
    world.decide(reject, first)
    world.settle()
    world.inspect_all()
    assert world.state(second) == S.IN_REVIEW
    assert world.state(third) == S.IN_REVIEW
    world.decide(approve, second)
    assert world.state(second) == S.PUBLISHED


def test_other_projects_do_not_wait(world: World) -> None:
    world.upload("demo", "1.0", says="flagged")
    assert world.state(world.upload("else", "1.0")) == S.PUBLISHED


def test_a_changed_history_renews_the_verdict_of_what_is_in_review(world: World) -> None:
    first = world.upload("demo", "1.0")
    held = world.upload("demo", "1.1", says="flagged")
    assert _verdicts(world, held)[-1].previous_submission_id == first
    world.decide(withdraw, first)
    world.keeper.tick(world.later(1))
    assert [v.previous_submission_id for v in _verdicts(world, held)] == [first, None]
    assert world.state(held) == S.IN_REVIEW


def test_the_facts_hold_history_siblings_publishers_and_what_was_rejected(world: World) -> None:
    seen: list[SubmissionFacts] = []

    def watch(facts: SubmissionFacts, ruleset: Ruleset) -> Verdict:
        seen.append(facts)
        return assess_as_told(facts, ruleset)

    world.upload("demo", "1.0")
    world.upload("demo", "1.1")
    world.use_rules(world.assessor.rules, watch)
    world.receive(world.file("demo", "1.1", tag="py2"))
    world.settle()
    world.inspect_all()
    facts = seen[-1]
    assert (facts.project, facts.version, facts.previous_version) == ("demo", "1.1", "1.0")
    assert [i.filename for i in facts.artifacts] == ["demo-1.1-py2-none-any.whl"]
    assert [i.filename for i in facts.siblings] == ["demo-1.1-py3-none-any.whl"]
    assert [i.filename for i in facts.previous] == ["demo-1.0-py3-none-any.whl"]
    assert (facts.publishers, facts.rejected_before, facts.automatic) == (("maya",), False, True)


@pytest.mark.parametrize("fault", ["raises", "other ruleset"])
def test_an_assessment_that_goes_wrong_holds(world: World, fault: str) -> None:
    def broken(facts: SubmissionFacts, ruleset: Ruleset) -> Verdict:
        if fault == "raises":
            raise KeyError("oops")
        return assess_as_told(facts, make_rules(99))

    world.use_rules(world.assessor.rules, broken)
    submission = world.upload("demo", "1.0")
    assert (world.state(submission), _case(world, submission)) == (S.IN_REVIEW, CaseOrigin.FAILURE)
    (verdict,) = _verdicts(world, submission)
    assert (verdict.outcome, verdict.ruleset) == (Outcome.UNSCANNABLE, world.assessor.ruleset)


def test_an_inspection_that_cannot_be_read_holds(world: World) -> None:
    receipt = world.receive(world.file("demo", "1.0"))
    world.inspect_all()
    with world.database.write() as session:
        session.execute(update(StoredInspection).values(payload="{}"))
    world.settle()
    assert world.state(receipt.submission_id) == S.IN_REVIEW


def test_bytes_that_were_rejected_meanwhile_do_not_go_out(world: World) -> None:
    receipt = world.receive(world.file("demo", "1.0"))
    with world.database.write() as session:
        session.execute(update(Artifact).values(rejected_at=world.now))
    world.settle()
    world.inspect_all()
    assert world.state(receipt.submission_id) == S.IN_REVIEW


@pytest.mark.parametrize("says", ["flagged", "malicious", "failed"])
def test_the_door_asks_for_the_reason_once_more(world: World, says: str) -> None:
    """Even a caller that has set the state cannot publish without a verdict or a decision."""
    submission_id = world.upload("demo", "1.0", says=says)
    with world.database.read() as session:
        submission = session.get_one(Submission, submission_id)
        submission.state = S.PUBLISHED
        with pytest.raises(NotJustified):
            put_out(world.services, session, submission, now=world.now)
    assert world.state(submission_id) == S.IN_REVIEW
    assert _visible(world, "demo") == []


def test_advancing_again_and_again_changes_nothing(world: World) -> None:
    submission = world.upload("demo", "1.0", says="flagged")
    for _ in range(3):
        world.advance(submission)
    assert len(_verdicts(world, submission)) == 1
    assert len(world.mails()) == 1


def test_an_enforced_rejection_refuses_the_bytes_and_frees_the_name(world: World) -> None:
    world.upload("demo", "1.0", says="enforced")
    with world.database.read() as session:
        assert session.scalars(select(Artifact.rejected_at)).one() is not None
    assert world.receive(world.file("demo", "1.0", "other"), "otto").state == S.OPEN


def test_an_enforced_verdict_on_what_is_in_review_waits_for_a_person(world: World) -> None:
    submission = world.upload("demo", "1.0", says="flagged")
    world.says[world.submission(submission).files[0].sha256] = "enforced"
    world.use_rules(make_rules(2))
    world.keeper.tick(world.now)
    world.inspect_all()
    assert _verdicts(world, submission)[-1].outcome == Outcome.MALICIOUS
    assert world.state(submission) == S.IN_REVIEW


def test_a_bad_file_after_publication_opens_a_case_on_its_published_siblings(world: World) -> None:
    first = world.upload("demo", "1.0")
    late = world.receive(world.file("demo", "1.0", tag="py2"), says="enforced").submission_id
    world.settle()
    world.inspect_all()
    assert world.state(late) == S.REJECTED
    assert (world.state(first), _case(world, first)) == (S.PUBLISHED, CaseOrigin.SIBLING)
    world.decide(approve, first)
    assert (world.state(first), _case(world, first)) == (S.PUBLISHED, None)
