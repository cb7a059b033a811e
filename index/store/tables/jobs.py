"""Work for the scanner, and what it found."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from index.store.tables.base import Base

__all__ = ["Job", "JobKind", "JobState", "StoredInspection"]


class JobKind(StrEnum):
    """What is to be done."""

    INSPECT = "inspect"
    RESCAN = "rescan"


class JobState(StrEnum):
    """`queued` may be claimed; `running` is leased; `failed` is final after three failures of the child."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Job(Base):
    """One piece of work: at once outbox, lease and history. `attempt` is the fencing token."""

    __tablename__ = "job"
    __table_args__ = (
        UniqueConstraint("kind", "sha256", "filename", "engine", "ruleset", "generation"),
        Index("ix_job_claim", "state", "priority", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[JobKind] = mapped_column(String(16))
    sha256: Mapped[str] = mapped_column(ForeignKey("artifact.sha256"), index=True)
    filename: Mapped[str] = mapped_column(String(255))
    engine: Mapped[str] = mapped_column(String(16))
    ruleset: Mapped[str] = mapped_column(String(64))
    generation: Mapped[int] = mapped_column(default=0)
    state: Mapped[JobState] = mapped_column(String(16))
    priority: Mapped[int] = mapped_column(default=0)
    """Higher is sooner."""
    attempt: Mapped[int] = mapped_column(default=0)
    failures: Mapped[int] = mapped_column(default=0)
    """How often the scanner's child failed; a lost worker does not count."""
    lease_until: Mapped[datetime | None]
    owner: Mapped[str] = mapped_column(String(100), default="")
    sent_at: Mapped[datetime | None]
    error: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class StoredInspection(Base):
    """An inspection, immutable."""

    __tablename__ = "inspection"
    __table_args__ = (UniqueConstraint("sha256", "filename", "engine", "ruleset"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    filename: Mapped[str] = mapped_column(String(255))
    engine: Mapped[str] = mapped_column(String(16))
    ruleset: Mapped[str] = mapped_column(String(64))
    payload: Mapped[str] = mapped_column(Text)
    """The JSON of a :class:`scanner.model.Inspection`."""
    created_at: Mapped[datetime]
