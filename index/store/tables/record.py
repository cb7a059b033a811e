"""The outbox, the log, rendered pages and switches."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from index.store.tables.base import Base

__all__ = ["DetailPage", "LogEntry", "Message", "Switch"]


class Message(Base):
    """A mail that is owed: written with the event that it tells of, sent by the keeper."""

    __tablename__ = "message"
    __table_args__ = (Index("ix_message_due", "sent_at", "next_attempt_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))
    """Which template: `held`, `published`, `rejected`."""
    recipient: Mapped[str] = mapped_column(String(255))
    submission_id: Mapped[str] = mapped_column(String(26), index=True)
    payload: Mapped[str] = mapped_column(Text)
    """JSON with everything that the template says: what was true at the event stays true in the mail."""
    created_at: Mapped[datetime]
    next_attempt_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    sent_at: Mapped[datetime | None]
    error: Mapped[str] = mapped_column(Text, default="")


class LogEntry(Base):
    """One event, chained to the one before: `hash = SHA-256(previous_hash + canonical JSON of the rest)`."""

    __tablename__ = "log_entry"

    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(100))
    action: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(300), index=True)
    old: Mapped[str] = mapped_column(String(64), default="")
    new: Mapped[str] = mapped_column(String(64), default="")
    ruleset: Mapped[str] = mapped_column(String(64), default="")
    evidence: Mapped[str] = mapped_column(String(64), default="")
    """SHA-256 of what the event rests on (a facts digest, a file), or empty."""
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64), unique=True)


class DetailPage(Base):
    """The rendered project detail of the Simple API, renewed in the transaction that changes it."""

    __tablename__ = "detail_page"

    project: Mapped[str] = mapped_column(String(200), primary_key=True)
    """Normalized name."""
    serial: Mapped[int]
    """`seq` of the log entry that changed it."""
    html: Mapped[bytes]
    json: Mapped[bytes]
    updated_at: Mapped[datetime]


class Switch(Base):
    """A value of the whole system that outlives a restart (`active_ruleset`, `hold_everything`)."""

    __tablename__ = "switch"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[str] = mapped_column(Text)
    updated_at: Mapped[datetime]
