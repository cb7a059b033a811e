"""Jobs: work that is written down, leased to one worker at a time, and fenced against those who come late.

The row is the truth; a message only says that there is work. `attempt` is the fencing token: it is raised by every
claim, and whoever writes a result must still have the current one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, cast

from sqlalchemy import and_, func, or_, select, update

from index.audit.log import Event, append
from index.clock import utcnow
from index.hold.inserting import insert_unless_there
from index.store.tables import Job, JobKind, JobState, StoredInspection
from index.store.tables.base import UtcDateTime
from scanner.model import ENGINE_VERSION, RulesetHash, Sha256Hex, encode

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement, CursorResult
    from sqlalchemy.orm import Session

    from scanner.model import Inspection

__all__ = [
    "MAX_ATTEMPTS",
    "MAX_FAILURES",
    "ClaimedJob",
    "WrongInspection",
    "claim",
    "expire_leases",
    "fail",
    "fail_child",
    "finish",
    "give_back",
    "lease_clock",
    "renew",
]

#: After so many failures of the scanner's child a job has failed for good.
MAX_FAILURES: Final = 3

#: A job that so many workers took and none answered (each died) has failed too, or it would go round for ever.
MAX_ATTEMPTS: Final = 20


class WrongInspection(Exception):
    """The inspection speaks of other bytes, another name, engine or ruleset than the job asked for."""


@dataclass(frozen=True, slots=True)
class ClaimedJob:
    """A job on lease."""

    id: int
    kind: JobKind
    sha256: Sha256Hex
    filename: str
    ruleset: RulesetHash
    attempt: int
    """The fencing token."""


def lease_clock(session: Session) -> datetime:
    """The time that leases are counted in: the database's where several machines share one, else this machine's."""
    if session.get_bind().dialect.name == "postgresql":
        return session.execute(select(func.clock_timestamp(type_=UtcDateTime()))).scalar_one()
    return utcnow()


def claim(session: Session, *, owner: str, ruleset: str, now: datetime, lease_seconds: float) -> ClaimedJob | None:
    """The most urgent job that is free, leased to `owner`; None where nothing is claimable.

    Free is what is queued, or what is leased to somebody whose lease has run out. One statement, so two workers
    never get the same attempt of one job.
    """
    free = or_(Job.state == JobState.QUEUED, and_(Job.state == JobState.RUNNING, Job.lease_until <= now))
    pick = (
        select(Job.id)
        .where(free, Job.ruleset == ruleset, Job.engine == ENGINE_VERSION, Job.attempt < MAX_ATTEMPTS)
        .order_by(Job.priority.desc(), Job.id)
        .limit(1)
    )
    if session.get_bind().dialect.name == "postgresql":
        pick = pick.with_for_update(skip_locked=True)
    query = (
        update(Job)
        .where(Job.id == pick.scalar_subquery())
        .values(
            state=JobState.RUNNING,
            attempt=Job.attempt + 1,
            owner=owner,
            lease_until=now + timedelta(seconds=lease_seconds),
        )
        .returning(Job.id, Job.kind, Job.sha256, Job.filename, Job.ruleset, Job.attempt)
        .execution_options(synchronize_session=False)
    )
    row = session.execute(query).first()
    if row is None:
        return None
    return ClaimedJob(
        row.id, JobKind(row.kind), Sha256Hex(row.sha256), row.filename, RulesetHash(row.ruleset), row.attempt
    )


def _held_by(job: ClaimedJob) -> tuple[ColumnElement[bool], ...]:
    return (Job.id == job.id, Job.attempt == job.attempt, Job.state == JobState.RUNNING)


def _update_held(session: Session, job: ClaimedJob, **values: object) -> bool:
    query = update(Job).where(*_held_by(job)).values(**values).execution_options(synchronize_session=False)
    return cast("CursorResult[object]", session.execute(query)).rowcount == 1


def renew(session: Session, job: ClaimedJob, *, now: datetime, lease_seconds: float) -> bool:
    """The lease lasts `lease_seconds` from now; False where the job is no longer ours."""
    return _update_held(session, job, lease_until=now + timedelta(seconds=lease_seconds))


def finish(session: Session, job: ClaimedJob, inspection: Inspection, *, now: datetime) -> bool:
    """The inspection is stored and the job done; False, and nothing was written, where the job is no longer ours.

    Raises:
        WrongInspection: the inspection is not the one that the job asked for.
    """
    got = (inspection.sha256, inspection.filename, inspection.engine, inspection.ruleset)
    expected = (job.sha256, job.filename, ENGINE_VERSION, job.ruleset)
    if got != expected:
        raise WrongInspection(f"job {job.id}: got an inspection of {got}, expected {expected}")
    if not _update_held(session, job, state=JobState.DONE, lease_until=None, finished_at=now, error=""):
        return False
    values = {
        "sha256": job.sha256,
        "filename": job.filename,
        "engine": ENGINE_VERSION,
        "ruleset": job.ruleset,
        "payload": encode(inspection).decode(),
        "created_at": now,
    }
    insert_unless_there(session, StoredInspection, values)
    return True


def fail_child(session: Session, job: ClaimedJob, error: str, *, now: datetime) -> bool:
    """The failure is counted; the job waits for another try, or has failed for good after `MAX_FAILURES`.

    False, and nothing was written, where the job is no longer ours.
    """
    failures = session.scalar(select(Job.failures).where(*_held_by(job)))
    if failures is None:
        return False
    if failures + 1 >= MAX_FAILURES or job.attempt >= MAX_ATTEMPTS:
        return fail(session, job, error, now=now)
    return _update_held(
        session, job, state=JobState.QUEUED, lease_until=None, failures=failures + 1, error=error, sent_at=now
    )


def give_back(session: Session, job: ClaimedJob, error: str, *, now: datetime) -> bool:
    """The job waits for another worker; what went wrong was no failure of the child.

    Only `MAX_ATTEMPTS` bounds how often that can happen. False where the job is no longer ours.
    """
    if job.attempt >= MAX_ATTEMPTS:
        return fail(session, job, error, now=now)
    return _update_held(session, job, state=JobState.QUEUED, lease_until=None, error=error, sent_at=now)


def fail(session: Session, job: ClaimedJob, error: str, *, now: datetime) -> bool:
    """The job has failed for good: what it should have inspected is unscannable, and stays held.

    False, and nothing was written, where the job is no longer ours.
    """
    failed = _update_held(
        session,
        job,
        state=JobState.FAILED,
        lease_until=None,
        failures=Job.failures + 1,
        error=error,
        finished_at=now,
    )
    if failed:
        _log_failed(session, job.filename, job.ruleset, job.sha256, now=now)
    return failed


def _log_failed(session: Session, filename: str, ruleset: str, sha256: str, *, now: datetime) -> None:
    event = Event(
        actor="system:worker",
        action="job.failed",
        subject=f"file:{filename}",
        new=JobState.FAILED,
        ruleset=ruleset,
        evidence=sha256,
    )
    append(session, event, now=now)


def expire_leases(session: Session, *, now: datetime) -> tuple[int, list[Job]]:
    """What dead workers held is free again: how many jobs, and those that nobody will try any more.

    A lost worker does not count as a failure of the child; but after `MAX_ATTEMPTS` claims without an answer the
    job has failed.
    """
    query = select(Job).where(Job.state == JobState.RUNNING, Job.lease_until <= now).order_by(Job.id)
    if session.get_bind().dialect.name == "postgresql":
        query = query.with_for_update(skip_locked=True)
    freed, given_up = 0, []
    for job in session.scalars(query.execution_options(populate_existing=True)).all():
        job.lease_until = None
        if job.attempt < MAX_ATTEMPTS:
            job.state, job.sent_at = JobState.QUEUED, now
            freed += 1
            continue
        job.state, job.finished_at = JobState.FAILED, now
        job.error = f"no worker that took it gave an answer, in {job.attempt} attempts"
        _log_failed(session, job.filename, job.ruleset, job.sha256, now=now)
        given_up.append(job)
    session.flush()
    return freed, given_up
