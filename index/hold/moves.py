"""Moving a submission: its lock, its next state with a log entry, and the one door to publication."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import exists, select

from index.audit.log import Event, append
from index.hold.facts import current_verdict
from index.hold.rulesets import active_ruleset
from index.hold.submission import SubmissionEvent, transition
from index.publish.release import publish
from index.store.tables import Artifact, Decision, DecisionKind, File, Project, Release, Submission, SubmissionState
from scanner.model import ENGINE_VERSION, Outcome

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from index.services import Services
    from index.store.database import Database
    from index.store.tables import StoredVerdict

__all__ = ["NotJustified", "holds_rejected_bytes", "locked", "move", "put_out"]


class NotJustified(Exception):
    """Nothing that counts says that the submission may be published. It is a fault of ours, and it stays held."""


def locked(database: Database, session: Session, submission_id: str) -> Submission:
    """The submission as it is now; nobody else changes its project until this transaction ends."""
    query = (
        select(Project.name)
        .join(Release, Release.project_id == Project.id)
        .join(Submission, Submission.release_id == Release.id)
        .where(Submission.id == submission_id)
    )
    database.lock_project(session, session.scalars(query).one())
    session.flush()
    session.expire_all()  # what was read before the lock may have changed
    return session.get_one(Submission, submission_id)


def move(  # noqa: PLR0913 # an event in the log has that many sides, all named
    session: Session,
    submission: Submission,
    event: SubmissionEvent,
    *,
    actor: str,
    now: datetime,
    verdict: StoredVerdict | None = None,
    failure_case_unjudged: bool = False,
) -> SubmissionState:
    """The submission is in the state that follows, and the log says who moved it, on which verdict.

    Raises:
        TransitionRefused: the event cannot happen in its state.
    """
    old = SubmissionState(submission.state)
    new = transition(old, event, failure_case_unjudged=failure_case_unjudged)
    submission.state, submission.state_changed_at = new, now
    entry = Event(
        actor=actor,
        action=f"submission.{event}",
        subject=f"submission:{submission.id}",
        old=old,
        new=new,
        ruleset=verdict.ruleset if verdict is not None else "",
        evidence=verdict.facts_digest if verdict is not None else "",
    )
    append(session, entry, now=now)
    return new


def put_out(services: Services, session: Session, submission: Submission, *, now: datetime) -> None:
    """The submission, which has just moved to `published`, is visible.

    Raises:
        NotJustified: neither a clear verdict on this revision under the active ruleset nor a person's approval of
            this revision is there, or bytes of it were rejected.
    """
    session.flush()
    if holds_rejected_bytes(session, submission):
        raise NotJustified(f"submission {submission.id} holds bytes that were rejected")
    if not (_is_clear(session, submission) or _is_approved(session, submission)):
        raise NotJustified(f"submission {submission.id}, revision {submission.revision}: neither clear nor approved")
    publish(session, submission, now=now, public_url=services.settings.resolved_public_url)


def _is_clear(session: Session, submission: Submission) -> bool:
    verdict = current_verdict(session, submission)
    if verdict is None or verdict.outcome != Outcome.CLEAR:
        return False
    return verdict.ruleset == active_ruleset(session) and verdict.engine == ENGINE_VERSION


def _is_approved(session: Session, submission: Submission) -> bool:
    """Whether the last word of a person on this revision lets it out."""
    query = select(Decision.kind).where(
        Decision.submission_id == submission.id, Decision.revision == submission.revision
    )
    last = session.scalars(query.order_by(Decision.id.desc()).limit(1)).first()
    return last in (DecisionKind.APPROVE, DecisionKind.RESTORE)


def holds_rejected_bytes(session: Session, submission: Submission) -> bool:
    """Whether an artifact of the submission was rejected, here or elsewhere."""
    query = select(
        exists().where(
            File.submission_id == submission.id, Artifact.sha256 == File.sha256, Artifact.rejected_at.is_not(None)
        )
    )
    return bool(session.scalar(query))
