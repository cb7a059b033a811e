"""Cases: which submissions a person is asked to look at, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from index.audit.log import Event, append
from index.store.tables import Case, CaseOrigin

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from index.store.tables import Submission

__all__ = ["close_case", "open_case", "open_case_of"]

_ACTOR = "system:gate"


def open_case_of(session: Session, submission: Submission) -> Case | None:
    """The submission's open case."""
    query = select(Case).where(Case.submission_id == submission.id, Case.closed_at.is_(None))
    return session.scalars(query.order_by(Case.id.desc())).first()


def open_case(session: Session, submission: Submission, origin: CaseOrigin, *, now: datetime) -> Case:
    """A case of `origin` is open, and it is the only one; one of the same origin stays as it is."""
    case = open_case_of(session, submission)
    if case is not None and case.origin == origin:
        return case
    old = case.origin if case is not None else ""
    if case is not None:
        case.closed_at = now
    case = Case(submission_id=submission.id, origin=origin, opened_at=now)
    session.add(case)
    session.flush()
    event = Event(actor=_ACTOR, action="case.opened", subject=f"submission:{submission.id}", old=old, new=origin)
    append(session, event, now=now)
    return case


def close_case(session: Session, submission: Submission, *, now: datetime) -> None:
    """The submission has no open case."""
    case = open_case_of(session, submission)
    if case is not None:
        case.closed_at = now
        session.flush()
