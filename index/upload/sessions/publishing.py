"""What can be done with a session: open, extend, publish and cancel it."""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING

from packaging.utils import InvalidName, canonicalize_name
from packaging.version import InvalidVersion, Version
from sqlalchemy import select

from index.audit.log import Event, append
from index.hold.endings import end_submission
from index.hold.sessions import Opening, ReleaseName, close_submission, open_submission
from index.hold.standing import Place, read_standing
from index.hold.submission import SubmissionEvent
from index.store.identifiers import new_id
from index.store.tables import FileStatus, PublishingSession, Release, Submission, SubmissionState
from index.upload.faults import Code, UploadRefused, fault, refuse
from index.upload.names import name_faults, require_namespace
from index.upload.receive import release_limits
from index.upload.releases import Target, release_faults
from index.upload.sessions.documents import files_of, session_url
from index.upload.sessions.problems import SessionRefused
from index.upload.sessions.status import EDITABLE, SessionStatus, latest_expiry, lifetime_of
from scanner.archive.faults import shown

if TYPE_CHECKING:
    from index.hold.standing import Standing
    from index.upload.sessions.access import Desk

__all__ = ["begin_again", "cancel", "extend", "open_session", "publish", "require_editable"]


def open_session(desk: Desk, display_name: str, version: str) -> PublishingSession:
    """A session for the release is open, and the name is reserved for it.

    Raises:
        UploadRefused: 400 for what is no name or no version, 403 for what the uploader may not have, 409 where the
            release is in another session or cannot take files.
    """
    name = _release_name(display_name, version)
    desk.lock(name.project)
    if desk.services.settings.namespaces:
        require_namespace(desk.session, name.project, desk.user)
    standing = desk.permit(name.project, name.version)
    faults = list(name_faults(desk.session, name.project, desk.user))
    if faults:
        raise UploadRefused(faults, HTTPStatus.FORBIDDEN)
    _require_free(desk, standing, name)
    _require_takes_files(desk, standing, name)
    expires_at = desk.now + lifetime_of(desk.services.settings)
    opening = Opening(desk.session, desk.user, desk.uploader.actor, desk.now)
    submission_id = open_submission(opening, name, closes_at=expires_at)
    record = PublishingSession(
        id=new_id(desk.now),
        submission_id=submission_id,
        opened_by_id=desk.user.id,
        created_at=desk.now,
        expires_at=expires_at,
    )
    desk.session.add(record)
    desk.session.flush()
    desk.session.refresh(record)
    return record


def _release_name(display_name: str, version: str) -> ReleaseName:
    faults = []
    try:
        project = canonicalize_name(display_name, validate=True)
    except InvalidName:
        faults.append(fault(Code.NAME_MALFORMED, f"{shown(display_name)} is not a name that a project can have."))
    try:
        canonical = str(Version(version))
    except InvalidVersion:
        faults.append(fault(Code.VERSION_MALFORMED, f"{shown(version)} is not a version (PEP 440)."))
    if faults:
        raise UploadRefused(faults)
    return ReleaseName(project, display_name, canonical)


def _require_free(desk: Desk, standing: Standing, name: ReleaseName) -> None:
    """No session of the release is under way, and no submission."""
    query = (
        select(PublishingSession)
        .join(Submission, PublishingSession.submission_id == Submission.id)
        .where(Submission.release_id == standing.release_id, PublishingSession.canceled_at.is_(None))
    )
    for record in desk.session.scalars(query):
        # Who lost the name with a rejection blocks nobody who has it now.
        ours = standing.member or record.opened_by_id == desk.user.id
        if ours and desk.status(record) in (*EDITABLE, SessionStatus.PROCESSING):
            raise SessionRefused.conflict(
                Code.SESSION_EXISTS,
                f"Release {name.version} of {name.project!r} is in a session already. Use that one, or cancel it.",
                location=session_url(desk.services, record.id),
            )
    if standing.live_id is not None:
        raise SessionRefused.conflict(
            Code.SUBMISSION_EXISTS,
            f"Files of release {name.version} of {name.project!r} were uploaded without a session and are held. "
            "Wait until they are published.",
            location=f"{desk.services.settings.resolved_public_url}/submissions/{standing.live_id}",
        )


def _require_takes_files(desk: Desk, standing: Standing, name: ReleaseName) -> None:
    target = Target(name.project, name.version, size=0)
    faults = list(release_faults(standing, target, release_limits(desk.services), now=desk.now))
    if faults:
        raise UploadRefused(faults, HTTPStatus.CONFLICT)


def require_editable(desk: Desk, record: PublishingSession) -> None:
    """Files may come and go.

    Raises:
        UploadRefused: 409.
    """
    status = desk.status(record)
    if status not in EDITABLE:
        raise refuse(Code.SESSION_CLOSED, f"This session is {status}: it takes no changes.", HTTPStatus.CONFLICT)


def begin_again(desk: Desk, record: PublishingSession) -> None:
    """The editable session has an open submission: another one, where its last one was rejected.

    Raises:
        UploadRefused: 403 or 409, because somebody or something else has the name or the release by now.
    """
    rejected = record.submission
    if rejected.state != SubmissionState.REJECTED:
        return
    release: Release = rejected.release
    name = ReleaseName(release.project.name, release.project.display_name, release.version)
    if desk.services.settings.namespaces:
        require_namespace(desk.session, name.project, desk.user)
    standing = desk.permit(name.project, name.version)
    faults = list(name_faults(desk.session, name.project, desk.user))
    if faults:
        raise UploadRefused(faults, HTTPStatus.FORBIDDEN)
    if standing.live_id is not None:
        _require_free(desk, standing, name)
    expires_at = max(desk.now + lifetime_of(desk.services.settings), record.expires_at)
    opening = Opening(desk.session, desk.user, desk.uploader.actor, desk.now)
    record.submission_id = open_submission(opening, name, closes_at=expires_at)
    record.failed_id, record.expires_at = rejected.id, expires_at
    desk.session.flush()
    desk.session.refresh(record)


def extend(desk: Desk, record: PublishingSession, seconds: int) -> None:
    """The open session expires so many seconds later, or as late as it may. Otherwise nothing changes.

    Raises:
        UploadRefused: 409, because it is over.
    """
    status = desk.status(record)
    if status in (SessionStatus.PUBLISHED, SessionStatus.CANCELED):
        raise refuse(Code.SESSION_CLOSED, f"This session is {status}: it cannot be extended.", HTTPStatus.CONFLICT)
    submission = record.submission
    if submission.state == SubmissionState.OPEN:
        longest = latest_expiry(record, desk.services.settings)
        room = max(timedelta(0), longest - submission.closes_at)
        submission.closes_at += min(timedelta(seconds=min(seconds, room.total_seconds())), room)
        record.expires_at = max(record.expires_at, submission.closes_at)


def publish(desk: Desk, record: PublishingSession) -> SessionStatus:
    """The session is being processed: its files are judged, and published when nothing speaks against it.

    Asked again, it says how far that is.

    Raises:
        UploadRefused: 409, because it is canceled, empty or holds a file that is not completed.
    """
    status = desk.status(record)
    if status in (SessionStatus.PROCESSING, SessionStatus.PUBLISHED):
        return status
    require_editable(desk, record)
    _require_completed(desk, record)
    release: Release = record.submission.release
    name = ReleaseName(release.project.name, release.project.display_name, release.version)
    standing = read_standing(desk.session, Place(name.project, name.version), desk.user.id)
    _require_takes_files(desk, standing, name)
    close_submission(desk.session, record.submission, desk.user, actor=desk.uploader.actor, now=desk.now)
    return desk.status(record)


def _require_completed(desk: Desk, record: PublishingSession) -> None:
    """Every file is completed, and none was rejected with an earlier attempt."""
    files = files_of(desk, record)
    held = (
        {file.filename for file in record.submission.files} if record.submission.state == SubmissionState.OPEN else ()
    )
    faults = []
    for file in files:
        if file.status != FileStatus.COMPLETED:
            message = f"{file.filename} is {file.status}: complete it, or delete it."
            faults.append(fault(Code.FILE_NOT_COMPLETED, message))
        elif file.filename not in held:
            faults.append(fault(Code.FILE_REJECTED, f"{file.filename} was rejected: delete it."))
    if not files:
        faults.append(fault(Code.SESSION_EMPTY, "This session has no files: there is nothing to publish."))
    if faults:
        raise UploadRefused(faults, HTTPStatus.CONFLICT)


def cancel(desk: Desk, record: PublishingSession) -> None:
    """The session is canceled, and its names are free. Canceling it again changes nothing.

    Raises:
        UploadRefused: 409, because it is being processed or published.
    """
    if desk.status(record) is SessionStatus.CANCELED:
        return
    require_editable(desk, record)
    actor, submission = desk.uploader.actor, record.submission
    if submission.state == SubmissionState.OPEN:
        database = desk.services.database
        end_submission(database, desk.session, submission.id, SubmissionEvent.CANCELED, actor=actor, now=desk.now)
    record = desk.session.get_one(PublishingSession, record.id)
    record.canceled_at = desk.now
    event = Event(actor=actor, action="session.canceled", subject=f"session:{record.id}")
    append(desk.session, event, now=desk.now)
