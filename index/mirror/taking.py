"""Taking a file in from upstream: its bytes, the checks that its archive must pass, and the hold."""

from __future__ import annotations

import os
import tempfile
from hmac import compare_digest
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import update

from index.audit.log import Event, append
from index.clock import utcnow
from index.hold.inserting import insert_unless_there
from index.hold.intake import IntakeRefused, receive
from index.hold.mirrored import UPSTREAM_ACTOR, upstream_user
from index.hold.names import find_project
from index.hold.sessions import close_submission
from index.mirror.names import is_ours
from index.mirror.origins import Origin, record_origin
from index.mirror.source import Source, SourceFailed
from index.store.tables import File, MirroredProject, OriginKind, Submission, SubmissionState
from index.upload.attestations import Attested
from index.upload.form import Content
from index.upload.receive import mapped, received_file
from scanner.archive import ArchiveRefused, read_distribution

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from index.hold.intake import ReceivedFile
    from index.mirror.offers import Offer
    from index.mirror.source import SourceClient
    from index.services import Services

__all__ = ["NotTaken", "take"]

_log = structlog.get_logger()


class NotTaken(Exception):
    """The file does not come in; the message says why."""


def take(services: Services, client: SourceClient, offer: Offer) -> None:
    """The file is held in a submission that is closed, and its inspection is ordered.

    Raises:
        SourceFailed: upstream does not give it, or gives other bytes than it promised; nothing was written.
        NotTaken: a check refuses it, which is recorded; or it is ours by now.
    """
    folder = services.settings.incoming_folder
    folder.mkdir(parents=True, exist_ok=True)
    descriptor, path = tempfile.mkstemp(dir=folder, prefix="upstream-")
    try:
        with os.fdopen(descriptor, "wb") as target:
            arrived = client.download(offer.remote.url, target)
        if not compare_digest(arrived.sha256, offer.sha256):
            raise SourceFailed(
                f"{offer.name.filename} was promised with SHA-256 {offer.sha256}, and what came has {arrived.sha256}."
            )
        content = Content(
            path=Path(path),
            filename=offer.name.filename,
            size=arrived.size,
            sha256=arrived.sha256,
            blake2_256=arrived.blake2_256,
        )
        _examine(services, offer, content)
    finally:
        Path(path).unlink(missing_ok=True)
    services.ring()


def _examine(services: Services, offer: Offer, content: Content) -> None:
    """The file is held; or the checks refuse it, and that is recorded."""
    if content.size == 0:
        raise NotTaken("The file is empty.")
    try:
        with mapped(content) as data:
            distribution = read_distribution(data, content.filename)
    except ArchiveRefused as refused:
        reasons = " ".join(fault.message for fault in refused.faults)
        _refuse(services, offer, reasons)
        raise NotTaken(reasons) from refused
    services.blobs.put(content.path, content.sha256)
    with services.database.write() as session:
        try:
            _hold(services, session, offer, content, received_file(content, distribution, Attested()))
        except IntakeRefused as refused:
            raise NotTaken(refused.message) from refused


def _hold(services: Services, session: Session, offer: Offer, content: Content, file: ReceivedFile) -> None:
    """The file is in a submission, which is judged as soon as it is inspected.

    Raises:
        NotTaken: somebody here has taken the name meanwhile.
        IntakeRefused: the transaction must not commit.
    """
    now = utcnow()
    services.database.lock_project(session, file.project)
    if is_ours(session, file.project, never=services.settings.upstream_never):
        raise NotTaken(f"{file.project!r} is not read from upstream.")
    user = upstream_user(session, now=now)
    receipt = receive(
        services.database, session, file, uploader=user, actor=UPSTREAM_ACTOR, now=now, settle_seconds=0.0
    )
    if receipt.duplicate:
        return
    # The last file with these bytes may have been deleted since they were stored.
    services.database.lock_artifact(session, file.sha256)
    services.blobs.put(content.path, file.sha256)
    _mark(services, session, offer, now=now)
    if offer.remote.yanked:
        yank = update(File).where(File.submission_id == receipt.submission_id, File.filename == file.filename)
        session.execute(yank.values(yanked=True, yanked_reason=offer.remote.yanked_reason))
    submission = session.get_one(Submission, receipt.submission_id, populate_existing=True)
    if submission.state == SubmissionState.OPEN:
        close_submission(session, submission, user, actor=UPSTREAM_ACTOR, now=now)


def _mark(services: Services, session: Session, offer: Offer, *, now: datetime) -> None:
    """The database says where the file and its project come from."""
    record_origin(session, _origin(offer), now=now)
    found = find_project(session, offer.name.name)
    assert found is not None  # noqa: S101 # `receive` has made it
    upstream = Source.parse(services.settings.upstream_url).root
    if insert_unless_there(session, MirroredProject, {"project_id": found.id, "upstream": upstream, "since": now}):
        event = Event(actor=UPSTREAM_ACTOR, action="project.mirrored", subject=f"project:{found.name}")
        append(session, event, now=now)


def _origin(offer: Offer) -> Origin:
    return Origin(
        sha256=offer.sha256,
        filename=offer.name.filename,
        project=offer.name.name,
        kind=OriginKind.UPSTREAM,
        url=offer.remote.url.partition("?")[0],  # a query may be a secret
        upload_time=offer.remote.upload_time,
    )


def _refuse(services: Services, offer: Offer, reasons: str) -> None:
    """The refusal is recorded, so that nobody fetches the file again for the same answer."""
    now = utcnow()
    _log.info("upstream.refused", filename=offer.name.filename, reasons=reasons)
    event = Event(
        actor=UPSTREAM_ACTOR,
        action="upstream.refused",
        subject=f"file:{offer.name.filename}",
        evidence=offer.sha256,
    )
    with services.database.write() as session:
        record_origin(session, _origin(offer), now=now, refusal=reasons)
        append(session, event, now=now)
