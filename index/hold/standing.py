"""What is known about a file that is to come: its bytes, its name, its release, its uploader, in one statement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import bindparam, exists, literal_column, select

from index.hold.submission import EVER_PUBLIC, LIVE_UNPUBLISHED
from index.store.tables import Artifact, File, FilenameClaim, Membership, Project, Release, Submission, SubmissionState
from index.store.tables.base import table_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import BindParameter, ColumnElement, Select
    from sqlalchemy.orm import Session

__all__ = ["Place", "Standing", "read_standing"]

_S = SubmissionState

#: After one of these, the next submission of the release is looked at by a person.
_DISTRUSTED: Final = (_S.REJECTED, _S.WITHDRAWN)


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


def read_standing(session: Session, place: Place, uploader_id: int) -> Standing:
    """How things stand at `place` for the uploader. Binding only under the project's lock."""
    values = {
        "project": place.project,
        "version": place.version,
        "filename": place.filename,
        "sha256": place.sha256,
        "uploader": uploader_id,
    }
    session.flush()
    row = session.execute(_STANDING, values).one()
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
    )


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
    )


#: Put together once: that costs more than asking it.
_STANDING: Final = _standing()
