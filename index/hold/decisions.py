"""What a person decides takes effect here, in one transaction, or not at all.

Whether the person may decide at all (role, second factor) is asked of `accounts.permissions` by the caller; that
nobody decides about their own project is asked here, because no caller may forget it.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from index.audit.log import Event, append
from index.hold.cases import close_case, open_case, open_case_of
from index.hold.facts import current_verdict, uploaders_of
from index.hold.moves import holds_rejected_bytes, locked, move, put_out
from index.hold.names import is_member, names_taken, take_names_again
from index.hold.notices import notify
from index.hold.rejecting import accept_bytes_again, carry_out_rejection
from index.hold.rulesets import active_ruleset
from index.hold.submission import SubmissionEvent, TransitionRefused, transition
from index.publish.release import unpublish
from index.store.outbox import NoticeKind
from index.store.tables import CaseOrigin, Decision, DecisionKind, StoredVerdict, Submission, SubmissionState
from scanner.model import ENGINE_VERSION, Verdict, decode

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from index.services import Services
    from index.store.tables import User

__all__ = [
    "DecisionRefused",
    "Judgement",
    "OwnProject",
    "StaleRevision",
    "approve",
    "reject",
    "reopen",
    "restore",
    "withdraw",
]


class DecisionRefused(Exception):
    """The decision cannot be taken; nothing was written. `.message` is for the person."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class StaleRevision(DecisionRefused):
    """The submission has changed since the person looked: another revision, verdict or state."""


class OwnProject(DecisionRefused):
    """Nobody decides about a project that they maintain, or about what they uploaded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What the person saw and says."""

    analyst: User
    revision: int
    verdict_id: int | None
    """The verdict that was on the screen (None: there was none)."""
    reason: str
    """Not empty. The maintainer reads it in the mail."""


def approve(
    services: Services, session: Session, submission: Submission, judgement: Judgement, *, now: datetime
) -> Decision:
    """The submission is published; one that is out and in doubt stays out, and its case is closed.

    Raises:
        StaleRevision: what the person saw is no longer what is there.
        OwnProject: the person maintains the project.
        DecisionRefused: the reason is empty, or bytes of it were rejected.
    """
    submission = _looked_at(services, session, submission, judgement)
    in_doubt = submission.state == SubmissionState.PUBLISHED and open_case_of(session, submission) is not None
    if not in_doubt:
        _check_state(submission, SubmissionEvent.APPROVED)
    verdict = _same_verdict(session, submission, judgement)
    if holds_rejected_bytes(session, submission):
        raise DecisionRefused("A file of this submission was rejected, here or elsewhere. Reopen that rejection first.")
    if in_doubt:
        decision = _record(session, submission, DecisionKind.APPROVE, judgement, now=now)
        close_case(session, submission, now=now)
        return decision
    _move(session, submission, SubmissionEvent.APPROVED, judgement, now=now)
    decision = _record(session, submission, DecisionKind.APPROVE, judgement, now=now)
    put_out(services, session, submission, now=now)
    close_case(session, submission, now=now)
    notify(session, NoticeKind.PUBLISHED, submission, verdict, now=now, comment=judgement.reason)
    return decision


def reject(
    services: Services, session: Session, submission: Submission, judgement: Judgement, *, now: datetime
) -> Decision:
    """The submission is rejected: its bytes are refused under any name, its names are free.

    It takes effect whatever a rescan has said meanwhile: of two judgements the stricter wins.

    Raises:
        StaleRevision: the person saw another revision, or it is no longer in review.
        OwnProject: the person maintains the project.
        DecisionRefused: the reason is empty.
    """
    submission = _looked_at(services, session, submission, judgement)
    _check_state(submission, SubmissionEvent.REJECTED)
    verdict = _payload(current_verdict(session, submission))
    _move(session, submission, SubmissionEvent.REJECTED, judgement, now=now)
    decision = _record(session, submission, DecisionKind.REJECT, judgement, now=now)
    notify(session, NoticeKind.REJECTED, submission, verdict, now=now, comment=judgement.reason)
    carry_out_rejection(services, session, submission, now=now)
    return decision


def reopen(
    services: Services, session: Session, submission: Submission, judgement: Judgement, *, now: datetime
) -> Decision:
    """The rejected submission is in review again, with the names that it had; only a person can end that.

    Raises:
        StaleRevision: it is no longer rejected.
        OwnProject: the person maintains the project.
        DecisionRefused: the reason is empty, or its names belong to somebody or something else by now.
    """
    submission = _looked_at(services, session, submission, judgement)
    _check_state(submission, SubmissionEvent.REOPENED)
    taken = names_taken(session, submission)
    if taken is not None:
        raise DecisionRefused(taken)
    _move(session, submission, SubmissionEvent.REOPENED, judgement, now=now)
    decision = _record(session, submission, DecisionKind.REOPEN, judgement, now=now)
    take_names_again(session, submission)
    accept_bytes_again(session, submission)
    submission.review_required = True  # even where a file is added and the whole is judged anew
    open_case(session, submission, CaseOrigin.REOPENED, now=now)
    verdict = _payload(current_verdict(session, submission))
    notify(session, NoticeKind.HELD, submission, verdict, now=now, comment=judgement.reason)
    return decision


def withdraw(
    services: Services, session: Session, submission: Submission, judgement: Judgement, *, now: datetime
) -> Decision:
    """The published submission is gone from every page; its filenames stay burned, its approvals are void.

    Raises:
        StaleRevision: it is no longer published.
        OwnProject: the person maintains the project.
        DecisionRefused: the reason is empty.
    """
    submission = _looked_at(services, session, submission, judgement)
    _check_state(submission, SubmissionEvent.WITHDRAWN)
    _move(session, submission, SubmissionEvent.WITHDRAWN, judgement, now=now)
    decision = _record(session, submission, DecisionKind.WITHDRAW, judgement, now=now)
    unpublish(session, submission, now=now, public_url=services.settings.resolved_public_url)
    close_case(session, submission, now=now)
    verdict = _payload(current_verdict(session, submission))
    notify(session, NoticeKind.WITHDRAWN, submission, verdict, now=now, comment=judgement.reason)
    return decision


def restore(
    services: Services, session: Session, submission: Submission, judgement: Judgement, *, now: datetime
) -> Decision:
    """The withdrawn submission is published again, on the verdict that the person saw.

    Raises:
        StaleRevision: what the person saw is no longer what is there.
        OwnProject: the person maintains the project.
        DecisionRefused: the reason is empty, bytes of it were rejected, or the active rules have not judged it yet.
    """
    submission = _looked_at(services, session, submission, judgement)
    _check_state(submission, SubmissionEvent.RESTORED)
    verdict = _same_verdict(session, submission, judgement)
    if verdict is None or verdict.ruleset != active_ruleset(session) or verdict.engine != ENGINE_VERSION:
        raise DecisionRefused("The active rules have not judged this submission yet. Try again in a minute.")
    if holds_rejected_bytes(session, submission):
        raise DecisionRefused("A file of this submission was rejected, here or elsewhere. Reopen that rejection first.")
    _move(session, submission, SubmissionEvent.RESTORED, judgement, now=now)
    decision = _record(session, submission, DecisionKind.RESTORE, judgement, now=now)
    put_out(services, session, submission, now=now)
    notify(session, NoticeKind.PUBLISHED, submission, verdict, now=now, comment=judgement.reason)
    return decision


def _looked_at(services: Services, session: Session, submission: Submission, judgement: Judgement) -> Submission:
    """The submission under its project's lock, which the person may decide about and saw in this revision."""
    submission = locked(services.database, session, submission.id)
    if not judgement.reason.strip():
        raise DecisionRefused("Say why: the reason is empty.")
    own = judgement.analyst.id in {user.id for user in uploaders_of(session, submission)}
    if own or is_member(session, submission.release.project, judgement.analyst):
        raise OwnProject("You maintain this project: somebody else must decide about it.")
    if submission.revision != judgement.revision:
        raise StaleRevision(
            f"Files were added: you saw revision {judgement.revision}, now it is {submission.revision}. Look again."
        )
    _check_verdict(session, submission, judgement)
    return submission


def _check_verdict(session: Session, submission: Submission, judgement: Judgement) -> None:
    if judgement.verdict_id is None:
        return
    verdict = session.get(StoredVerdict, judgement.verdict_id)
    if verdict is None or verdict.submission_id != submission.id:
        raise StaleRevision("The verdict that you saw is not one of this submission. Look again.")


def _same_verdict(session: Session, submission: Submission, judgement: Judgement) -> Verdict | None:
    current = current_verdict(session, submission)
    if (current.id if current is not None else None) != judgement.verdict_id:
        raise StaleRevision("It was judged anew while you looked: read the new verdict and decide again.")
    return _payload(current)


def _payload(stored: StoredVerdict | None) -> Verdict | None:
    return decode(stored.payload, Verdict) if stored is not None else None


def _check_state(submission: Submission, event: SubmissionEvent) -> None:
    """Asked before anything is written, so that a refusal has written nothing, whatever the caller does with it."""
    try:
        transition(SubmissionState(submission.state), event)
    except TransitionRefused as refused:
        raise StaleRevision(
            f"This submission is now {submission.state}: {event} is not possible any more."
        ) from refused


def _move(
    session: Session, submission: Submission, event: SubmissionEvent, judgement: Judgement, *, now: datetime
) -> None:
    actor = f"user:{judgement.analyst.username}"
    move(session, submission, event, actor=actor, now=now, verdict=current_verdict(session, submission))


def _record(
    session: Session, submission: Submission, kind: DecisionKind, judgement: Judgement, *, now: datetime
) -> Decision:
    decision = Decision(
        submission_id=submission.id,
        revision=submission.revision,
        verdict_id=judgement.verdict_id,
        kind=kind,
        reason=judgement.reason,
        decided_by_id=judgement.analyst.id,
        decided_at=now,
    )
    session.add(decision)
    session.flush()
    event = Event(
        actor=f"user:{judgement.analyst.username}",
        action=f"decision.{kind}",
        subject=f"submission:{submission.id}",
        new=submission.state,
        evidence=sha256(judgement.reason.encode()).hexdigest(),
    )
    append(session, event, now=now)
    return decision
