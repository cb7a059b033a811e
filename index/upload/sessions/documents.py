"""The documents that describe a session and its files, and the addresses in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import select

from index.review.status import status_of as submission_status
from index.store.tables import FileSession, FileStatus, Submission
from index.upload.sessions.protocol import MECHANISM, timestamp
from index.upload.sessions.status import SessionStatus, expiry_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.review.status import Status
    from index.services import Services
    from index.store.tables import PublishingSession
    from index.upload.sessions.access import Desk

__all__ = ["ROOT", "describe_file", "describe_session", "file_url", "files_of", "session_url", "status_of_file"]

#: Where the API begins, below the public URL.
ROOT = "/upload/2.0/"


def session_url(services: Services, session_id: str) -> str:
    """The address of a session."""
    return f"{services.settings.resolved_public_url}{ROOT}sessions/{session_id}"


def file_url(services: Services, file_id: str) -> str:
    """The address of a file session."""
    return f"{services.settings.resolved_public_url}{ROOT}files/{file_id}"


def files_of(desk: Desk, record: PublishingSession) -> Sequence[FileSession]:
    """The files of the session, without those that were canceled or deleted."""
    query = select(FileSession).where(FileSession.session_id == record.id, FileSession.status != FileStatus.CANCELED)
    return desk.session.scalars(query.order_by(FileSession.id)).all()


def describe_session(desk: Desk, record: PublishingSession) -> dict[str, Any]:
    """The session as it is now. It has no `stage` and no `session-token`: nothing is shown before it is published."""
    settings, status = desk.services.settings, desk.status(record)
    url = session_url(desk.services, record.id)
    told = _told(desk, record, status)
    document: dict[str, Any] = {
        "links": {"session": url, "upload": f"{url}/files", "publish": f"{url}/publish", "extend": f"{url}/extend"},
        "mechanisms": [MECHANISM],
        "expires-at": timestamp(expiry_of(record, settings, now=desk.now)),
        "status": str(status),
        "files": {},
        "notices": list(_notices(status, told)),
    }
    if status is not SessionStatus.CANCELED:
        for file in files_of(desk, record):
            document["files"][file.filename] = _entry(desk, file, told if status is SessionStatus.ERROR else None)
    return document


def describe_file(desk: Desk, file: FileSession) -> dict[str, Any]:
    """The file session as it is now. It lives as long as its session, so it has no `extend` of its own."""
    url = file_url(desk.services, file.id)
    return {
        "links": {"file-upload-session": url, "complete": f"{url}/complete"},
        "status": str(status_of_file(desk, file)),
        "expires-at": timestamp(expiry_of(file.session, desk.services.settings, now=desk.now)),
        "mechanism": {
            "identifier": MECHANISM,
            "file_url": f"{url}/bytes",
            "attestations_url": f"{url}/attestations",
        },
        "notices": msgspec.json.decode(file.notices),
    }


def status_of_file(desk: Desk, file: FileSession) -> FileStatus:
    """Where the file stands: its session's end is its end."""
    over = desk.status(file.session) is SessionStatus.CANCELED
    return FileStatus.CANCELED if over else FileStatus(file.status)


def _entry(desk: Desk, file: FileSession, told: Status | None) -> dict[str, Any]:
    entry: dict[str, Any] = {"status": str(file.status), "link": file_url(desk.services, file.id)}
    notices = msgspec.json.decode(file.notices)
    if told is not None and file.filename in {name for name, _, _ in told.files}:
        notices += [reason.text for reason in told.reasons if reason.filename == file.filename]
        notices.append("This file was rejected and is not taken again. Delete it, and upload another one.")
    if notices:
        entry["notices"] = notices
    return entry


def _told(desk: Desk, record: PublishingSession, status: SessionStatus) -> Status | None:
    """What a maintainer is told of the submission that matters: the rejected one, while the session is in error."""
    if status is SessionStatus.OPEN:
        return None
    matters = record.submission
    if status is SessionStatus.ERROR and record.failed_id is not None:
        failed = desk.session.get_one(Submission, record.failed_id)
        matters = failed if matters.state == "open" else matters
    return submission_status(desk.services, desk.session, matters)


def _notices(status: SessionStatus, told: Status | None) -> Sequence[str]:
    if told is None:
        return ("Nothing is published before you publish this session and it has been inspected.",)
    if status is SessionStatus.CANCELED:
        return ("This session is over. Nothing of it is or will be published.",)
    found = [reason.text for reason in told.reasons]
    when = told.expected.text if told.expected is not None else ""
    said = (told.headline, told.deferral, told.summary, *found, told.comment, told.next, when)
    return [sentence for sentence in said if sentence]
