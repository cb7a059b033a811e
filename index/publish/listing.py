"""The list of all projects, kept as rendered blocks: a change costs the block that it is in, and not the whole list."""

from __future__ import annotations

import threading
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import func, select

from index.publish.changes import last_changed_at, last_serial
from index.publish.render import list_html, list_json, listed_html, listed_json
from index.publish.visible import listed_projects
from index.store.tables import Change, Listing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from index.store.database import Database

__all__ = ["ListedProjects", "ProjectList"]

#: Projects of a block when the list is made, and when a block has become too large.
_BLOCK: Final = 256
_LARGEST: Final = 4 * _BLOCK

#: After more changed projects than this, making the list anew is no more work.
_MOST_CHANGED: Final = 200


@dataclass(frozen=True, slots=True)
class _Block:
    """Projects whose normalized names are next to each other."""

    first: str
    """No project of the block comes before that name, and all of earlier blocks do."""
    count: int
    json: bytes
    html: bytes


@dataclass(frozen=True, slots=True)
class ListedProjects:
    """The list at one moment."""

    serial: int
    changed_at: datetime | None
    blocks: Sequence[_Block]

    def json(self, *, version: str) -> bytes:
        """The page in JSON."""
        return list_json([block.json for block in self.blocks if block.count], serial=self.serial, version=version)

    def html(self) -> bytes:
        """The page in HTML."""
        return list_html(block.html for block in self.blocks)


class ProjectList:
    """The list of all projects with a visible file, as the database has it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._latest: ListedProjects | None = None

    def now(self) -> ListedProjects:
        """The list, of this moment."""
        with self._lock, self._database.read() as session:
            serial, latest = last_serial(session), self._latest
            if latest is None or latest.serial != serial:
                blocks = _renewed(session, latest) if latest is not None else None
                blocks = _all(session) if blocks is None else blocks
                self._latest = latest = ListedProjects(serial, last_changed_at(session), blocks)
            return latest


def _all(session: Session) -> list[_Block]:
    return _blocks(listed_projects(session), "")


def _blocks(projects: Sequence[tuple[str, str]], first: str) -> list[_Block]:
    """The projects in blocks; the first block begins with the name `first`, which may be earlier than its projects."""
    parts = [projects[start : start + _BLOCK] for start in range(0, len(projects), _BLOCK)] or [projects]
    return [_block(part, part[0][0] if number else first) for number, part in enumerate(parts)]


def _block(projects: Sequence[tuple[str, str]], first: str) -> _Block:
    return _Block(first, len(projects), listed_json(projects), listed_html(projects))


def _renewed(session: Session, before: ListedProjects) -> list[_Block] | None:
    """The blocks after all changes since; None where the list has to be made anew."""
    query = select(Change.project).where(Change.serial > before.serial).distinct().limit(_MOST_CHANGED + 1)
    changed = session.scalars(query).all()
    if len(changed) > _MOST_CHANGED:
        return None
    blocks = list(before.blocks)
    starts = [block.first for block in blocks]
    # From the last block to the first one: a block that is divided moves only those behind it.
    for place in sorted({bisect_right(starts, project) - 1 for project in changed}, reverse=True):
        end = starts[place + 1] if place + 1 < len(starts) else None
        projects = listed_projects(session, start=starts[place], end=end)
        is_large = len(projects) > _LARGEST
        blocks[place : place + 1] = _blocks(projects, starts[place]) if is_large else [_block(projects, starts[place])]
    # Whoever changed the list past the feed of changes is seen by that, and else with the next start.
    there = session.scalar(select(func.count()).select_from(Listing))
    return blocks if there == sum(block.count for block in blocks) else None
