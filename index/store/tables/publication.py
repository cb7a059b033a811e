"""What is shown: the list of projects, the feed of changes, rendered descriptions; and how much it is used."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Date, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from index.store.tables.base import Base

__all__ = ["Change", "ChangeKind", "Dependency", "Downloads", "Listing", "RenderedDescription"]


class Listing(Base):
    """A project with a visible file, as lists and the search show it; renewed with its detail page."""

    __tablename__ = "listing"

    project: Mapped[str] = mapped_column(String(200), primary_key=True)
    """Normalized name."""
    display_name: Mapped[str] = mapped_column(String(200))
    version: Mapped[str] = mapped_column(String(200))
    """The newest final release that is not yanked; else the newest of what there is."""
    summary: Mapped[str] = mapped_column(String(512))
    first_published_at: Mapped[datetime] = mapped_column(index=True)
    last_published_at: Mapped[datetime]


class ChangeKind(StrEnum):
    """What happened to a file that the public sees or saw; `status` is about a whole project."""

    PUBLISHED = "published"
    UNPUBLISHED = "unpublished"
    YANKED = "yanked"
    UNYANKED = "unyanked"
    STATUS = "status"


class Change(Base):
    """One change of what is visible. Those of one transaction share the serial of the page that they changed."""

    __tablename__ = "change"

    id: Mapped[int] = mapped_column(primary_key=True)
    serial: Mapped[int] = mapped_column(index=True)
    at: Mapped[datetime]
    kind: Mapped[ChangeKind] = mapped_column(String(16))
    project: Mapped[str] = mapped_column(String(200))
    """Normalized name."""
    version: Mapped[str] = mapped_column(String(200), default="")
    filename: Mapped[str] = mapped_column(String(255), default="")
    sha256: Mapped[str] = mapped_column(String(64), default="")


class RenderedDescription(Base):
    """A description as HTML, by the digest of its source: rendering is slow, and done once."""

    __tablename__ = "rendered_description"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    html: Mapped[str | None] = mapped_column(Text)
    """None where it could not be rendered: it is shown as plain text."""
    created_at: Mapped[datetime]


class Downloads(Base):
    """How often a file was given out on one day (UTC)."""

    __tablename__ = "downloads"

    file_id: Mapped[int] = mapped_column(ForeignKey("file.id"), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    count: Mapped[int]


class Dependency(Base):
    """The newest visible release of a project requires another project; renewed with its detail page."""

    __tablename__ = "dependency"

    project: Mapped[str] = mapped_column(String(200), primary_key=True)
    """Normalized name."""
    requires: Mapped[str] = mapped_column(String(200), primary_key=True, index=True)
    """Normalized name, of a project of this index or of none."""
