"""Deferral: why a submission with a clear verdict does not go out by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import and_, exists, literal, or_, select
from sqlalchemy.orm import aliased

from index.hold.mirrored import is_mirrored
from index.hold.moves import holds_rejected_bytes
from index.hold.switches import holds_everything
from index.store.tables import Case, CaseOrigin, ProjectStatus, Release, Submission, SubmissionState

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import InstrumentedAttribute, Session

    from index.services import Services

__all__ = ["Deferral", "deferral_of", "waits_in_vain"]


@dataclass(frozen=True, slots=True)
class Deferral:
    """A person comes first."""

    origin: CaseOrigin
    reason: str


def deferral_of(services: Services, session: Session, submission: Submission) -> Deferral | None:
    """Why `submission` waits for a person in spite of a clear verdict; None where it may go out."""
    if holds_rejected_bytes(session, submission):
        return Deferral(CaseOrigin.VERDICT, "It holds a file whose bytes were rejected")
    if submission.release.project.status == ProjectStatus.QUARANTINED:
        return Deferral(CaseOrigin.VERDICT, "The project is quarantined")
    if submission.review_required:
        return Deferral(CaseOrigin.VERDICT, "An earlier submission of this release was rejected or withdrawn")
    if submission.mixed_publishers:
        return Deferral(CaseOrigin.VERDICT, "Its files were sent by more than one person")
    if holds_everything(session, services.settings):
        return Deferral(CaseOrigin.HOLD_EVERYTHING, "At present every release is looked at by a person")
    if is_mirrored(session, submission.release.project_id):
        return None  # of what others publish elsewhere, each release is judged by itself
    earlier = _earlier_in_doubt(session, submission)
    if earlier is None:
        return None
    state = "waits for review" if earlier.state == SubmissionState.IN_REVIEW else "was rejected"
    return Deferral(CaseOrigin.WAITING, f"An earlier release of this project, {earlier.release.version}, {state}")


def _earlier_in_doubt(session: Session, submission: Submission) -> Submission | None:
    """The first earlier submission of the project that is in doubt."""
    earlier = aliased(Submission)
    query = (
        select(earlier)
        .join(Release, earlier.release_id == Release.id)
        .where(
            Release.project_id == submission.release.project_id,
            _comes_before(earlier, submission),
            _in_doubt(earlier, submission.opened_at),
        )
    )
    return session.scalars(query.order_by(earlier.id).limit(1)).first()


def _in_doubt(earlier: type[Submission], since: datetime | InstrumentedAttribute[datetime]) -> ColumnElement[bool]:
    """SQL: the submission is in review, or was rejected after `since`: what came later may be by the same hand."""
    rejected = and_(earlier.state == SubmissionState.REJECTED, earlier.state_changed_at >= since)
    return or_(earlier.state == SubmissionState.IN_REVIEW, rejected)


def _comes_before(other: type[Submission], submission: Submission | type[Submission]) -> ColumnElement[bool]:
    """SQL: `submission` waits for `other`, if that is in doubt.

    A session may stand open for days. Whatever has been held meanwhile comes before it, but for what only waits
    itself: else two could wait for each other.
    """
    only_waits = exists().where(
        Case.submission_id == other.id, Case.closed_at.is_(None), Case.origin == CaseOrigin.WAITING
    )
    of_session = submission.is_session if isinstance(submission, type) else literal(submission.is_session)
    return or_(other.id < submission.id, and_(of_session, other.id != submission.id, ~only_waits))


def waits_in_vain() -> ColumnElement[bool]:
    """SQL: the `Submission` (joined with its `Release`) has no earlier one in doubt any more."""
    earlier, release = aliased(Submission), aliased(Release)
    return ~exists().where(
        earlier.release_id == release.id,
        release.project_id == Release.project_id,
        _comes_before(earlier, Submission),
        _in_doubt(earlier, Submission.opened_at),
    )
