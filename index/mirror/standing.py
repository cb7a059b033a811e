"""What this index knows already of files that upstream offers."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from index.store.tables import (
    Artifact,
    File,
    FilenameClaim,
    FileOrigin,
    OriginKind,
    Project,
    Release,
    Submission,
    SubmissionState,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from index.mirror.offers import Offer

__all__ = ["REFUSAL_STANDS", "Known", "known_of"]

#: After so long what the checks refused may be tried again: a limit may be another one by then.
REFUSAL_STANDS: Final = timedelta(days=1)

_CHUNK: Final = 500


class Known(StrEnum):
    """How an offered file stands here."""

    NEW = "new"
    """Nobody has asked for it yet."""
    COMING = "coming"
    """It is being inspected."""
    SHOWN = "shown"
    """It is published."""
    HELD = "held"
    """A person looks at it."""
    REFUSED = "refused"
    """The checks of an upload do not let it in."""
    BARRED = "barred"
    """It was rejected, withdrawn or deleted here; or upstream has other bytes now than those that we have."""


_S = SubmissionState
_KNOWN: Final = {
    _S.OPEN: Known.COMING,
    _S.SCANNING: Known.COMING,
    _S.IN_REVIEW: Known.HELD,
    _S.PUBLISHED: Known.SHOWN,
}


def known_of(session: Session, project: str, offers: Sequence[Offer], *, now: datetime) -> dict[str, Known]:
    """How each of the offered files of `project` stands here, by filename."""
    claims = _claims(session, project)
    rejected = set(_rejected(session, [offer.sha256 for offer in offers]))
    refused = _refused(session, project, since=now - REFUSAL_STANDS)
    known = {}
    for offer in offers:
        filename = offer.name.filename
        if offer.sha256 in rejected:
            known[filename] = Known.BARRED
        elif filename in claims:
            sha256, standing = claims[filename]
            known[filename] = standing if sha256 == offer.sha256 else Known.BARRED
        else:
            known[filename] = Known.REFUSED if (offer.sha256, filename) in refused else Known.NEW
    return known


def _claims(session: Session, project: str) -> dict[str, tuple[str, Known]]:
    """Which bytes have each filename of the project, and how they stand."""
    query = (
        select(FilenameClaim.filename, FilenameClaim.sha256, Submission.state, File.deleted_at)
        .join(Submission, FilenameClaim.submission_id == Submission.id)
        .join(Release, Submission.release_id == Release.id)
        .join(Project, Release.project_id == Project.id)
        .outerjoin(File, (File.submission_id == Submission.id) & (File.filename == FilenameClaim.filename))
        .where(Project.name == project)
    )
    found = {}
    for row in session.execute(query):
        standing = _KNOWN.get(_S(row.state), Known.BARRED) if row.deleted_at is None else Known.BARRED
        found[row.filename] = (row.sha256, standing)
    return found


def _rejected(session: Session, digests: Sequence[str]) -> Iterator[str]:
    for start in range(0, len(digests), _CHUNK):
        some = digests[start : start + _CHUNK]
        yield from session.scalars(
            select(Artifact.sha256).where(Artifact.sha256.in_(some), Artifact.rejected_at.is_not(None))
        )


def _refused(session: Session, project: str, *, since: datetime) -> set[tuple[str, str]]:
    query = select(FileOrigin.sha256, FileOrigin.filename).where(
        FileOrigin.project == project, FileOrigin.kind == OriginKind.UPSTREAM, FileOrigin.refused_at >= since
    )
    return {(row.sha256, row.filename) for row in session.execute(query)}
