"""Publication and its undoing: files, pages, metadata and provenance appear together, in one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from sqlalchemy import delete, update

from index.audit.log import Event, append
from index.publish.changes import record_changes
from index.publish.facts import newest_file, summary_of
from index.publish.render import DetailView, FileEntry, detail_html, detail_json
from index.publish.usage import renew_dependencies
from index.publish.visible import has_been_visible, visible_files
from index.store.tables import DetailPage, FilenameClaim, Listing, ProjectStatus, SubmissionState

if TYPE_CHECKING:
    from collections.abc import Sequence
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
    """The project's stored pages, the lists and the feed of changes say what is visible now.

    Without a visible file there is no page; but of a project in quarantine that the public knows there stays an empty
    one, which tells installers not to look for it elsewhere.
    """
    session.flush()
    serial = append(session, Event(actor="system:publish", action=why, subject=f"project:{project.name}"), now=now)
    files = visible_files(session, project.name)
    status = ProjectStatus(project.status)
    view = DetailView(
        name=project.name,
        files=[_entry(file, public_url) for file in files],
        status=status,
        status_reason=project.status_reason,
    )
    before = session.get(DetailPage, project.name, populate_existing=True)
    has_page = bool(files) or (status is ProjectStatus.QUARANTINED and has_been_visible(session, project))
    old = before.json if before else None
    record_changes(session, project.id, old, view, has_page=has_page, serial=serial, now=now)
    _renew_listing(session, project, files)
    if not has_page:
        session.execute(delete(DetailPage).where(DetailPage.project == project.name))
        return
    session.merge(
        DetailPage(
            project=project.name,
            serial=serial,
            html=detail_html(view),
            json=detail_json(view, serial=serial),
            updated_at=now,
        )
    )
    session.flush()


def _renew_listing(session: Session, project: Project, files: Sequence[File]) -> None:
    """The project is in the lists with its newest release, or in none."""
    newest = newest_file(files)
    renew_dependencies(session, project.name, newest)
    if newest is None:
        session.execute(delete(Listing).where(Listing.project == project.name))
        return
    times = [file.submission.published_at for file in files if file.submission.published_at is not None]
    session.merge(
        Listing(
            project=project.name,
            display_name=project.display_name,
            version=newest.submission.release.version,
            summary=summary_of(newest),
            first_published_at=min(times),
            last_published_at=max(times),
        )
    )


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
