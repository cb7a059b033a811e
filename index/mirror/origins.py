"""Where files come from: written down when they are taken in, or refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from index.store.tables import FileOrigin

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from index.store.tables import OriginKind

__all__ = ["Origin", "record_origin"]

_LONGEST_REFUSAL = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a file was found."""

    sha256: str
    filename: str
    project: str
    """Normalized name."""
    kind: OriginKind
    url: str
    """Without credentials; a path where it was found in a folder."""
    upload_time: datetime | None = None


def record_origin(session: Session, origin: Origin, *, now: datetime, refusal: str = "") -> None:
    """The database says where the file comes from, and why it was refused where it was."""
    session.merge(
        FileOrigin(
            sha256=origin.sha256,
            filename=origin.filename[:255],
            project=origin.project,
            kind=origin.kind,
            url=origin.url,
            upload_time=origin.upload_time,
            recorded_at=now,
            refused_at=now if refusal else None,
            refusal=refusal[:_LONGEST_REFUSAL],
        )
    )
    session.flush()
