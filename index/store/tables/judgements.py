"""Verdicts of the scanner, cases for people, and what people decided. Append-only but for a case's claim and end."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from index.store.tables.accounts import User
from index.store.tables.base import Base
from index.store.tables.catalog import Submission

__all__ = ["Case", "CaseOrigin", "Decision", "DecisionKind", "StoredVerdict", "VerdictArtifact"]


class CaseOrigin(StrEnum):
    """Why a person is asked. A `failure` case (ours: scanner, worker) and a `waiting` one may end by themselves."""

    VERDICT = "verdict"
    FAILURE = "failure"
    HOLD_EVERYTHING = "hold_everything"
    WAITING = "waiting"
    """An earlier submission of the project is in review, or has just been rejected."""
    REOPENED = "reopened"
    SIBLING = "sibling"
    """The submission is published, and one with files of the same release or with the same bytes was rejected."""


class DecisionKind(StrEnum):
    """What a person says."""

    APPROVE = "approve"
    REJECT = "reject"
    REOPEN = "reopen"
    WITHDRAW = "withdraw"
    RESTORE = "restore"


class StoredVerdict(Base):
    """A verdict on one revision, immutable. The one with the highest id of the current revision is current."""

    __tablename__ = "verdict"

    id: Mapped[int] = mapped_column(primary_key=True)
    submission_id: Mapped[str] = mapped_column(ForeignKey("submission.id"), index=True)
    revision: Mapped[int]
    project: Mapped[str] = mapped_column(String(200))
    version: Mapped[str] = mapped_column(String(200))
    outcome: Mapped[str] = mapped_column(String(16))
    risk: Mapped[float]
    engine: Mapped[str] = mapped_column(String(16))
    ruleset: Mapped[str] = mapped_column(String(64))
    facts_digest: Mapped[str] = mapped_column(String(64))
    previous_submission_id: Mapped[str | None] = mapped_column(String(26))
    """The published submission that was its history."""
    payload: Mapped[str] = mapped_column(Text)
    """The JSON of a :class:`scanner.model.Verdict`."""
    created_at: Mapped[datetime]


class VerdictArtifact(Base):
    """Which bytes a verdict speaks of: the key that outlives projects and releases."""

    __tablename__ = "verdict_artifact"
    __table_args__ = (UniqueConstraint("verdict_id", "filename"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    verdict_id: Mapped[int] = mapped_column(ForeignKey("verdict.id"), index=True)
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    filename: Mapped[str] = mapped_column(String(255))


class Case(Base):
    """A submission with open reasons for a person to look."""

    __tablename__ = "review_case"

    id: Mapped[int] = mapped_column(primary_key=True)
    submission_id: Mapped[str] = mapped_column(ForeignKey("submission.id"), index=True)
    origin: Mapped[CaseOrigin] = mapped_column(String(20))
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None] = mapped_column(index=True)
    submission: Mapped[Submission] = relationship(lazy="joined")


class Decision(Base):
    """What a person decided on one revision, immutable."""

    __tablename__ = "decision"

    id: Mapped[int] = mapped_column(primary_key=True)
    submission_id: Mapped[str] = mapped_column(ForeignKey("submission.id"), index=True)
    revision: Mapped[int]
    verdict_id: Mapped[int | None] = mapped_column(ForeignKey("verdict.id"))
    """The verdict that was on the screen."""
    kind: Mapped[DecisionKind] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(Text)
    decided_by_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    decided_at: Mapped[datetime]
    decided_by: Mapped[User] = relationship(lazy="joined")
