"""What is visible: the one query. Every reader of published files goes through it, and nothing else is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import Select, exists, func, select
from sqlalchemy.orm import joinedload

from index.store.tables import (
    Artifact,
    Downloads,
    File,
    Listing,
    Project,
    ProjectStatus,
    Release,
    Submission,
    SubmissionState,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import SQLColumnExpression
    from sqlalchemy.orm import Session

__all__ = [
    "Totals",
    "VisibleFile",
    "find_public_project",
    "has_been_visible",
    "latest_files",
    "listed_projects",
    "shown_files",
    "totals",
    "visible_downloads",
    "visible_file",
    "visible_files",
    "visible_projects",
]


class VisibleFile(NamedTuple):
    """What pages tell of a visible file: a large project has thousands, too many to load them whole."""

    id: int
    filename: str
    version: str
    sha256: str
    size: int
    published_at: datetime
    requires_python: str
    metadata_sha256: str
    yanked: bool
    yanked_reason: str
    attested: bool


class Totals(NamedTuple):
    """How much is visible."""

    projects: int
    releases: int
    files: int
    bytes: int


def _visible() -> Select[File]:
    """Files of published submissions whose bytes nobody has rejected, deleted or put into quarantine."""
    return (
        select(File)
        .join(Submission, File.submission_id == Submission.id)
        .join(Release, Submission.release_id == Release.id)
        .join(Project, Release.project_id == Project.id)
        .join(Artifact, File.sha256 == Artifact.sha256)
        .where(
            Submission.state == SubmissionState.PUBLISHED,
            Submission.published_at.is_not(None),
            Artifact.rejected_at.is_(None),
            File.deleted_at.is_(None),
            Project.status != ProjectStatus.QUARANTINED,
        )
        .options(joinedload(File.submission))
    )


def visible_files(session: Session, project: str) -> Sequence[File]:
    """The visible files of a project (normalized name), by filename."""
    return session.scalars(_visible().where(Project.name == project).order_by(File.filename)).all()


def shown_files(session: Session, project: str) -> list[VisibleFile]:
    """What pages tell of the visible files of a project (normalized name), by filename."""
    columns = (
        *(File.id, File.filename, Release.version, File.sha256, Artifact.size, Submission.published_at),
        *(File.requires_python, File.metadata_sha256, File.yanked, File.yanked_reason),
        func.coalesce(File.attestations, "") != "",
    )
    session.flush()
    # Of the connection, and not of the session: rows are all that is wanted.
    rows = session.connection().execute(_visible().with_only_columns(*columns).where(Project.name == project))
    return sorted(map(VisibleFile._make, rows), key=lambda file: file.filename)


def visible_file(session: Session, sha256: str, filename: str) -> File | None:
    """The visible file with those bytes under that filename, if there is one."""
    return session.scalars(_visible().where(File.sha256 == sha256, File.filename == filename).limit(1)).first()


def visible_projects(session: Session) -> Sequence[str]:
    """The display names of all projects with a visible file, by normalized name."""
    statement = _visible().with_only_columns(Project.display_name, Project.name).distinct().order_by(Project.name)
    return [row.display_name for row in session.execute(statement)]


def listed_projects(session: Session, *, start: str = "", end: str | None = None) -> list[tuple[str, str]]:
    """Normalized and display name of all projects with a visible file, as publication has listed them.

    With `start` and `end` those from the one name to before the other. Names are in the order of their bytes.
    """
    name: SQLColumnExpression[str] = Listing.project
    if session.get_bind().dialect.name == "postgresql":  # it sorts as the language of its cluster does
        name = Listing.project.collate("C")
    statement = select(Listing.project, Listing.display_name).where(name >= start)
    if end is not None:
        statement = statement.where(name < end)
    session.flush()
    rows = session.connection().execute(statement.order_by(name))
    return [(row.project, row.display_name) for row in rows]


def latest_files(session: Session, limit: int) -> Sequence[File]:
    """The visible files that were published last, the newest first."""
    return session.scalars(_visible().order_by(Submission.published_at.desc(), File.id.desc()).limit(limit)).all()


def totals(session: Session) -> Totals:
    """How many projects, releases and files are visible, and how large they are together."""
    counted = _visible().with_only_columns(
        func.count(Project.id.distinct()), func.count(Release.id.distinct()), func.count(), func.sum(Artifact.size)
    )
    projects, releases, files, size = session.execute(counted).one()
    return Totals(projects, releases, files, int(size or 0))


def visible_downloads() -> Select[File]:
    """The visible files with their downloads, one row for each day: columns and groups are the caller's to choose."""
    return _visible().join(Downloads, Downloads.file_id == File.id)


def has_been_visible(session: Session, project: Project) -> bool:
    """Whether the public has ever seen a file of the project."""
    seen = exists().where(
        Release.project_id == project.id,
        Submission.release_id == Release.id,
        Submission.published_at.is_not(None),
    )
    return bool(session.scalar(select(seen)))


def find_public_project(session: Session, name: str) -> Project | None:
    """The project `name` (normalized) if the public may know that it exists.

    A file of it is visible, or was before the project came into quarantine.
    """
    project = session.scalar(select(Project).where(Project.name == name))
    if project is None or project.status == ProjectStatus.QUARANTINED:
        return project if project is not None and has_been_visible(session, project) else None
    shown = session.scalar(_visible().with_only_columns(File.id).where(Project.name == name).limit(1))
    return project if shown is not None else None
