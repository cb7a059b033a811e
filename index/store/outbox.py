"""The outbox: what somebody is owed to be told, written in the transaction of the event it tells of."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

from index.store.tables import Message

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

__all__ = ["Notice", "NoticeKind", "NoticeReason", "put"]


class NoticeKind(StrEnum):
    """Which mail it is."""

    HELD = "held"
    PUBLISHED = "published"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    CHANGED = "changed"
    """Somebody did something to a project that its owners have to know of."""
    ACCOUNT = "account"
    """Something was done with an account that its owner has to know of."""


class NoticeReason(msgspec.Struct, frozen=True):
    """One reason: what was found, and where."""

    title: str
    filename: str = ""
    member: str = ""
    line: int | None = None


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the mail says: what was true at the event stays true in the mail."""

    kind: NoticeKind
    submission_id: str = ""
    """Empty where it is about a whole project."""
    project: str = ""
    version: str = ""
    filenames: tuple[str, ...] = ()
    summary: str = ""
    """The verdict's sentence."""
    reasons: tuple[NoticeReason, ...] = ()
    by_person: bool = False
    """A person decided, rather than the scanner alone."""
    comment: str = ""
    """What that person wrote for the maintainer."""


def put(session: Session, notice: Notice, recipients: tuple[str, ...], *, now: datetime) -> None:
    """Each recipient (an address) is owed the notice, as soon as this transaction commits."""
    payload = msgspec.json.encode(notice).decode()
    session.add_all(
        Message(
            kind=notice.kind,
            recipient=recipient,
            submission_id=notice.submission_id,
            payload=payload,
            created_at=now,
            next_attempt_at=now,
        )
        for recipient in recipients
    )
