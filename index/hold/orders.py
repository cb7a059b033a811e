"""Orders: what is to be inspected, and under which rules. Each is written down once, as a job."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from sqlalchemy import exists, literal, select

from index.hold.inserting import insert_unless_there
from index.store.tables import Job, JobKind, JobState, StoredInspection
from scanner.model import ENGINE_VERSION

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Exists, SQLColumnExpression
    from sqlalchemy.orm import Session

__all__ = ["Priority", "Subject", "enqueue", "inspected", "order_first", "retry_failed", "work_under_way"]


class Priority(IntEnum):
    """Higher is sooner."""

    UPLOAD = 10
    REVIEW = 5
    WITHDRAWN = 0


@dataclass(frozen=True, slots=True)
class Subject:
    """What is to be inspected, and under which rules."""

    sha256: str
    filename: str
    ruleset: str


def inspected(sha256: SQLColumnExpression[str], filename: SQLColumnExpression[str], ruleset: str) -> Exists:
    """SQL: an inspection of the artifact under the filename exists, by this engine and `ruleset`."""
    return exists().where(
        StoredInspection.sha256 == sha256,
        StoredInspection.filename == filename,
        StoredInspection.engine == ENGINE_VERSION,
        StoredInspection.ruleset == ruleset,
    )


def work_under_way(sha256: SQLColumnExpression[str], filename: SQLColumnExpression[str], ruleset: str) -> Exists:
    """SQL: an inspecting job of the artifact under the filename waits or runs."""
    return exists().where(
        Job.kind == JobKind.INSPECT,
        Job.sha256 == sha256,
        Job.filename == filename,
        Job.engine == ENGINE_VERSION,
        Job.ruleset == ruleset,
        Job.state.in_((JobState.QUEUED, JobState.RUNNING)),
    )


def _latest(session: Session, subject: Subject) -> Job | None:
    query = select(Job).where(
        Job.kind == JobKind.INSPECT,
        Job.sha256 == subject.sha256,
        Job.filename == subject.filename,
        Job.engine == ENGINE_VERSION,
        Job.ruleset == subject.ruleset,
    )
    return session.scalars(query.order_by(Job.generation.desc()).limit(1)).first()


def enqueue(session: Session, subject: Subject, *, now: datetime, priority: Priority = Priority.UPLOAD) -> bool:
    """The subject is inspected, or a job for it exists; True where this call has written the job.

    A job that failed for good stays failed: `retry_failed` asks again.
    """
    if session.scalar(select(inspected(literal(subject.sha256), literal(subject.filename), subject.ruleset))):
        return False
    latest = _latest(session, subject)
    if latest is None:
        return _insert(session, subject, now=now, priority=priority, generation=0)
    if latest.state == JobState.DONE:  # its inspection is gone
        return _insert(session, subject, now=now, priority=priority, generation=latest.generation + 1)
    if latest.state == JobState.QUEUED and latest.priority < priority:
        latest.priority = priority
    return False


def order_first(session: Session, subject: Subject, *, now: datetime) -> bool:
    """A job for an artifact that has just been seen for the first time: nothing can be known of it."""
    return _insert(session, subject, now=now, priority=Priority.UPLOAD, generation=0)


def retry_failed(session: Session, subject: Subject, *, now: datetime) -> bool:
    """A job that failed for good is asked for once more; False where there is none."""
    latest = _latest(session, subject)
    if latest is None or latest.state != JobState.FAILED:
        return False
    return _insert(session, subject, now=now, priority=Priority.REVIEW, generation=latest.generation + 1)


def _insert(session: Session, subject: Subject, *, now: datetime, priority: Priority, generation: int) -> bool:
    values = {
        "kind": JobKind.INSPECT,
        "sha256": subject.sha256,
        "filename": subject.filename,
        "engine": ENGINE_VERSION,
        "ruleset": subject.ruleset,
        "generation": generation,
        "state": JobState.QUEUED,
        "priority": int(priority),
        "attempt": 0,
        "failures": 0,
        "owner": "",
        "error": "",
        "sent_at": now,  # whoever writes a job rings after the commit
        "created_at": now,
    }
    return insert_unless_there(session, Job, values)
