"""How long what comes next takes, from how long it took before; nothing is said where too little is known."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Final

from sqlalchemy import exists, select
from sqlalchemy.orm import aliased

from index.store.tables import Case, Decision, DecisionKind, StoredVerdict, Submission, SubmissionState

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import timedelta

    from sqlalchemy.orm import Session

__all__ = ["Expected", "expected_of", "in_words"]

#: So many of the latest are looked at.
_LATEST: Final = 50

#: Fewer tell nothing.
_LEAST: Final = 5

_UNITS: Final = (("day", 86400), ("hour", 3600), ("minute", 60))


@dataclass(frozen=True, slots=True)
class Expected:
    """How long it takes in half of all cases."""

    seconds: float
    text: str


def expected_of(session: Session, submission: Submission, *, settle_seconds: float) -> Expected | None:
    """How long the present state of `submission` lasts."""
    if submission.state == SubmissionState.OPEN and not submission.is_session:
        text = f"They are inspected as soon as no file has come for {in_words(settle_seconds)}."
        return Expected(settle_seconds, text)
    if submission.state == SubmissionState.SCANNING:
        return _half(_inspections(session), "releases were inspected within")
    if submission.state == SubmissionState.IN_REVIEW:
        return _half(_reviews(session), "reviews took no longer than")
    return None


def in_words(seconds: float) -> str:
    """`1 second`, `4 minutes`, `3 hours`: rounded up, so that it is not a promise that was broken."""
    for unit, length in _UNITS:
        if seconds > length:
            return _counted(-int(-seconds // length), unit)
    return _counted(max(1, -int(-seconds // 1)), "second")


def _counted(number: int, unit: str) -> str:
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"


def _half(durations: Iterable[timedelta], said: str) -> Expected | None:
    seconds = [max(0.0, duration.total_seconds()) for duration in durations]
    if len(seconds) < _LEAST:
        return None
    half = median(seconds)
    return Expected(half, f"Half of the last {len(seconds)} {said} {in_words(half)}.")


def _inspections(session: Session) -> list[timedelta]:
    """From closing to the first verdict. Later verdicts are new looks at what had one."""
    earlier = aliased(StoredVerdict)
    query = (
        select(StoredVerdict.created_at, Submission.closes_at)
        .join(Submission, StoredVerdict.submission_id == Submission.id)
        .where(
            StoredVerdict.revision == Submission.revision,
            ~exists().where(earlier.submission_id == StoredVerdict.submission_id, earlier.id < StoredVerdict.id),
        )
        .order_by(StoredVerdict.id.desc())
        .limit(_LATEST)
    )
    return [judged - closed for judged, closed in session.execute(query)]


def _reviews(session: Session) -> list[timedelta]:
    """From the opening of a case to the decision that ended it."""
    query = (
        select(Case.closed_at, Case.opened_at)
        .join(Decision, Decision.submission_id == Case.submission_id)
        .where(Decision.decided_at == Case.closed_at, Decision.kind.in_((DecisionKind.APPROVE, DecisionKind.REJECT)))
        .order_by(Decision.id.desc())
        .limit(_LATEST)
    )
    return [closed - opened for closed, opened in session.execute(query) if closed is not None]
