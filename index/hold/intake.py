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
from index.hold.orders import Subject, enqueue, order_first
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
    _check_permission(session, project, find_project(session, project), uploader)
    return _check_file(session, filename, sha256)


def _check_permission(session: Session, name: str, project: Project | None, uploader: User) -> bool:
    """Whether the uploader is of the project already; False where the name is free."""
    if project is None:
        return False
    if is_member(session, project, uploader):
        return True
    if has_been_published(session, project):
        raise NotPermitted(uploader.username, name)
    if session.scalar(select(exists().where(Membership.project_id == project.id))):
        raise NameReserved(name)
    return False


def _check_file(session: Session, filename: str, sha256: str) -> Receipt | None:
    artifact = session.get(Artifact, sha256)
    if artifact is not None and artifact.rejected_at is not None:
        raise BytesRejected(sha256)
    claim = session.get(FilenameClaim, filename)
    if claim is None:
        return None
    submission = session.get_one(Submission, claim.submission_id)
    if claim.sha256 != sha256 or submission.state not in _PRESENT or _is_deleted(session, claim):
        raise FilenameTaken(filename, claim.sha256)
    return Receipt(submission.id, SubmissionState(submission.state), duplicate=True)


def _is_deleted(session: Session, claim: FilenameClaim) -> bool:
    """Whether its owner has deleted the file: its name stays taken, for the same bytes too."""
    of_claim = (File.submission_id == claim.submission_id, File.filename == claim.filename)
    return bool(session.scalar(select(exists().where(*of_claim, File.deleted_at.is_not(None)))))


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
    project = find_project(session, file.project)
    member = _check_permission(session, file.project, project, uploader)
    receipt = _check_file(session, file.filename, file.sha256)
    if receipt is not None:
        return receipt
    arrival = _Arrival(session, file, uploader, actor, now, now + timedelta(seconds=settle_seconds))
    if not member:
        project = arrival.reserve_name(project)
    assert project is not None  # noqa: S101 # whose member the uploader is by now
    submission = arrival.join_or_open(project)
    arrival.store(submission)
    return Receipt(submission.id, SubmissionState(submission.state), duplicate=False)


@dataclass(frozen=True, slots=True)
class _Arrival:
    """A file that may come in: who brings it, and when. Every question to the database costs uploads a second."""

    session: Session
    file: ReceivedFile
    uploader: User
    actor: str
    now: datetime
    closes_at: datetime

    def _log(self, action: str, subject: str, *, old: str = "", new: str = "", evidence: str = "") -> None:
        event = Event(actor=self.actor, action=action, subject=subject, old=old, new=new, evidence=evidence)
        append(self.session, event, now=self.now)

    def reserve_name(self, project: Project | None) -> Project:
        """The uploader owns the project, whose name was new, or free again."""
        if project is None:
            project = Project(name=self.file.project, display_name=self.file.display_name, created_at=self.now)
            self.session.add(project)
            self.session.flush()
        project.display_name = self.file.display_name
        reserve_name(self.session, project, self.uploader)
        self._log("project.reserved", f"project:{project.name}", new=f"user:{self.uploader.username}")
        return project

    def join_or_open(self, project: Project) -> Submission:
        """The live submission of the file's release, or a new one."""
        query = select(Release).where(Release.project_id == project.id, Release.version == self.file.version)
        release = self.session.scalar(query)
        if release is None:
            release = Release(project_id=project.id, version=self.file.version, created_at=self.now)
            self.session.add(release)
            self.session.flush()
            return self._open(release, review_required=False)
        live = select(Submission).where(Submission.release_id == release.id, Submission.state.in_(LIVE_UNPUBLISHED))
        submission = self.session.scalar(live)
        if submission is not None:
            self._join(submission)
            return submission
        distrusted = exists().where(Submission.release_id == release.id, Submission.state.in_(_DISTRUSTED))
        return self._open(release, review_required=bool(self.session.scalar(select(distrusted))))

    def _join(self, submission: Submission) -> None:
        old = SubmissionState(submission.state)
        submission.state = transition(old, SubmissionEvent.FILE_ADDED)
        submission.closes_at = self.closes_at
        submission.mixed_publishers = submission.mixed_publishers or submission.opened_by_id != self.uploader.id
        if old is SubmissionState.OPEN:
            return
        submission.revision += 1
        submission.state_changed_at = self.now
        close_case(self.session, submission, now=self.now)
        new = f"{submission.state} revision {submission.revision}"
        self._log("submission.revised", f"submission:{submission.id}", old=old, new=new)

    def _open(self, release: Release, *, review_required: bool) -> Submission:
        submission = Submission(
            id=new_id(self.now),
            release_id=release.id,
            state=SubmissionState.OPEN,
            opened_by_id=self.uploader.id,
            opened_at=self.now,
            closes_at=self.closes_at,
            state_changed_at=self.now,
            review_required=review_required,
        )
        self.session.add(submission)
        self.session.flush()
        self._log("submission.opened", f"submission:{submission.id}", new=SubmissionState.OPEN)
        return submission

    def store(self, submission: Submission) -> None:
        """The file is in the submission, its name is taken, and its inspection is ordered."""
        file, session = self.file, self.session
        artifact = {
            "sha256": file.sha256,
            "blake2_256": file.blake2_256,
            "size": file.size,
            "received_at": self.now,
        }
        is_new = insert_unless_there(session, Artifact, artifact)  # another project's upload may bring it just now
        session.add(self._row(submission))
        session.add(FilenameClaim(filename=file.filename, submission_id=submission.id, sha256=file.sha256))
        new = f"submission:{submission.id}"
        self._log("file.received", f"file:{file.filename}", new=new, evidence=file.sha256)
        ruleset = active_ruleset(session)
        if ruleset is not None:  # else the keeper makes the job once there are rules
            subject = Subject(file.sha256, file.filename, ruleset)
            (order_first if is_new else enqueue)(session, subject, now=self.now)

    def _row(self, submission: Submission) -> File:
        file = self.file
        return File(
            submission_id=submission.id,
            filename=file.filename,
            sha256=file.sha256,
            packagetype=file.packagetype,
            requires_python=file.requires_python,
            metadata_bytes=file.metadata_bytes,
            metadata_sha256=new_sha256(file.metadata_bytes).hexdigest(),
            attestations=file.attestations,
            provenance=file.provenance,
            uploaded_at=self.now,
            uploaded_by_id=self.uploader.id,
        )


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
