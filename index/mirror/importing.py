"""Importing: each file of a folder or of another index goes the way of an upload, in somebody's name.

Nothing is remembered of how far an import came: what is here is known by its name and its bytes. So the same import can
be begun again at any time, and does what is left.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from enum import StrEnum
from hmac import compare_digest
from pathlib import Path
from typing import TYPE_CHECKING

from index.clock import utcnow
from index.hold.intake import IntakeRefused, Receipt, precheck
from index.mirror.origins import Origin, record_origin
from index.mirror.shelves import Found
from index.mirror.source import SourceFailed
from index.store.tables import OriginKind
from index.upload.faults import UploadRefused
from index.upload.form import Content, UploadForm
from index.upload.receive import examine_upload, take_file
from index.upload.record import record_refusal
from scanner.archive import ArchiveRefused, parse_filename

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.hold.intake import ReceivedFile
    from index.mirror.shelves import Collection
    from index.services import Services
    from index.store.tables import SubmissionState
    from index.upload.auth import Uploader
    from scanner.archive import DistributionFilename

__all__ = ["Came", "Imported", "import_all"]


class Came(StrEnum):
    """What became of one file."""

    RECEIVED = "received"
    """It is held, and will be inspected."""
    PRESENT = "present"
    """It was here already, with the same bytes."""
    REFUSED = "refused"
    """The checks of an upload do not let it in."""
    FAILED = "failed"
    """It could not be had; it may be later."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of one file, or of a project whose files could not be found."""

    what: str
    """The filename; or what could not be looked through."""
    came: Came
    why: tuple[str, ...] = ()
    """Sentences, where it did not come in."""
    state: SubmissionState | None = None
    """Of its submission, where it is here."""


def import_all(services: Services, collection: Collection, importer: Uploader) -> Iterator[Imported]:
    """What becomes of each file of the collection, as it comes. Ends early without any harm."""
    for found in collection.files():
        if not isinstance(found, Found):
            yield Imported(found.what, Came.FAILED, (found.why,))
            continue
        try:
            receipt = _import(services, collection, found, importer)
        except SourceFailed as failed:
            yield Imported(found.filename, Came.FAILED, (str(failed),))
        except (ArchiveRefused, UploadRefused) as refused:
            yield Imported(found.filename, Came.REFUSED, tuple(fault.message for fault in refused.faults))
        except IntakeRefused as refused:
            yield Imported(found.filename, Came.REFUSED, (refused.message,))
        else:
            came = Came.PRESENT if receipt.duplicate else Came.RECEIVED
            yield Imported(found.filename, came, state=receipt.state)


def _import(services: Services, collection: Collection, found: Found, importer: Uploader) -> Receipt:
    """The file is here.

    Raises:
        SourceFailed: its bytes cannot be had, or nothing says that they are the right ones.
        ArchiveRefused: its name is none.
        UploadRefused: a check of an upload refuses it.
        IntakeRefused: its bytes or its name are spoken for.
    """
    name = parse_filename(found.filename)
    if found.sha256 == "":
        raise SourceFailed("Its source does not give its SHA-256. Download it, and import the folder.")
    receipt = _known(services, found, name, importer)
    if receipt is not None:
        return receipt
    folder = services.settings.incoming_folder
    folder.mkdir(parents=True, exist_ok=True)
    descriptor, path = tempfile.mkstemp(dir=folder, prefix="import-")
    try:
        with os.fdopen(descriptor, "wb") as target:
            got = collection.fetch(found, target)
        if found.sha256 is not None and not compare_digest(got.sha256, found.sha256):
            raise SourceFailed(f"What came has SHA-256 {got.sha256}, and its source says {found.sha256}.")
        content = Content(
            path=Path(path), filename=found.filename, size=got.size, sha256=got.sha256, blake2_256=got.blake2_256
        )
        return _received(services, _form(content, name), found, importer)
    finally:
        Path(path).unlink(missing_ok=True)


def _known(services: Services, found: Found, name: DistributionFilename, importer: Uploader) -> Receipt | None:
    """The receipt of a file that is here already, if its source says which bytes it has."""
    if found.sha256 is None:
        return None
    with services.database.read() as session:
        return precheck(session, project=name.name, filename=name.filename, sha256=found.sha256, uploader=importer.user)


def _form(content: Content, name: DistributionFilename) -> UploadForm:
    """What a client would have sent."""
    fields = {
        ":action": ("file_upload",),
        "protocol_version": ("1",),
        "name": (name.name,),
        "version": (name.version,),
        "filetype": (name.packagetype,),
        "sha256_digest": (content.sha256,),
    }
    return UploadForm(fields, content)


def _received(services: Services, form: UploadForm, found: Found, importer: Uploader) -> Receipt:
    now = utcnow()
    try:
        answer = examine_upload(services, form, importer, action="", now=now)
        if isinstance(answer, Receipt):
            return answer
        services.blobs.put(form.content.path, form.content.sha256)
        with services.database.write() as session:
            receipt = take_file(services, session, form, answer, importer, now=now)
            if not receipt.duplicate:
                record_origin(session, _origin(answer, found), now=now)
    except UploadRefused as refusal:
        record_refusal(services, form, importer, refusal, now=now)
        raise
    services.ring()
    return receipt


def _origin(file: ReceivedFile, found: Found) -> Origin:
    return Origin(
        sha256=file.sha256,
        filename=file.filename,
        project=file.project,
        kind=OriginKind.IMPORT,
        url=found.url.partition("?")[0] if "://" in found.url else found.url,  # a query may be a secret
        upload_time=found.upload_time,
    )
