"""The state of the whole system, and its log, for administrators."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import func, select

from index.hold.rulesets import active_ruleset
from index.hold.switches import HOLD_EVERYTHING, read_switch
from index.review.case import EventFact
from index.review.queue import counts
from index.store.tables import Job, JobState, LogEntry, Message

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy.orm import Session

    from index.settings import Settings
    from index.store.tables import SubmissionState

__all__ = ["LogLine", "LogPage", "SystemState", "log_page", "system_state"]

_LINES: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemState:
    """What an administrator looks at first."""

    ruleset: str | None
    held_by_switch: bool
    held_by_setting: bool
    submissions: Mapping[SubmissionState, int]
    jobs: Mapping[JobState, int]
    oldest_waiting_job: datetime | None
    unsent_mails: int
    log_entries: int


@dataclass(frozen=True, slots=True)
class LogLine:
    """An entry of the log, with what it is about."""

    event: EventFact
    subject: str


@dataclass(frozen=True, slots=True)
class LogPage:
    """Some entries, the latest first; `older` is where the next page begins, None at the end."""

    lines: tuple[LogLine, ...]
    older: int | None


def system_state(session: Session, settings: Settings) -> SystemState:
    """The state at this moment."""
    jobs = session.execute(select(Job.state, func.count()).group_by(Job.state)).all()
    oldest = session.scalar(select(func.min(Job.created_at)).where(Job.state == JobState.QUEUED))
    return SystemState(
        ruleset=active_ruleset(session),
        held_by_switch=read_switch(session, HOLD_EVERYTHING) == "on",
        held_by_setting=settings.hold_everything,
        submissions=counts(session),
        jobs=dict.fromkeys(JobState, 0) | {JobState(state): number for state, number in jobs},
        oldest_waiting_job=oldest,
        unsent_mails=session.scalar(select(func.count()).where(Message.sent_at.is_(None))) or 0,
        log_entries=session.scalar(select(func.max(LogEntry.seq))) or 0,
    )


def log_page(session: Session, *, before: int | None = None) -> LogPage:
    """The latest entries, or those before number `before`."""
    statement = select(LogEntry).order_by(LogEntry.seq.desc()).limit(_LINES)
    if before is not None:
        statement = statement.where(LogEntry.seq < before)
    lines = tuple(
        LogLine(EventFact(row.seq, row.at, row.actor, row.action, row.old, row.new), row.subject)
        for row in session.scalars(statement)
    )
    older = lines[-1].event.seq if lines and lines[-1].event.seq > 1 else None
    return LogPage(lines, older)
