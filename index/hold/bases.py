"""Which published artifact may speak for the members that an uploaded one shares with it."""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING

from sqlalchemy import select

from index.hold.facts import history_of, published_files
from index.store.tables import File
from scanner.model import Sha256Hex

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = ["base_of"]


def base_of(session: Session, sha256: str, filename: str) -> Sha256Hex | None:
    """The file of the project's latest published, unwithdrawn release that is most like this one; none for a first."""
    query = select(File).where(File.sha256 == sha256, File.filename == filename).order_by(File.id.desc()).limit(1)
    file = session.scalars(query).first()
    history = history_of(session, file.submission) if file is not None else None
    if history is None:
        return None
    alike = [other for other in published_files(session, history.release_id) if _is_wheel(other) == _is_wheel(file)]
    nearest = max(alike, key=lambda other: _shared_end(other.filename, filename), default=None)
    return Sha256Hex(nearest.sha256) if nearest is not None else None


def _is_wheel(file: File | None) -> bool:
    return file is not None and file.filename.endswith(".whl")


def _shared_end(one: str, other: str) -> int:
    """How much of their ends two filenames share: a wheel's tags stand there."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(reversed(one), reversed(other), strict=False)))
