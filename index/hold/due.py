"""What is due: the questions that the keeper asks the database, each one statement."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import and_, exists, func, not_, or_, select, update
from sqlalchemy.orm import aliased

from index.hold.deferral import waits_in_vain
from index.hold.mirrored import mirrored
from index.hold.orders import Priority, Subject, inspected, work_under_way
from index.store.tables import (
    Case,
    CaseOrigin,
    File,
    Job,
    JobKind,
    JobState,
    Release,
    StoredVerdict,
    Submission,
    SubmissionState,
)
from scanner.model import ENGINE_VERSION

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

__all__ = ["announce_again", "missing_jobs", "next_closing", "next_job_deadline", "ready_to_advance", "settled"]

_BATCH = 200
_S = SubmissionState

#: What is inspected, and how urgently.
_PRIORITY_OF = {
    _S.OPEN: Priority.UPLOAD,
    _S.SCANNING: Priority.UPLOAD,
    _S.IN_REVIEW: Priority.REVIEW,
    _S.WITHDRAWN: Priority.WITHDRAWN,
}


def settled(session: Session, *, now: datetime) -> Sequence[str]:
    """Open submissions for which no file has come in time."""
    query = select(Submission.id).where(Submission.state == _S.OPEN, Submission.closes_at <= now)
    return session.scalars(query.order_by(Submission.closes_at).limit(_BATCH)).all()


def missing_jobs(session: Session, ruleset: str) -> list[tuple[Subject, Priority]]:
    """What is held and neither inspected under `ruleset`, nor about to be, nor failed for good."""
    query = (
        select(File.sha256, File.filename, Submission.state)
        .join(Submission, File.submission_id == Submission.id)
        .where(
            Submission.state.in_(tuple(_PRIORITY_OF)),
            ~inspected(File.sha256, File.filename, ruleset),
            ~work_under_way(File.sha256, File.filename, ruleset),
            ~_failed(ruleset),
        )
    )
    rows = session.execute(query.order_by(Submission.id).limit(_BATCH))
    return [(Subject(row.sha256, row.filename, ruleset), _PRIORITY_OF[_S(row.state)]) for row in rows]


def _failed(ruleset: str) -> ColumnElement[bool]:
    return exists().where(
        Job.kind == JobKind.INSPECT,
        Job.sha256 == File.sha256,
        Job.filename == File.filename,
        Job.engine == ENGINE_VERSION,
        Job.ruleset == ruleset,
        Job.state == JobState.FAILED,
    )


def ready_to_advance(session: Session, ruleset: str, *, now: datetime) -> Sequence[str]:
    """Submissions for which a verdict under `ruleset` can be made, and would change something.

    Mostly what a worker that died did not finish, what a new ruleset has judged anew, and what waited.
    """
    settled_scan = and_(Submission.state == _S.SCANNING, Submission.closes_at <= now)
    renewed = and_(
        Submission.state.in_((_S.IN_REVIEW, _S.WITHDRAWN)),
        or_(
            not_(_has_verdict(ruleset)),
            and_(_history_has_changed(), not_(mirrored(Release.project_id))),
            and_(_has_case(CaseOrigin.FAILURE), not_(_has_file(not_(inspected(File.sha256, File.filename, ruleset))))),
            and_(_has_case(CaseOrigin.WAITING), waits_in_vain()),
        ),
    )
    answered = or_(
        inspected(File.sha256, File.filename, ruleset),
        and_(_failed(ruleset), not_(work_under_way(File.sha256, File.filename, ruleset))),
    )
    query = (
        select(Submission.id)
        .join(Release, Submission.release_id == Release.id)
        .where(or_(settled_scan, renewed), not_(_has_file(not_(answered))))
    )
    return session.scalars(query.order_by(Submission.id).limit(_BATCH)).all()


def _has_file(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return select(File.id).where(File.submission_id == Submission.id, condition).correlate(Submission).exists()


def _has_case(origin: CaseOrigin) -> ColumnElement[bool]:
    return exists().where(Case.submission_id == Submission.id, Case.closed_at.is_(None), Case.origin == origin)


def _has_verdict(ruleset: str) -> ColumnElement[bool]:
    return exists().where(
        StoredVerdict.submission_id == Submission.id,
        StoredVerdict.revision == Submission.revision,
        StoredVerdict.ruleset == ruleset,
        StoredVerdict.engine == ENGINE_VERSION,
    )


def _history_has_changed() -> ColumnElement[bool]:
    """SQL: the current verdict was made on another history than there is now (see `facts.history_of`)."""
    other, release = aliased(Submission), aliased(Release)
    history = (
        select(other.id)
        .join(release, other.release_id == release.id)
        .where(
            release.project_id == Release.project_id,
            release.id != Release.id,
            other.state == _S.PUBLISHED,
        )
        .order_by(other.published_at.desc(), other.id.desc())
        .limit(1)
        .correlate(Release)
        .scalar_subquery()
    )
    known = (
        select(StoredVerdict.previous_submission_id)
        .where(StoredVerdict.submission_id == Submission.id, StoredVerdict.revision == Submission.revision)
        .order_by(StoredVerdict.id.desc())
        .limit(1)
        .correlate(Submission)
        .scalar_subquery()
    )
    return known.is_distinct_from(history)


def announce_again(session: Session, ruleset: str, *, now: datetime, after_seconds: float) -> int:
    """Jobs that wait and were not heard of for so long are announced as of now; how many."""
    query = (
        update(Job)
        .where(
            Job.state == JobState.QUEUED,
            Job.ruleset == ruleset,
            Job.engine == ENGINE_VERSION,
            or_(Job.sent_at.is_(None), Job.sent_at <= now - timedelta(seconds=after_seconds)),
        )
        .values(sent_at=now)
        .returning(Job.id)
        .execution_options(synchronize_session=False)
    )
    return len(session.execute(query).all())


def next_job_deadline(session: Session, ruleset: str | None, *, after_seconds: float) -> datetime | None:
    """When the next lease runs out, or the next waiting job has to be announced again."""
    lease = session.scalar(select(func.min(Job.lease_until)).where(Job.state == JobState.RUNNING))
    waiting = select(func.min(Job.sent_at)).where(
        Job.state == JobState.QUEUED, Job.ruleset == ruleset, Job.engine == ENGINE_VERSION
    )
    sent_at = session.scalar(waiting)
    again = sent_at + timedelta(seconds=after_seconds) if sent_at is not None else None
    return min((moment for moment in (lease, again) if moment is not None), default=None)


def next_closing(session: Session, *, now: datetime) -> datetime | None:
    """When the next submission settles."""
    waiting = (Submission.state.in_((_S.OPEN, _S.SCANNING)), Submission.closes_at > now)
    return session.scalar(select(func.min(Submission.closes_at)).where(*waiting))
