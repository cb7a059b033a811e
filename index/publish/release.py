"""Publication and its undoing: files, pages, metadata and provenance appear together, in one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from sqlalchemy import delete, update

from index.audit.log import Event, append
from index.publish.render import FileEntry, detail_html, detail_json
from index.publish.visible import visible_files
from index.store.tables import DetailPage, FilenameClaim, SubmissionState

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from index.store.tables import File, Project, Submission

__all__ = ["publish", "refresh_page", "unpublish"]


def publish(session: Session, submission: Submission, *, now: datetime, public_url: str) -> None:
    """The files of `submission`, whose state the gate has just set to `published`, are visible and their names burned.

    Raises:
        ValueError: the state is another one. Only the gate publishes.
    """
    if submission.state != SubmissionState.PUBLISHED:
        raise ValueError(f"submission {submission.id} is {submission.state}, only a published one can be shown")
    submission.published_at = submission.published_at or now
    session.execute(
        update(FilenameClaim).where(FilenameClaim.submission_id == submission.id).values(burned=True),
        execution_options={"synchronize_session": "fetch"},
    )
    refresh_page(session, submission.release.project, now=now, public_url=public_url, why="release.published")


def unpublish(session: Session, submission: Submission, *, now: datetime, public_url: str) -> None:
    """The files of `submission`, whose state is no longer `published`, are gone from every page."""
    if submission.state == SubmissionState.PUBLISHED:
        raise ValueError(f"submission {submission.id} is still published")
    refresh_page(session, submission.release.project, now=now, public_url=public_url, why="release.unpublished")


def refresh_page(session: Session, project: Project, *, now: datetime, public_url: str, why: str) -> None:
    """The project's stored pages say what is visible now; without a visible file there is no page."""
    session.flush()
    serial = append(session, Event(actor="system:publish", action=why, subject=f"project:{project.name}"), now=now)
    files = [_entry(file, public_url) for file in visible_files(session, project.name)]
    if not files:
        session.execute(delete(DetailPage).where(DetailPage.project == project.name))
        return
    session.merge(
        DetailPage(
            project=project.name,
            serial=serial,
            html=detail_html(project.name, files),
            json=detail_json(project.name, files, serial=serial),
            updated_at=now,
        )
    )
    session.flush()


def _entry(file: File, public_url: str) -> FileEntry:
    release = file.submission.release
    published_at = file.submission.published_at
    if published_at is None:
        raise ValueError(f"file {file.filename} is visible without a time of publication")
    provenance = (
        f"{public_url}/integrity/{release.project.name}/{quote(release.version)}/{quote(file.filename)}/provenance"
    )
    return FileEntry(
        filename=file.filename,
        version=release.version,
        sha256=file.sha256,
        size=file.artifact.size,
        published_at=published_at,
        requires_python=file.requires_python,
        metadata_sha256=file.metadata_sha256,
        yanked=file.yanked,
        yanked_reason=file.yanked_reason,
        provenance_url=provenance if file.attestations else "",
    )
