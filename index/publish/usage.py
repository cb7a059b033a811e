"""How much projects are used: downloads of their visible files, and projects whose newest release requires them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from packaging.metadata import parse_email
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from sqlalchemy import case, delete, func, select

from index.publish.visible import visible_downloads
from index.store.tables import Dependency, Downloads, Project

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

    from index.store.tables import File

__all__ = ["RECENT_DAYS", "Usage", "downloads_by_file", "renew_dependencies", "total_downloads", "usage_of"]

#: What "recent" means, in days.
RECENT_DAYS: Final = 30

_EXTRA: Final = re.compile(r"\bextra\b")


class Usage(NamedTuple):
    """How much a project is used."""

    downloads: int = 0
    recent_downloads: int = 0
    dependents: int = 0


def usage_of(session: Session, projects: Sequence[str], *, today: date) -> Mapping[str, Usage]:
    """The use of each of the projects (normalized names)."""
    rows = session.execute(
        visible_downloads()
        .with_only_columns(Project.name, *_sums(today))
        .where(Project.name.in_(projects))
        .group_by(Project.name)
    )
    downloads = {name: (total, recent) for name, total, recent in rows}
    counted = select(Dependency.requires, func.count()).where(Dependency.requires.in_(projects))
    dependents = {name: count for name, count in session.execute(counted.group_by(Dependency.requires))}  # noqa: C416 # rows are no pairs to mypy
    return {name: Usage(*downloads.get(name, (0, 0)), dependents.get(name, 0)) for name in projects}


def downloads_by_file(session: Session, files: Sequence[File]) -> Mapping[int, int]:
    """How often each of the files was downloaded, by its id."""
    ids = [file.id for file in files]
    query = select(Downloads.file_id, func.sum(Downloads.count)).where(Downloads.file_id.in_(ids))
    rows = session.execute(query.group_by(Downloads.file_id))
    return dict.fromkeys(ids, 0) | {file_id: int(count) for file_id, count in rows}


def total_downloads(session: Session, *, today: date) -> tuple[int, int]:
    """Downloads of all visible files: ever, and recently."""
    total, recent = session.execute(visible_downloads().with_only_columns(*_sums(today))).one()
    return int(total or 0), int(recent or 0)


def renew_dependencies(session: Session, project: str, newest: File | None) -> None:
    """The table of dependencies says what the newest visible file of the project requires; nothing where there is none.

    What only an extra asks for does not count, and neither does the project itself.
    """
    wanted = set(_required(newest.metadata_bytes)) - {project} if newest is not None else set()
    there = set(session.scalars(select(Dependency.requires).where(Dependency.project == project)))
    if there - wanted:
        gone = Dependency.requires.in_(there - wanted)
        session.execute(delete(Dependency).where(Dependency.project == project, gone))
    session.add_all(Dependency(project=project, requires=name) for name in sorted(wanted - there))


def _required(metadata: bytes) -> Iterator[str]:
    for text in parse_email(metadata)[0].get("requires_dist", ()):
        try:
            requirement = Requirement(text)
        except InvalidRequirement:  # of an older time, and of no use to an installer either
            continue
        if requirement.marker is None or not _EXTRA.search(str(requirement.marker)):
            yield canonicalize_name(requirement.name)


def _sums(today: date) -> tuple[ColumnElement[int], ColumnElement[int]]:
    since = today - timedelta(days=RECENT_DAYS - 1)
    return func.sum(Downloads.count), func.sum(case((Downloads.day >= since, Downloads.count), else_=0))
