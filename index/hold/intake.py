"""Receiving: a file joins a submission, and the work for it is written down, in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256 as new_sha256
from typing import TYPE_CHECKING

from sqlalchemy import exists, select, update

from index.audit.log import Event, append
from index.hold.cases import close_case
from index.hold.inserting import insert_unless_there
from index.hold.names import find_project, has_been_published, is_member, reserve_name
from index.hold.orders import Subject, enqueue
from index.hold.refusals import BytesRejected, FilenameTaken, IntakeRefused, NameReserved, NotPermitted
from index.hold.rulesets import active_ruleset
from index.hold.submission import LIVE_UNPUBLISHED, SubmissionEvent, transition
from index.store.identifiers import new_id
from index.store.tables import (
    Artifact,
    File,
    FilenameClaim,
    Membership,
    Project,
    Release,
    Submission,
    SubmissionState,
    User,
)

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from index.store.database import Database
    from scanner.model import Sha256Hex

__all__ = [
    "BytesRejected",
    "FilenameTaken",
    "IntakeRefused",
    "NameReserved",
    "NotPermitted",
    "Receipt",
    "ReceivedFile",
    "keep_open",
    "precheck",
    "receive",
]

#: After one of these, the next submission of the release is looked at by a person.
_DISTRUSTED = (SubmissionState.REJECTED, SubmissionState.WITHDRAWN)

#: Where the same bytes under the same name are simply there already.
_PRESENT = (*LIVE_UNPUBLISHED, SubmissionState.PUBLISHED)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedFile:
    """A file whose bytes are stored and whose form, archive, metadata and attestations have been checked."""

    filename: str
    packagetype: str
    project: str
    """Normalized (PEP 503)."""
    display_name: str
    version: str
    """Canonical (PEP 440), trailing zeros kept."""
    sha256: Sha256Hex
    blake2_256: str
    size: int
    metadata_bytes: bytes
    requires_python: str
    attestations: str | None
    """A JSON array, as it was sent (PEP 740)."""
    provenance: str | None = None
    """What verifying the attestations told: a JSON array of :class:`scanner.model.ProvenanceFact`."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """Where the file has gone."""

    submission_id: str
    state: SubmissionState
    duplicate: bool
    """The same bytes were there under the same name; nothing was written."""


def precheck(session: Session, *, project: str, filename: str, sha256: str, uploader: User) -> Receipt | None:
    """The answer that needs no new bytes: a receipt where the file is there already, None where it may come.

    Raises:
        BytesRejected: the bytes were rejected before.
        NameReserved: the name belongs to somebody else's held first release.
        NotPermitted: the uploader is neither owner nor maintainer.
        FilenameTaken: other bytes have the filename, or what was withdrawn or deleted has it.
    """
    artifact = session.get(Artifact, sha256)
    if artifact is not None and artifact.rejected_at is not None:
        raise BytesRejected(sha256)
    _check_permission(session, project, uploader)
    claim = session.get(FilenameClaim, filename)
    if claim is None:
        return None
    submission = session.get_one(Submission, claim.submission_id)
    if claim.sha256 != sha256 or submission.state not in _PRESENT or _is_deleted(session, claim):
        raise FilenameTaken(filename, claim.sha256)
    return Receipt(submission.id, SubmissionState(submission.state), duplicate=True)


def _is_deleted(session: Session, claim: FilenameClaim) -> bool:
    """Whether its owner has deleted the file: its name stays taken, also for the same bytes."""
    return bool(
        session.scalar(
            select(
                exists().where(
                    File.submission_id == claim.submission_id,
                    File.filename == claim.filename,
                    File.deleted_at.is_not(None),
                )
            )
        )
    )


def _check_permission(session: Session, name: str, uploader: User) -> None:
    project = find_project(session, name)
    if project is None or is_member(session, project, uploader):
        return
    if has_been_published(session, project):
        raise NotPermitted(uploader.username, name)
    if session.scalar(select(exists().where(Membership.project_id == project.id))):
        raise NameReserved(name)


def receive(  # noqa: PLR0913 # one upload has that many sides, all named
    database: Database,
    session: Session,
    file: ReceivedFile,
    *,
    uploader: User,
    actor: str,
    now: datetime,
    settle_seconds: float,
) -> Receipt:
    """The file is in a submission of its release, held, when the caller's transaction commits.

    The bytes must be stored durably before. Ring the doorbell after the commit.

    Raises:
        IntakeRefused: as `precheck`; nothing was written.
    """
    database.lock_project(session, file.project)
    session.flush()
    session.expire_all()  # what was read before the lock may have changed
    receipt = precheck(session, project=file.project, filename=file.filename, sha256=file.sha256, uploader=uploader)
    if receipt is not None:
        return receipt
    release = _release_of(session, file, uploader, actor=actor, now=now)
    submission = _join_or_open(session, release, uploader, actor=actor, now=now)
    submission.closes_at = now + timedelta(seconds=settle_seconds)
    _store(session, submission, file, uploader, now=now)
    subject = f"file:{file.filename}"
    new = f"submission:{submission.id}"
    append(session, Event(actor=actor, action="file.received", subject=subject, new=new, evidence=file.sha256), now=now)
    ruleset = active_ruleset(session)
    if ruleset is not None:  # else the keeper makes the job once there are rules
        enqueue(session, Subject(file.sha256, file.filename, ruleset), now=now)
    return Receipt(submission.id, SubmissionState(submission.state), duplicate=False)


def _release_of(session: Session, file: ReceivedFile, uploader: User, *, actor: str, now: datetime) -> Release:
    project = find_project(session, file.project)
    if project is None:
        project = Project(name=file.project, display_name=file.display_name, created_at=now)
        session.add(project)
        session.flush()
    if not is_member(session, project, uploader):  # the name is new, or free again: precheck saw to it
        project.display_name = file.display_name
        reserve_name(session, project, uploader)
        event = Event(
            actor=actor, action="project.reserved", subject=f"project:{project.name}", new=f"user:{uploader.username}"
        )
        append(session, event, now=now)
    query = select(Release).where(Release.project_id == project.id, Release.version == file.version)
    release = session.scalar(query)
    if release is None:
        release = Release(project_id=project.id, version=file.version, created_at=now)
        session.add(release)
        session.flush()
    return release


def _join_or_open(session: Session, release: Release, uploader: User, *, actor: str, now: datetime) -> Submission:
    query = select(Submission).where(Submission.release_id == release.id, Submission.state.in_(LIVE_UNPUBLISHED))
    submission = session.scalar(query)
    if submission is None:
        return _open(session, release, uploader, actor=actor, now=now)
    old = SubmissionState(submission.state)
    submission.state = transition(old, SubmissionEvent.FILE_ADDED)
    submission.mixed_publishers = submission.mixed_publishers or submission.opened_by_id != uploader.id
    if old is not SubmissionState.OPEN:
        submission.revision += 1
        submission.state_changed_at = now
        close_case(session, submission, now=now)
        event = Event(
            actor=actor,
            action="submission.revised",
            subject=f"submission:{submission.id}",
            old=old,
            new=f"{submission.state} revision {submission.revision}",
        )
        append(session, event, now=now)
    return submission


def _open(session: Session, release: Release, uploader: User, *, actor: str, now: datetime) -> Submission:
    distrusted = select(exists().where(Submission.release_id == release.id, Submission.state.in_(_DISTRUSTED)))
    submission = Submission(
        id=new_id(now),
        release_id=release.id,
        state=SubmissionState.OPEN,
        opened_by_id=uploader.id,
        opened_at=now,
        closes_at=now,
        state_changed_at=now,
        review_required=bool(session.scalar(distrusted)),
    )
    session.add(submission)
    session.flush()
    event = Event(
        actor=actor, action="submission.opened", subject=f"submission:{submission.id}", new=SubmissionState.OPEN
    )
    append(session, event, now=now)
    return submission


def _store(session: Session, submission: Submission, file: ReceivedFile, uploader: User, *, now: datetime) -> None:
    values = {"sha256": file.sha256, "blake2_256": file.blake2_256, "size": file.size, "received_at": now}
    insert_unless_there(session, Artifact, values)  # they may be arriving for another project in this moment
    session.add(
        File(
            submission_id=submission.id,
            filename=file.filename,
            sha256=file.sha256,
            packagetype=file.packagetype,
            requires_python=file.requires_python,
            metadata_bytes=file.metadata_bytes,
            metadata_sha256=new_sha256(file.metadata_bytes).hexdigest(),
            attestations=file.attestations,
            provenance=file.provenance,
            uploaded_at=now,
            uploaded_by_id=uploader.id,
        )
    )
    session.add(FilenameClaim(filename=file.filename, submission_id=submission.id, sha256=file.sha256))
    session.flush()


def keep_open(session: Session, uploader: User, *, now: datetime, settle_seconds: float) -> None:
    """What `uploader` has open does not close before `settle_seconds` from now: another upload is under way."""
    until = now + timedelta(seconds=settle_seconds)
    session.execute(
        update(Submission)
        .where(
            Submission.opened_by_id == uploader.id,
            Submission.state == SubmissionState.OPEN,
            Submission.closes_at < until,
        )
        .values(closes_at=until)
        .execution_options(synchronize_session=False)
    )
