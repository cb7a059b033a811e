"""What can be done with a file of a session: announce it, send it, complete it, delete it."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
from sqlalchemy import select

from index.hold.intake import Receipt, answer_from
from index.hold.sessions import discard_file
from index.hold.standing import Place, read_standing
from index.store.blobs import BlobCorrupt, BlobMissing
from index.store.identifiers import new_id
from index.store.tables import FileSession, FileStatus, SubmissionState
from index.upload.checks import tag_faults
from index.upload.faults import Code, UploadRefused, fault, refuse
from index.upload.form import Content, UploadForm
from index.upload.receive import examine_upload, release_limits, take_file, translated
from index.upload.releases import Target, release_faults
from index.upload.sessions.arrival import hash_faults
from index.upload.sessions.protocol import MECHANISM
from index.upload.sessions.publishing import begin_again, require_editable
from index.upload.sessions.status import SessionStatus
from scanner.archive import ArchiveRefused, parse_filename
from scanner.archive.faults import shown
from scanner.model import Sha256Hex

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from index.hold.intake import ReceivedFile
    from index.services import Services
    from index.store.tables import PublishingSession
    from index.upload.auth import Uploader
    from index.upload.sessions.access import Desk
    from index.upload.sessions.protocol import CreateFile
    from scanner.archive import DistributionFilename

__all__ = ["accept", "announce", "arrived", "attest", "complete", "delete", "fail", "loaded_form", "require_pending"]

_MECHANISMS: Final = frozenset({MECHANISM})


def announce(desk: Desk, record: PublishingSession, asked: CreateFile) -> FileSession:
    """The file may be sent. One of the same name that was completed is discarded.

    Raises:
        UploadRefused: 400 for what is wrong with it already, 422 for the mechanism, 409 where it cannot come.
    """
    require_editable(desk, record)
    if asked.mechanism not in _MECHANISMS:
        raise refuse(
            Code.MECHANISM_UNKNOWN,
            f"The mechanism is {shown(asked.mechanism)}, expected {MECHANISM}.",
            HTTPStatus.UNPROCESSABLE_ENTITY,
        )
    filename = _checked_filename(record, asked)
    _replace(desk, record, asked.filename)
    begin_again(desk, record)
    _require_room(desk, filename, asked)
    file = FileSession(
        id=new_id(desk.now),
        session_id=record.id,
        filename=asked.filename,
        size=asked.size,
        hashes=msgspec.json.encode(asked.hashes).decode(),
        status=FileStatus.PENDING,
        created_by_id=desk.user.id,
        created_at=desk.now,
    )
    desk.session.add(file)
    desk.session.flush()
    desk.session.refresh(file)
    return file


def _checked_filename(record: PublishingSession, asked: CreateFile) -> DistributionFilename:
    try:
        filename = parse_filename(asked.filename)
    except ArchiveRefused as refused:
        raise UploadRefused(refused.faults) from refused
    release = record.submission.release
    faults = [*tag_faults(filename), *hash_faults(asked.hashes)]
    if filename.name != release.project.name:
        message = f"{shown(asked.filename)} belongs to {filename.name!r}, and this session to {release.project.name!r}."
        faults.append(fault(Code.NAME_MISMATCH, message))
    if filename.version != release.version:
        message = f"{shown(asked.filename)} is of version {filename.version}, and this session of {release.version}."
        faults.append(fault(Code.VERSION_MISMATCH, message))
    if faults:
        raise UploadRefused(faults)
    return filename


def _replace(desk: Desk, record: PublishingSession, filename: str) -> None:
    """What the session has under that name makes room.

    Raises:
        UploadRefused: 409, because it is on its way, or failed and was not deleted.
    """
    query = select(FileSession).where(
        FileSession.session_id == record.id,
        FileSession.filename == filename,
        FileSession.status != FileStatus.CANCELED,
    )
    for there in desk.session.scalars(query).all():
        if there.status != FileStatus.COMPLETED:
            raise refuse(
                Code.FILE_IN_THE_WAY,
                f"{filename} is in this session already, {there.status}. Delete that first.",
                HTTPStatus.CONFLICT,
            )
        delete(desk, there)


def _require_room(desk: Desk, filename: DistributionFilename, asked: CreateFile) -> None:
    """What can be known before the bytes come does not speak against the file.

    Raises:
        UploadRefused: 403 or 409.
    """
    sha256 = asked.hashes.get("sha256", "").lower()
    place = Place(filename.name, filename.version, filename.filename, sha256)
    standing = read_standing(desk.session, place, desk.user.id)
    with translated():
        known = answer_from(place, standing, desk.user)
    faults = []
    if known is not None:
        faults.append(fault(Code.FILE_PUBLISHED, f"File already exists ({filename.filename!r}, with the same bytes)."))
    limit = desk.services.settings.upload_max_bytes
    if asked.size > limit:
        faults.append(fault(Code.FILE_TOO_LARGE, f"File too large: the limit is {limit} bytes."))
    target = Target(filename.name, filename.version, asked.size)
    faults += release_faults(standing, target, release_limits(desk.services), now=desk.now)
    if faults:
        raise UploadRefused(faults, HTTPStatus.CONFLICT)


def require_pending(desk: Desk, file: FileSession) -> None:
    """The file is on its way, in a session that takes files.

    Raises:
        UploadRefused: 409.
    """
    require_editable(desk, file.session)
    if file.status != FileStatus.PENDING:
        raise refuse(
            Code.FILE_NOT_PENDING, f"{file.filename} is {file.status}: nothing can be sent.", HTTPStatus.CONFLICT
        )


def arrived(desk: Desk, file: FileSession, sha256: Sha256Hex, blake2_256: str) -> None:
    """The bytes of the file are stored under these digests. Raises as `require_pending`."""
    require_pending(desk, file)
    file.sha256, file.blake2_256 = sha256, blake2_256


def attest(desk: Desk, file: FileSession, attestations: bytes) -> None:
    """The attestations are kept until the file is completed; then they are verified.

    Raises:
        UploadRefused: 400 for what is no array of objects, 409 as `require_pending`.
    """
    require_pending(desk, file)
    try:
        sent = msgspec.json.decode(attestations, type=list[dict[str, msgspec.Raw]])
    except msgspec.DecodeError as error:
        raise refuse(Code.ATTESTATIONS_MALFORMED, f"The attestations are no JSON array of objects: {error}.") from error
    if not sent:
        raise refuse(Code.ATTESTATIONS_MALFORMED, "The array of attestations is empty.")
    file.attestations = attestations.decode()


@contextmanager
def loaded_form(services: Services, file: FileSession) -> Iterator[UploadForm]:
    """The file as the form of an upload, so that the same checks run; its bytes cannot go while the block runs.

    Raises:
        UploadRefused: 400, because no bytes have come, or they are gone again.
    """
    if file.sha256 is None or file.blake2_256 is None:
        raise refuse(Code.FILE_HAS_NO_BYTES, f"No bytes of {file.filename} have come.")
    sha256 = Sha256Hex(file.sha256)
    release = file.session.submission.release
    folder = services.settings.incoming_folder
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix="session-") as held:
        copy = Path(held) / "bytes"
        try:
            _link_or_copy(services.blobs.path(sha256), copy)
        except (BlobMissing, BlobCorrupt, FileNotFoundError) as gone:
            raise refuse(Code.FILE_HAS_NO_BYTES, f"The bytes of {file.filename} are gone. Send them again.") from gone
        fields = {
            ":action": ("file_upload",),
            "protocol_version": ("1",),
            "name": (release.project.name,),
            "version": (release.version,),
            "filetype": (parse_filename(file.filename).packagetype,),
            "sha256_digest": (sha256,),
            "attestations": (file.attestations or "",),
        }
        content = Content(path=copy, filename=file.filename, size=file.size, sha256=sha256, blake2_256=file.blake2_256)
        yield UploadForm(fields, content)


def accept(services: Services, form: UploadForm, uploader: Uploader, *, now: datetime) -> ReceivedFile:
    """The file after every check that needs no transaction.

    Raises:
        UploadRefused: with everything that is wrong with it.
    """
    examined = examine_upload(services, form, uploader, action="", now=now)
    if isinstance(examined, Receipt):
        message = f"File already exists ({form.content.filename!r}, with the same bytes)."
        raise refuse(Code.FILE_PUBLISHED, message, HTTPStatus.CONFLICT)
    return examined


def complete(desk: Desk, file: FileSession, form: UploadForm, received: ReceivedFile) -> Receipt:
    """The file is in the session's submission. Raises as `require_pending` and `take_file`."""
    require_pending(desk, file)
    begin_again(desk, file.session)
    receipt = take_file(
        desk.services, desk.session, form, received, desk.uploader, now=desk.now, into=file.session.submission_id
    )
    file.status = FileStatus.COMPLETED
    return receipt


def fail(file: FileSession, refusal: UploadRefused) -> None:
    """The pending file has failed for good: it can only be deleted."""
    if file.status == FileStatus.PENDING:
        file.status = FileStatus.ERROR
        file.notices = msgspec.json.encode([each.message for each in refusal.faults]).decode()


def delete(desk: Desk, file: FileSession) -> None:
    """The file is not in the session any more. Deleting it again changes nothing.

    Raises:
        UploadRefused: 409, because the session takes no changes.
    """
    if file.status == FileStatus.CANCELED or desk.status(file.session) is SessionStatus.CANCELED:
        return
    require_editable(desk, file.session)
    submission = file.session.submission
    is_held = submission.state == SubmissionState.OPEN and file.filename in {each.filename for each in submission.files}
    if file.status == FileStatus.COMPLETED and is_held:  # else it was rejected with an earlier submission
        discard_file(desk.session, submission, file.filename, actor=desk.uploader.actor, now=desk.now)
    file.status = FileStatus.CANCELED


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # another disk
        shutil.copyfile(source, target)
