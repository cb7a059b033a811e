"""Publication and its undoing: files, pages, metadata and provenance appear together, in one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import delete, insert, select, update

from index.audit.log import Event, append
from index.publish.changes import record_changes
from index.publish.facts import newest_shown, sorted_versions, summary_of
from index.publish.render import DetailView, detail_html, detail_json
from index.publish.usage import renew_dependencies
from index.publish.visible import has_been_visible, shown_files
from index.store.tables import DetailPage, File, FilenameClaim, Listing, ProjectStatus, SubmissionState
from index.store.tables.base import table_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from index.publish.visible import VisibleFile
    from index.store.tables import Project, Submission

__all__ = ["publish", "refresh_page", "unpublish"]

_PAGES: Final = table_of(DetailPage)


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
    files = shown_files(session, project.name)
    status = ProjectStatus(project.status)
    view = DetailView(
        name=project.name,
        files=files,
        versions=sorted_versions(files),
        public_url=public_url,
        status=status,
        status_reason=project.status_reason,
    )
    before = session.scalar(select(DetailPage.json).where(DetailPage.project == project.name))
    has_page = bool(files) or (status is ProjectStatus.QUARANTINED and has_been_visible(session, project))
    record_changes(session, project.id, before, view, has_page=has_page, serial=serial, now=now)
    _renew_listing(session, project, newest_shown(files, view.versions), files)
    _replace_page(session, view if has_page else None, project.name, serial=serial, now=now)


def _replace_page(session: Session, view: DetailView | None, name: str, *, serial: int, now: datetime) -> None:
    """The stored page is that of `view`; there is none without. Past the unit of work: pages may have megabytes."""
    session.flush()
    session.execute(delete(_PAGES).where(_PAGES.c.project == name))
    if view is not None:
        html, json = detail_html(view), detail_json(view, serial=serial)
        row = {"project": name, "serial": serial, "html": html, "json": json, "updated_at": now}
        session.execute(insert(_PAGES), row)


def _renew_listing(session: Session, project: Project, shown: VisibleFile | None, files: Sequence[VisibleFile]) -> None:
    """The project is in the lists with its newest release, of which `shown` is a file; without one, in none."""
    newest = None if shown is None else session.get_one(File, shown.id)
    renew_dependencies(session, project.name, newest)
    if shown is None or newest is None:
        session.execute(delete(Listing).where(Listing.project == project.name))
        return
    times = [file.published_at for file in files]
    session.merge(
        Listing(
            project=project.name,
            display_name=project.display_name,
            version=shown.version,
            summary=summary_of(newest),
            first_published_at=min(times),
            last_published_at=max(times),
        )
    )
