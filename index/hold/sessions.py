"""The submission that a publishing session (PEP 694) fills: opened empty, changed while it is open, closed by word.

Everything here runs in the caller's transaction, under the project's lock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, exists, select

from index.audit.log import Event, append, append_all
from index.hold.intake import SessionUnderWay, require_permission
from index.hold.moves import move
from index.hold.opening import Opening, ReleaseName
from index.hold.standing import Place, read_standing
from index.hold.submission import SubmissionEvent, TransitionRefused
from index.store.tables import File, FilenameClaim, SubmissionState

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from index.accounts.permissions import Principal
    from index.store.tables import Submission

__all__ = ["NothingToPublish", "Opening", "ReleaseName", "close_submission", "discard_file", "open_submission"]


class NothingToPublish(Exception):
    """The submission has no files: there is nothing to judge, and nothing to publish."""


def open_submission(opening: Opening, name: ReleaseName, *, closes_at: datetime) -> str:
    """An empty submission of the release is open until `closes_at`, and the project's name is reserved; its id.

    Raises:
        NameReserved: the name belongs to somebody else's held first release.
        NotPermitted: the uploader is neither owner nor maintainer.
        SessionUnderWay: another submission of the release is neither out nor at its end.
    """
    standing = read_standing(opening.session, Place(name.project, name.version), opening.uploader.id)
    require_permission(standing, name.project, opening.uploader)
    if standing.live_id is not None:
        raise SessionUnderWay(name.project, name.version)
    release_id = opening.release(name, standing)
    submission_id = opening.submission(release_id, standing, closes_at=closes_at, is_session=True)
    append_all(opening.session, opening.events, now=opening.now)
    return submission_id


def discard_file(session: Session, submission: Submission, filename: str, *, actor: str, now: datetime) -> None:
    """The open submission no longer holds the file, and its filename is free.

    Raises:
        TransitionRefused: the submission is no longer open.
    """
    _require_open(submission)
    removed = delete(File).where(File.submission_id == submission.id, File.filename == filename).returning(File.sha256)
    sha256 = session.scalars(removed.execution_options(synchronize_session=False)).one()
    session.execute(
        delete(FilenameClaim)
        .where(FilenameClaim.filename == filename, FilenameClaim.submission_id == submission.id)
        .execution_options(synchronize_session=False)
    )
    by_others = exists().where(File.submission_id == submission.id, File.uploaded_by_id != submission.opened_by_id)
    submission.mixed_publishers = bool(session.scalar(select(by_others)))
    session.expire(submission, ["files"])
    subject, old = f"file:{filename}", f"submission:{submission.id}"
    append(session, Event(actor=actor, action="file.discarded", subject=subject, old=old, evidence=sha256), now=now)


def close_submission(
    session: Session, submission: Submission, publisher: Principal, *, actor: str, now: datetime
) -> None:
    """The open submission takes no more files and is judged; the keeper moves it on within its tick.

    Raises:
        TransitionRefused: it is no longer open.
        NothingToPublish: it has no files.
    """
    _require_open(submission)
    session.refresh(submission, ["files"])
    if not submission.files:
        raise NothingToPublish
    release = submission.release
    standing = read_standing(session, Place(release.project.name, release.version), publisher.id)
    # It may have stood open for days: what happened to the release meanwhile counts.
    submission.review_required = submission.review_required or standing.distrusted
    submission.closes_at = now
    move(session, submission, SubmissionEvent.CLOSED, actor=actor, now=now)


def _require_open(submission: Submission) -> None:
    if submission.state != SubmissionState.OPEN:
        raise TransitionRefused(SubmissionState(submission.state), SubmissionEvent.FILE_ADDED)
