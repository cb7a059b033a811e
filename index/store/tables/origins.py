"""Where files come from that nobody uploaded: an upstream index, or an import."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from index.store.tables.base import Base

__all__ = ["FileOrigin", "MirroredProject", "OriginKind"]


class OriginKind(StrEnum):
    """How a file came here without an upload."""

    UPSTREAM = "upstream"
    """Somebody asked for it, and it was fetched from the upstream index."""
    IMPORT = "import"
    """The operator imported it."""


class FileOrigin(Base):
    """Where a file was fetched, and what its source says of it; or why it was not taken. A fact, never a permission."""

    __tablename__ = "file_origin"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    filename: Mapped[str] = mapped_column(String(255), primary_key=True)
    project: Mapped[str] = mapped_column(String(200), index=True)
    """Normalized name."""
    kind: Mapped[OriginKind] = mapped_column(String(16))
    url: Mapped[str] = mapped_column(Text)
    """Of the file, without credentials; a path where it was imported from a folder."""
    upload_time: Mapped[datetime | None]
    """When it was uploaded there, as its source says."""
    recorded_at: Mapped[datetime]
    refused_at: Mapped[datetime | None]
    """When the checks of an upload refused it; it was not taken then."""
    refusal: Mapped[str] = mapped_column(Text, default="", server_default="")
    """Why, in sentences."""


class MirroredProject(Base):
    """A project whose files come from the upstream index, for as long as nobody here has a part in it."""

    __tablename__ = "mirrored_project"

    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"), primary_key=True)
    upstream: Mapped[str] = mapped_column(Text)
    """Root of the upstream's Simple API, without credentials."""
    since: Mapped[datetime]
