"""What a rejection does beside the state: bytes are refused from now on, names are free, and what is out is doubted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import exists, or_, select, update

from index.hold.cases import close_case, open_case
from index.hold.names import release_names
from index.publish.release import refresh_page
from index.store.tables import Artifact, CaseOrigin, File, Submission, SubmissionState

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from index.services import Services

__all__ = ["accept_bytes_again", "carry_out_rejection"]


def carry_out_rejection(services: Services, session: Session, submission: Submission, *, now: datetime) -> None:
    """Nothing of `submission`, which has just moved to `rejected`, can come in or be seen.

    Published submissions of the same release, or with the same bytes, have a case.
    """
    close_case(session, submission, now=now)
    rejected_here = {file.sha256 for file in submission.files}
    rejected = sorted(rejected_here)
    session.execute(
        update(Artifact)
        .where(Artifact.sha256.in_(rejected), Artifact.rejected_at.is_(None))
        .values(rejected_at=now)
        .execution_options(synchronize_session=False)
    )
    for doubted in _published_beside(session, submission, rejected):
        open_case(session, doubted, CaseOrigin.SIBLING, now=now)
        if not rejected_here.isdisjoint(file.sha256 for file in doubted.files):
            # A rejected artifact is shown nowhere: the page must not name what the file route refuses.
            url = services.settings.resolved_public_url
            refresh_page(session, doubted.release.project, now=now, public_url=url, why="artifact.rejected")
    release_names(session, submission)


def _published_beside(session: Session, submission: Submission, rejected: list[str]) -> list[Submission]:
    same_bytes = exists().where(File.submission_id == Submission.id, File.sha256.in_(rejected))
    query = select(Submission).where(
        Submission.state == SubmissionState.PUBLISHED,
        or_(Submission.release_id == submission.release_id, same_bytes),
    )
    return list(session.scalars(query.order_by(Submission.id)))


def accept_bytes_again(session: Session, submission: Submission) -> None:
    """The bytes of `submission`, which is no longer `rejected`, are refused only where another rejection says so."""
    session.flush()
    elsewhere = (
        select(File.sha256)
        .join(Submission, File.submission_id == Submission.id)
        .where(Submission.state == SubmissionState.REJECTED)
    )
    session.execute(
        update(Artifact)
        .where(Artifact.sha256.in_([file.sha256 for file in submission.files]), Artifact.sha256.not_in(elsewhere))
        .values(rejected_at=None)
        .execution_options(synchronize_session=False)
    )
