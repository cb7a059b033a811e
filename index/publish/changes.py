"""The feed of changes: what of the visible files changed with each page, for mirrors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

import msgspec
from sqlalchemy import func, select

from index.store.tables import Change, ChangeKind, File, ProjectStatus, Release, Submission

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy.orm import Session

    from index.publish.render import DetailView

__all__ = [
    "MOST_CHANGES",
    "ChangeEvent",
    "Changes",
    "changes_since",
    "last_changed_at",
    "last_serial",
    "record_changes",
]

#: So many changes one answer has, unless one transaction alone made more.
MOST_CHANGES: Final = 1000


class ChangeEvent(msgspec.Struct):
    """One change. What happens to a whole project names no file."""

    event: Literal["published", "unpublished", "yanked", "unyanked", "status"]
    serial: int
    time: str
    project: str
    version: str | msgspec.UnsetType = msgspec.UNSET
    filename: str | msgspec.UnsetType = msgspec.UNSET
    sha256: str | msgspec.UnsetType = msgspec.UNSET


class Changes(msgspec.Struct):
    """What has changed since a serial."""

    since: int
    serial: int
    """From which to ask again."""
    last_serial: int
    changes: list[ChangeEvent]


class _Status(msgspec.Struct):
    status: str = ProjectStatus.ACTIVE


class _Shown(msgspec.Struct):
    filename: str
    hashes: dict[str, str]
    yanked: bool | str = False


class _Page(msgspec.Struct, rename="kebab"):
    """A stored page, as far as changes are seen on it."""

    files: list[_Shown] = []
    project_status: _Status = msgspec.field(default_factory=_Status)


def record_changes(  # noqa: PLR0913 # two pages, and when and under which number the one followed the other
    session: Session,
    project_id: int,
    before: bytes | None,
    after: DetailView,
    *,
    has_page: bool,
    serial: int,
    now: datetime,
) -> None:
    """The feed tells how the page `before` (None: there was none) became `after`, which is a page if `has_page`."""
    page = msgspec.json.decode(before, type=_Page) if before is not None else _Page()
    old = {(file.filename, file.hashes["sha256"]): bool(file.yanked) for file in page.files}
    new = {(file.filename, file.sha256): file for file in after.files}
    gone = sorted(key for key in old if key not in new)
    versions = _versions(session, project_id, (filename for filename, _ in gone))
    found = [(ChangeKind.UNPUBLISHED, key, versions.get(key[0], "")) for key in gone]
    for key in sorted(key for key, file in new.items() if old.get(key) != file.yanked):
        file = new[key]
        if key not in old:
            found.append((ChangeKind.PUBLISHED, key, file.version))
        if file.yanked != old.get(key, False):
            found.append((ChangeKind.YANKED if file.yanked else ChangeKind.UNYANKED, key, file.version))
    if has_page and page.project_status.status != after.status:
        found.append((ChangeKind.STATUS, ("", ""), ""))
    session.add_all(
        Change(
            serial=serial,
            at=now,
            kind=kind,
            project=after.name,
            version=version,
            filename=filename,
            sha256=sha256,
        )
        for kind, (filename, sha256), version in found
    )


def _versions(session: Session, project_id: int, filenames: Iterable[str]) -> dict[str, str]:
    query = (
        select(File.filename, Release.version)
        .join(Submission, File.submission_id == Submission.id)
        .join(Release, Submission.release_id == Release.id)
        .where(Release.project_id == project_id, File.filename.in_(list(filenames)))
    )
    return {row.filename: row.version for row in session.execute(query)}


def last_serial(session: Session) -> int:
    """The serial of the latest change; 0 before the first one."""
    return session.scalar(select(func.max(Change.serial))) or 0


def last_changed_at(session: Session) -> datetime | None:
    """When the latest change was made; None before the first one."""
    return session.scalar(select(Change.at).order_by(Change.id.desc()).limit(1))


def changes_since(session: Session, since: int, limit: int) -> Changes:
    """The document of the changes after serial `since`: at least one whole transaction, and at most about `limit`.

    A serial is never divided between two answers: who asks again from `serial` has missed nothing.
    """
    after = select(Change.serial).where(Change.serial > since).order_by(Change.serial, Change.id)
    bound = session.scalar(after.offset(limit - 1).limit(1))
    query = select(Change).where(Change.serial > since).order_by(Change.serial, Change.id)
    rows = session.scalars(query if bound is None else query.where(Change.serial <= bound)).all()
    newest = last_serial(session)
    serial = rows[-1].serial if rows else newest
    return Changes(since, serial, newest, [_event(row) for row in rows])


def _event(row: Change) -> ChangeEvent:
    event = ChangeEvent(ChangeKind(row.kind).value, row.serial, row.at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"), row.project)
    if row.kind != ChangeKind.STATUS:
        event.version, event.filename, event.sha256 = row.version, row.filename, row.sha256
    return event
