"""The page of a project that comes from upstream: what is published here, and what can be asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.version import Version
from sqlalchemy import select

from index.clock import utcnow
from index.hold.names import find_project
from index.mirror.standing import Known, known_of
from index.publish.render import DetailView, PromisedFile
from index.publish.visible import VisibleFile, has_been_visible, shown_files
from index.store.tables import FileOrigin, ProjectStatus

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from index.mirror.offers import Offer
    from index.mirror.pages import Kept
    from index.mirror.upstream import Upstream
    from index.store.tables import Project

__all__ = ["listing"]

#: Whoever asks for a file of these gets it, or waits for it.
_LISTED = (Known.NEW, Known.COMING)


def listing(upstream: Upstream, session: Session, name: str, kept: Kept | None) -> DetailView | None:
    """The project, as far as it may be shown; None where there is none. `kept` is None where upstream is down.

    Without upstream there is what is published here, and nothing that could not be delivered. What upstream no longer
    has is not shown either: most of what is taken down there was malware.
    """
    own = {file.filename: file for file in _own(session, name)}
    project = find_project(session, name)
    files: list[VisibleFile | PromisedFile] = []
    if kept is None:
        files.extend(own.values())
    elif kept.page is not None:
        files = _merged(session, name, own, upstream.offers(name, kept.page))
    # An empty page, unlike none at all, tells installers not to look elsewhere for what they have had from here.
    was_here = kept is not None and project is not None and has_been_visible(session, project)
    if not files and (kept is None or kept.page is None) and not was_here:
        return None
    status, reason = _status(project, kept)
    return DetailView(
        name=name,
        files=files,
        versions=sorted({file.version for file in files}, key=Version),
        public_url=upstream.services.settings.resolved_public_url,
        status=status,
        status_reason=reason,
    )


def _status(project: Project | None, kept: Kept | None) -> tuple[ProjectStatus, str]:
    """What is said of the project, and why: here, or else upstream."""
    if project is not None and project.status != ProjectStatus.ACTIVE:
        return ProjectStatus(project.status), project.status_reason
    if kept is not None and kept.page is not None and kept.page.status is not ProjectStatus.ACTIVE:
        return kept.page.status, "By the upstream index."
    return ProjectStatus.ACTIVE, ""


def _merged(
    session: Session, name: str, own: dict[str, VisibleFile], offers: list[Offer]
) -> list[VisibleFile | PromisedFile]:
    known = known_of(session, name, offers, now=utcnow())
    files: list[VisibleFile | PromisedFile] = []
    for offer in offers:
        filename = offer.name.filename
        there = own.get(filename)
        if known[filename] is Known.SHOWN and there is not None and there.sha256 == offer.sha256:
            yanked = there.yanked or offer.remote.yanked
            files.append(there._replace(yanked=yanked, yanked_reason=_reason(there, offer)))
        elif known[filename] in _LISTED:
            files.append(_promised(offer))
    return sorted(files, key=lambda file: file.filename)


def _reason(there: VisibleFile, offer: Offer) -> str:
    return there.yanked_reason or offer.remote.yanked_reason


def _promised(offer: Offer) -> PromisedFile:
    remote = offer.remote
    return PromisedFile(
        filename=offer.name.filename,
        version=offer.name.version,
        sha256=offer.sha256,
        size=remote.size,
        published_at=remote.upload_time,
        requires_python=remote.requires_python,
        yanked=remote.yanked,
        yanked_reason=remote.yanked_reason,
    )


def _own(session: Session, name: str) -> list[VisibleFile]:
    """What is published here, each file with the time of its upload there: a cut-off by time finds it as before."""
    query = select(FileOrigin.sha256, FileOrigin.filename, FileOrigin.upload_time).where(FileOrigin.project == name)
    times = {(row.sha256, row.filename): row.upload_time for row in session.execute(query)}
    return [
        file._replace(published_at=times.get((file.sha256, file.filename)) or file.published_at)
        for file in shown_files(session, name)
    ]
