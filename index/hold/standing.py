"""What is known about a file that is to come: its bytes, its name, its release, its uploader, in one statement."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import String, bindparam, exists, func, literal_column, select

from index.hold.spellings import COMPONENTS, spellings
from index.hold.submission import EVER_PUBLIC, LIVE_UNPUBLISHED
from index.store.tables import (
    Artifact,
    File,
    FilenameClaim,
    Membership,
    Project,
    ProjectStatus,
    Release,
    Submission,
    SubmissionState,
)
from index.store.tables.base import table_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy import BindParameter, ColumnElement, Row, Select
    from sqlalchemy.orm import Session

__all__ = ["Place", "Standing", "read_standing"]

_S = SubmissionState

#: After one of these, the next submission of the release is looked at by a person.
_DISTRUSTED: Final = (_S.REJECTED, _S.WITHDRAWN)

#: In these states a submission has its place in the release.
_PRESENT: Final = (*LIVE_UNPUBLISHED, _S.PUBLISHED)

_OTHERS: Final = tuple(f"other{number}" for number in range(COMPONENTS))


@dataclass(frozen=True, slots=True)
class Place:
    """Where a file is to go. What is not known yet is empty, and then nothing is found for it."""

    project: str
    """Normalized (PEP 503)."""
    version: str = ""
    filename: str = ""
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """How things stand at that place."""

    bytes_rejected: bool
    project_id: int | None
    member: bool
    """The uploader is an owner or a maintainer."""
    owned: bool
    """Somebody is."""
    published: bool
    """The public has seen a release of the project."""
    claim_sha256: str | None
    """The bytes that have the filename."""
    claim_id: str | None
    """The submission that has it."""
    claim_state: SubmissionState | None
    claim_deleted: bool
    """Its owner has deleted the file that has it: the name stays taken, also for the same bytes."""
    release_id: int | None
    live_id: str | None
    """The submission of the release that is neither out nor at its end."""
    distrusted: bool
    """An earlier submission of the release was rejected or withdrawn."""
    spelling: str | None
    """Another spelling of the version, which the project has."""
    release_published_at: datetime | None
    """When the release was published first."""
    project_status: ProjectStatus | None
    project_bytes: int
    """What all files of the project have together."""


def read_standing(session: Session, place: Place, uploader_id: int) -> Standing:
    """How things stand at `place` for the uploader. Binding only under the project's lock."""
    session.flush()
    row = _ask(session, place, uploader_id)
    return Standing(
        bytes_rejected=bool(row.bytes_rejected),
        project_id=row.project_id,
        member=bool(row.member),
        owned=bool(row.owned),
        published=bool(row.published),
        claim_sha256=row.claim_sha256,
        claim_id=row.claim_id,
        claim_state=SubmissionState(row.claim_state) if row.claim_state is not None else None,
        claim_deleted=bool(row.claim_deleted),
        release_id=row.release_id,
        live_id=row.live_id,
        distrusted=bool(row.distrusted),
        spelling=row.spelling,
        release_published_at=row.release_published_at,
        project_status=ProjectStatus(row.project_status) if row.project_status is not None else None,
        project_bytes=row.project_bytes or 0,
    )


def _ask(session: Session, place: Place, uploader_id: int) -> Row[Any]:
    values = {
        "project": place.project,
        "version": place.version,
        "filename": place.filename,
        "sha256": place.sha256,
        "uploader": uploader_id,
    }
    others = sorted(spellings(place.version) - {place.version}) if place.version else []
    while True:  # once, unless the version has more components than anybody writes
        some, others = others[:COMPONENTS], others[COMPONENTS:]
        named = dict(zip_longest(_OTHERS, some, fillvalue=""))
        row = session.execute(_STANDING, {**values, **named}).one()
        if row.spelling is not None or not others:
            return row


# Tables, past the unit of work: that is where most of the time went.
_project, _release, _membership = table_of(Project).c, table_of(Release).c, table_of(Membership).c
_submission, _claim, _file, _artifact = (table_of(t).c for t in (Submission, FilenameClaim, File, Artifact))


def _in_states(states: Iterable[SubmissionState]) -> ColumnElement[bool]:
    """SQL: the submission is in one of `states`, said so that SQLite looks it up by its release.

    Asked "state in …", it walks all submissions of the index that are in those states.
    """
    return _submission.state.not_in([literal_column(f"'{state}'") for state in SubmissionState if state not in states])


def _standing() -> Select[Any]:
    project: BindParameter[str] = bindparam("project")
    version: BindParameter[str] = bindparam("version")
    uploader: BindParameter[int] = bindparam("uploader")
    filename: BindParameter[str] = bindparam("filename")
    members = select(_membership.id).where(_membership.project_id == _project.id, _project.name == project)
    releases = select(_release.id).where(_release.project_id == _project.id, _project.name == project)
    release = releases.where(_release.version == version)
    submissions = releases.where(_submission.release_id == _release.id)
    of_release = submissions.where(_release.version == version)
    claim = select(_claim.sha256).where(_claim.filename == filename)
    claimant = select(_submission.state).where(_claim.submission_id == _submission.id, _claim.filename == filename)
    claimed = select(_file.id).where(_claim.submission_id == _file.submission_id, _claim.filename == _file.filename)
    rejected = exists().where(_artifact.sha256 == bindparam("sha256"), _artifact.rejected_at.is_not(None))
    live = of_release.where(_in_states(LIVE_UNPUBLISHED)).with_only_columns(_submission.id).limit(1)
    present = submissions.where(_in_states(_PRESENT))
    named_otherwise = _release.version.in_([bindparam(name, type_=String()) for name in _OTHERS])
    spelling = present.where(named_otherwise).with_only_columns(_release.version).limit(1)
    files = present.where(_file.submission_id == _submission.id, _file.sha256 == _artifact.sha256)
    stored = files.where(_file.deleted_at.is_(None)).with_only_columns(func.sum(_artifact.size))
    return select(
        rejected.label("bytes_rejected"),
        select(_project.id).where(_project.name == project).scalar_subquery().label("project_id"),
        members.where(_membership.user_id == uploader).exists().label("member"),
        members.exists().label("owned"),
        submissions.where(_in_states(EVER_PUBLIC)).exists().label("published"),
        claim.scalar_subquery().label("claim_sha256"),
        claim.with_only_columns(_claim.submission_id).scalar_subquery().label("claim_id"),
        claimant.scalar_subquery().label("claim_state"),
        claimed.where(_claim.filename == filename, _file.deleted_at.is_not(None)).exists().label("claim_deleted"),
        release.scalar_subquery().label("release_id"),
        live.scalar_subquery().label("live_id"),
        of_release.where(_in_states(_DISTRUSTED)).exists().label("distrusted"),
        spelling.scalar_subquery().label("spelling"),
        of_release.with_only_columns(func.min(_submission.published_at))
        .scalar_subquery()
        .label("release_published_at"),
        select(_project.status).where(_project.name == project).scalar_subquery().label("project_status"),
        stored.scalar_subquery().label("project_bytes"),
    )


#: Put together once: that costs more than asking it.
_STANDING: Final = _standing()
