"""Where a session stands: read from its submission, never stored."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from index.store.tables import SubmissionState

if TYPE_CHECKING:
    from datetime import datetime

    from index.settings import Settings
    from index.store.tables import PublishingSession

__all__ = ["EDITABLE", "SessionStatus", "expiry_of", "latest_expiry", "lifetime_of", "status_of"]


class SessionStatus(StrEnum):
    """The states of a publishing session, in the words of PEP 694."""

    OPEN = "open"
    PROCESSING = "processing"
    """Held: it is being inspected, or a person looks at it. There is no limit of time."""
    PUBLISHED = "published"
    ERROR = "error"
    """Rejected, and editable: other files may be sent and published."""
    CANCELED = "canceled"


#: States in which files come and go.
EDITABLE: Final = (SessionStatus.OPEN, SessionStatus.ERROR)

_S, _P = SubmissionState, SessionStatus

_STATUS: Final = {
    _S.OPEN: _P.OPEN,
    _S.SCANNING: _P.PROCESSING,
    _S.IN_REVIEW: _P.PROCESSING,
    _S.PUBLISHED: _P.PUBLISHED,
    _S.WITHDRAWN: _P.PUBLISHED,
    _S.REJECTED: _P.ERROR,
    _S.CANCELED: _P.CANCELED,
}

#: So many lifetimes after its creation a session cannot be extended any further.
_LONGEST: Final = 4


def status_of(record: PublishingSession, settings: Settings, *, now: datetime) -> SessionStatus:
    """Where the session stands at `now`."""
    if record.canceled_at is not None:
        return _P.CANCELED
    status = _STATUS[SubmissionState(record.submission.state)]
    if status is _P.OPEN and record.failed_id is not None:
        return _P.ERROR
    if record.submission.state == _S.REJECTED and now >= expiry_of(record, settings, now=now):
        return _P.CANCELED
    return status


def lifetime_of(settings: Settings) -> timedelta:
    """How long a session lives that nobody extends."""
    return timedelta(days=settings.session_days)


def expiry_of(record: PublishingSession, settings: Settings, *, now: datetime) -> datetime:
    """When the session expires. Time that it spends in our hands does not count."""
    submission = record.submission
    if submission.state == _S.OPEN:
        return submission.closes_at
    if submission.state == _S.CANCELED:
        return record.expires_at
    held = submission.state in (_S.SCANNING, _S.IN_REVIEW)
    return max(record.expires_at, (now if held else submission.state_changed_at) + lifetime_of(settings))


def latest_expiry(record: PublishingSession, settings: Settings) -> datetime:
    """The latest moment until which the session can be extended."""
    return record.created_at + _LONGEST * lifetime_of(settings)
