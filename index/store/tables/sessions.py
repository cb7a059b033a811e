"""Publishing sessions of the upload API 2.0 (PEP 694), and the files that are on their way in one."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from index.store.tables.base import Base
from index.store.tables.catalog import Submission

__all__ = ["FileSession", "FileStatus", "PublishingSession"]


class FileStatus(StrEnum):
    """Where one file of a session stands. `processing` is not among them: a file is completed within the request."""

    PENDING = "pending"
    COMPLETED = "completed"
    ERROR = "error"
    CANCELED = "canceled"


class PublishingSession(Base):
    """A session: the submission that it fills now, and what is kept beside it.

    Its status is not stored: it is read from the submission. Only a rejection separates the two: the rejected
    submission stays as it is, and the session, when it is edited again, fills another one.
    """

    __tablename__ = "publishing_session"

    id: Mapped[str] = mapped_column(String(26), primary_key=True)
    """Time-ordered and unguessable (ULID)."""
    submission_id: Mapped[str] = mapped_column(ForeignKey("submission.id"), unique=True)
    failed_id: Mapped[str | None] = mapped_column(ForeignKey("submission.id"))
    """The rejected submission before the present one."""
    opened_by_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    canceled_at: Mapped[datetime | None]
    submission: Mapped[Submission] = relationship(foreign_keys=[submission_id], lazy="joined")


class FileSession(Base):
    """One file of a session: what was announced, what has come, and what became of it."""

    __tablename__ = "file_session"

    id: Mapped[str] = mapped_column(String(26), primary_key=True)
    session_id: Mapped[str] = mapped_column(ForeignKey("publishing_session.id"), index=True)
    filename: Mapped[str] = mapped_column(String(255))
    size: Mapped[int]
    """As announced."""
    hashes: Mapped[str] = mapped_column(Text)
    """As announced: a JSON object of algorithms and hexadecimal digests, one of them strong."""
    status: Mapped[FileStatus] = mapped_column(String(16))
    sha256: Mapped[str | None] = mapped_column(String(64))
    """Of the bytes that have come and are stored as a blob."""
    blake2_256: Mapped[str | None] = mapped_column(String(64))
    attestations: Mapped[str | None] = mapped_column(Text)
    """As they were sent: a JSON array (PEP 740), verified at completion."""
    notices: Mapped[str] = mapped_column(Text, default="[]")
    """Why its completion failed: a JSON array of sentences."""
    created_by_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    created_at: Mapped[datetime]
    session: Mapped[PublishingSession] = relationship(lazy="joined")
