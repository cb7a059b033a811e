"""Projects, releases, artifacts, submissions and files."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from index.store.tables.base import Base

__all__ = ["Artifact", "File", "FilenameClaim", "Project", "ProjectStatus", "Release", "Submission", "SubmissionState"]


class SubmissionState(StrEnum):
    """Where a submission stands. Everything but `published` is held, and held is invisible."""

    OPEN = "open"
    SCANNING = "scanning"
    IN_REVIEW = "in_review"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"
    REJECTED = "rejected"
    CANCELED = "canceled"


class ProjectStatus(StrEnum):
    """What a project's owners, or the index, say of all of it (PEP 792)."""

    ACTIVE = "active"
    ARCHIVED = "archived"
    """No new files are taken."""
    DEPRECATED = "deprecated"
    QUARANTINED = "quarantined"
    """No file is given out, and none is taken."""


class Project(Base):
    """A name, from its first accepted file on. Invisible until a submission of it is published."""

    __tablename__ = "project"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200), unique=True)
    """Normalized (PEP 503)."""
    display_name: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime]
    status: Mapped[ProjectStatus] = mapped_column(
        String(16), default=ProjectStatus.ACTIVE, server_default=str(ProjectStatus.ACTIVE)
    )
    status_reason: Mapped[str] = mapped_column(String(500), default="", server_default="")


class Release(Base):
    """One version of a project."""

    __tablename__ = "release"
    __table_args__ = (UniqueConstraint("project_id", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"))
    version: Mapped[str] = mapped_column(String(200))
    """Canonical (PEP 440), trailing zeros kept."""
    created_at: Mapped[datetime]
    project: Mapped[Project] = relationship(lazy="joined")


class Artifact(Base):
    """Bytes, named by their SHA-256. A rejected artifact is refused under any name."""

    __tablename__ = "artifact"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    blake2_256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int]
    received_at: Mapped[datetime]
    rejected_at: Mapped[datetime | None]


class Submission(Base):
    """The files of one release that are judged together."""

    __tablename__ = "submission"
    __table_args__ = (Index("ix_submission_state_closes_at", "state", "closes_at"),)

    id: Mapped[str] = mapped_column(String(26), primary_key=True)
    """Time-ordered and unguessable (ULID)."""
    release_id: Mapped[int] = mapped_column(ForeignKey("release.id"), index=True)
    state: Mapped[SubmissionState] = mapped_column(String(16))
    revision: Mapped[int] = mapped_column(default=1)
    """Raised by every file that is added after it has closed: earlier verdicts and approvals no longer count."""
    opened_by_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    opened_at: Mapped[datetime]
    closes_at: Mapped[datetime]
    """When it closes, unless another file comes; an open session expires then."""
    state_changed_at: Mapped[datetime]
    published_at: Mapped[datetime | None] = mapped_column(index=True)
    mixed_publishers: Mapped[bool] = mapped_column(default=False)
    review_required: Mapped[bool] = mapped_column(default=False)
    """True where an earlier submission of this release was rejected."""
    is_session: Mapped[bool] = mapped_column(default=False, server_default=false())
    """True where a publishing session (PEP 694) fills it: it closes when told to, and takes files from nowhere else."""
    release: Mapped[Release] = relationship(lazy="joined")
    files: Mapped[list[File]] = relationship(back_populates="submission", order_by="File.id")


class File(Base):
    """An artifact under a filename in a submission, with what its own metadata says."""

    __tablename__ = "file"
    __table_args__ = (UniqueConstraint("submission_id", "filename"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    submission_id: Mapped[str] = mapped_column(ForeignKey("submission.id"), index=True)
    filename: Mapped[str] = mapped_column(String(255), index=True)
    sha256: Mapped[str] = mapped_column(ForeignKey("artifact.sha256"), index=True)
    packagetype: Mapped[str] = mapped_column(String(16))
    """`bdist_wheel` or `sdist`."""
    requires_python: Mapped[str] = mapped_column(String(255), default="")
    metadata_bytes: Mapped[bytes]
    """The METADATA or PKG-INFO of the artifact, byte for byte."""
    metadata_sha256: Mapped[str] = mapped_column(String(64))
    attestations: Mapped[str | None] = mapped_column(Text)
    """The verified attestations as they were sent: a JSON array (PEP 740)."""
    provenance: Mapped[str | None] = mapped_column(Text)
    """What verifying them told: a JSON array of :class:`scanner.model.ProvenanceFact`."""
    uploaded_at: Mapped[datetime]
    uploaded_by_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    yanked: Mapped[bool] = mapped_column(default=False)
    yanked_reason: Mapped[str] = mapped_column(String(500), default="")
    deleted_at: Mapped[datetime | None]
    """When its owner deleted it: it is shown nowhere, and its bytes are gone. Its filename stays taken."""
    artifact: Mapped[Artifact] = relationship(lazy="joined")
    submission: Mapped[Submission] = relationship(back_populates="files")


class FilenameClaim(Base):
    """Who has a filename: a live submission, or for ever the one that was published with it."""

    __tablename__ = "filename_claim"

    filename: Mapped[str] = mapped_column(String(255), primary_key=True)
    submission_id: Mapped[str] = mapped_column(ForeignKey("submission.id"), index=True)
    sha256: Mapped[str] = mapped_column(String(64))
    burned: Mapped[bool] = mapped_column(default=False)
    """True from publication on: no other bytes may ever come under this name."""
