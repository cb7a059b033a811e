"""Where the files of a submission come from that nobody uploaded here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select, tuple_

from index.store.tables import FileOrigin, OriginKind

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy.orm import Session

    from index.store.tables import File

__all__ = ["OriginFact", "origins_of"]


@dataclass(frozen=True, slots=True)
class OriginFact:
    """Where a file comes from, as it was found there. Nobody has verified the time."""

    kind: OriginKind
    url: str
    upload_time: datetime | None

    @property
    def words(self) -> str:
        """How it came, as the pages have it before the address."""
        return "Fetched from the upstream index" if self.kind is OriginKind.UPSTREAM else "Imported"


def origins_of(session: Session, files: Iterable[File]) -> dict[str, OriginFact]:
    """The origin of each file that has one, by filename."""
    wanted = {(file.sha256, file.filename) for file in files}
    rows = session.scalars(select(FileOrigin).where(tuple_(FileOrigin.sha256, FileOrigin.filename).in_(wanted)))
    return {row.filename: OriginFact(OriginKind(row.kind), row.url, row.upload_time) for row in rows}
