"""What is visible: the one query. Every reader of published files goes through it, and nothing else is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Select, select
from sqlalchemy.orm import joinedload

from index.store.tables import Artifact, File, Project, Release, Submission, SubmissionState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

__all__ = ["visible_file", "visible_files", "visible_projects"]


def _visible() -> Select[File]:
    """Files of published submissions whose bytes nobody has rejected."""
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
        )
        .options(joinedload(File.submission))
    )


def visible_files(session: Session, project: str) -> Sequence[File]:
    """The visible files of a project (normalized name), by filename."""
    return session.scalars(_visible().where(Project.name == project).order_by(File.filename)).all()


def visible_file(session: Session, sha256: str, filename: str) -> File | None:
    """The visible file with those bytes under that filename, if there is one."""
    return session.scalars(_visible().where(File.sha256 == sha256, File.filename == filename).limit(1)).first()


def visible_projects(session: Session) -> Sequence[str]:
    """The display names of all projects with a visible file, by normalized name."""
    statement = _visible().with_only_columns(Project.display_name, Project.name).distinct().order_by(Project.name)
    return [row.display_name for row in session.execute(statement)]
