"""One upload, from the form on disk to the receipt: all checks, then the bytes, then one transaction."""

from __future__ import annotations

import errno
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from mmap import ACCESS_READ, mmap
from typing import TYPE_CHECKING, Final

import structlog

from index.hold.intake import IntakeRefused, NameReserved, ReceivedFile, answer_from, receive
from index.hold.standing import Place, read_standing
from index.store.blobs import BlobsUnreachable
from index.upload.attestations import Attested, examine_attestations
from index.upload.auth import current_user, require_scope
from index.upload.checks import classifier_faults, digest_faults, request_faults, require_upload, tag_faults
from index.upload.faults import Code, UploadRefused, refuse
from index.upload.metadata import form_faults
from index.upload.names import name_faults, require_namespace
from index.upload.releases import ReleaseLimits, Target, release_faults
from scanner.archive import ArchiveRefused, Fault, parse_filename, read_distribution

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy.orm import Session

    from index.hold.intake import Receipt
    from index.services import Services
    from index.upload.auth import Uploader
    from index.upload.form import Content, UploadForm
    from scanner.archive import Distribution, DistributionFilename

__all__ = [
    "examine_upload",
    "mapped",
    "received_file",
    "release_limits",
    "storage_may_fail",
    "store_upload",
    "take_file",
    "translated",
]

_log: Final = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Upload:
    """One upload under examination, and what was found wrong with it so far."""

    form: UploadForm
    uploader: Uploader
    now: datetime
    faults: list[Fault] = field(default_factory=list)


def examine_upload(
    services: Services, form: UploadForm, uploader: Uploader, *, action: str, now: datetime
) -> Receipt | ReceivedFile:
    """The file and what it says of itself, after all checks; or the receipt of a file that is here already.

    `action` is what the request's query asks for, where the form itself does not say it.

    Raises:
        UploadRefused: with everything that is wrong with it.
    """
    require_upload(form.first(":action") or action)
    if form.content.size == 0:
        raise refuse(Code.CONTENT_EMPTY, "The file is empty.")
    upload = _Upload(form, uploader, now)
    upload.faults.extend(request_faults(form))
    with mapped(form.content) as data:
        upload.faults.extend(digest_faults(form, data))
        filename = _filename(upload)
        if filename is None:
            raise UploadRefused(upload.faults)
        receipt = _known(services, upload, filename)
        return receipt or _examined(services, upload, filename, data)


def store_upload(
    services: Services, form: UploadForm, file: ReceivedFile, uploader: Uploader, *, now: datetime
) -> Receipt:
    """The file is held in a submission, and survives a power cut: first its bytes, then one transaction.

    What another upload may have changed since the examination is asked again, under the project's lock.

    Raises:
        UploadRefused: somebody else was faster; the bytes may stay behind as a blob that nobody names.
    """
    services.blobs.put(form.content.path, form.content.sha256)
    return services.database.write_together(
        lambda session: take_file(services, session, form, file, uploader, now=now),
    )


def take_file(  # noqa: PLR0913 # one upload has that many sides
    services: Services,
    session: Session,
    form: UploadForm,
    file: ReceivedFile,
    uploader: Uploader,
    *,
    now: datetime,
    into: str | None = None,
) -> Receipt:
    """The stored file is held in a submission when the caller's transaction commits.

    `into` is the open submission of a publishing session, where the file comes through one.

    Raises:
        UploadRefused: the transaction must not commit.
    """
    user = current_user(session, uploader, now=now)
    services.database.lock_project(session, file.project)
    if services.settings.namespaces:
        require_namespace(session, file.project, user)
    standing = read_standing(session, file.place, user.id)
    faults = list(name_faults(session, file.project, user, is_member=standing.member))
    with translated():
        receipt = receive(
            services.database,
            session,
            file,
            uploader=user,
            actor=uploader.actor,
            now=now,
            settle_seconds=services.settings.settle_seconds,
            into=into,
            standing=standing,
        )
    if not receipt.duplicate:
        # The last file with these bytes may have been deleted since they were stored.
        services.database.lock_artifact(session, file.sha256)
        services.blobs.put(form.content.path, form.content.sha256)
        # Said last, when `receive` has seen that the uploader is a member.
        target = Target(file.project, file.version, file.size)
        faults.extend(release_faults(standing, target, release_limits(services), now=now))
        if faults:
            raise UploadRefused(faults)
    return receipt


@contextmanager
def storage_may_fail() -> Iterator[None]:
    """A full disk, or a bucket that is out of reach, is said to be one, not a crash.

    Raises:
        UploadRefused: 507 or 503.
    """
    try:
        yield
    except BlobsUnreachable as error:
        _log.error("upload.storage_unreachable", error=str(error))
        raise refuse(
            Code.STORAGE_UNREACHABLE,
            "This index cannot reach its storage. Nothing was stored; try again in a minute.",
            HTTPStatus.SERVICE_UNAVAILABLE,
        ) from error
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
            raise
        raise refuse(
            Code.STORAGE_FULL, "This index has no room left. Nothing was stored.", HTTPStatus.INSUFFICIENT_STORAGE
        ) from error


@contextmanager
def mapped(content: Content) -> Iterator[mmap]:
    """The bytes, which are at least one, as they lie on disk."""
    with content.path.open("rb") as file:
        data = mmap(file.fileno(), 0, access=ACCESS_READ)
    try:
        yield data
    finally:
        with suppress(BufferError):  # an exception under way still holds a view; the mapping goes with it
            data.close()


@contextmanager
def translated() -> Iterator[None]:
    """What the hold refuses is a refused upload.

    Raises:
        UploadRefused: with the hold's status.
    """
    try:
        yield
    except IntakeRefused as refused:
        raise UploadRefused([Fault(refused.code, refused.message)], HTTPStatus(refused.status)) from refused


def release_limits(services: Services) -> ReleaseLimits:
    """What the operator allows a release."""
    return ReleaseLimits(timedelta(days=services.settings.release_open_days), services.settings.project_max_bytes)


def _filename(upload: _Upload) -> DistributionFilename | None:
    """What the filename says; None where it says nothing that can be followed, and the fault is noted."""
    try:
        filename = parse_filename(upload.form.content.filename)
    except ArchiveRefused as refused:
        upload.faults.extend(refused.faults)
        return None
    require_scope(upload.uploader, filename.name)
    upload.faults.extend(
        form_faults(upload.form, project=filename.name, version=filename.version, packagetype=filename.packagetype)
    )
    return filename


def _known(services: Services, upload: _Upload, filename: DistributionFilename) -> Receipt | None:
    """The receipt of a file that is here already, before any heavy work; None where the file is new.

    Raises:
        UploadRefused: the uploader may not upload here, or the bytes or the filename are spoken for.
    """
    content = upload.form.content
    with services.database.read() as session, translated():
        user = upload.uploader.user
        if services.settings.namespaces:
            require_namespace(session, filename.name, user)
        place = Place(filename.name, filename.version, filename.filename, content.sha256)
        standing = read_standing(session, place, user.id)
        try:
            receipt = answer_from(place, standing, user)
        except NameReserved as reserved:
            # Noted like a prohibited name, among all other faults: the two must not be told apart.
            upload.faults.append(Fault(reserved.code, reserved.message))
            return None
        if receipt is None:
            target = Target(filename.name, filename.version, content.size)
            upload.faults.extend(name_faults(session, filename.name, user, is_member=standing.member))
            upload.faults.extend(release_faults(standing, target, release_limits(services), now=upload.now))
        elif upload.faults:
            raise UploadRefused(upload.faults)
        return receipt


def _examined(services: Services, upload: _Upload, filename: DistributionFilename, data: mmap) -> ReceivedFile:
    """The file and what it says of itself, after every check that needs no transaction.

    Raises:
        UploadRefused: with all faults.
    """
    distribution = None
    try:
        distribution = read_distribution(data, filename.filename)
    except ArchiveRefused as refused:
        upload.faults.extend(refused.faults)
    upload.faults.extend(tag_faults(filename))
    trusted_root = services.settings.trusted_root
    attested = examine_attestations(upload.form.first("attestations"), upload.form.content, trusted_root=trusted_root)
    upload.faults.extend(attested.faults)
    if distribution is not None:
        upload.faults.extend(classifier_faults(distribution.metadata.classifiers or ()))
    if distribution is None or upload.faults:
        raise UploadRefused(upload.faults)
    return received_file(upload.form.content, distribution, attested)


def received_file(content: Content, distribution: Distribution, attested: Attested) -> ReceivedFile:
    """The file, as the hold takes it."""
    metadata = distribution.metadata
    return ReceivedFile(
        filename=distribution.filename.filename,
        packagetype=distribution.filename.packagetype,
        project=distribution.filename.name,
        display_name=metadata.name,
        version=distribution.filename.version,
        sha256=content.sha256,
        blake2_256=content.blake2_256,
        size=content.size,
        metadata_bytes=distribution.metadata_bytes,
        requires_python=str(metadata.requires_python or ""),
        attestations=attested.sent,
        provenance=attested.provenance,
    )
