"""Receiving: a file joins a submission, and the work for it is written down, in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256 as new_sha256
from typing import TYPE_CHECKING, Final

from sqlalchemy import insert, update

from index.audit.log import append_all
from index.hold.cases import close_case
from index.hold.inserting import insert_unless_there
from index.hold.opening import Opening, ReleaseName
from index.hold.orders import Subject, enqueue, order_first
from index.hold.refusals import (
    BytesRejected,
    FilenameTaken,
    IntakeRefused,
    NameReserved,
    NotPermitted,
    SessionUnderWay,
)
from index.hold.rulesets import active_ruleset
from index.hold.standing import Place, read_standing
from index.hold.submission import LIVE_UNPUBLISHED, SubmissionEvent, transition
from index.store.tables import Artifact, File, FilenameClaim, Submission, SubmissionState
from index.store.tables.base import table_of

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from index.accounts.permissions import Principal
    from index.hold.standing import Standing
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
    "SessionUnderWay",
    "answer_from",
    "keep_open",
    "precheck",
    "receive",
    "require_permission",
]

_FILE: Final = insert(table_of(File))
_CLAIM: Final = insert(table_of(FilenameClaim))

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

    @property
    def place(self) -> Place:
        """Where it is to go."""
        return Place(self.project, self.version, self.filename, self.sha256)


@dataclass(frozen=True, slots=True)
class Receipt:
    """Where the file has gone."""

    submission_id: str
    state: SubmissionState
    duplicate: bool
    """The same bytes were there under the same name; nothing was written."""


def precheck(session: Session, *, project: str, filename: str, sha256: str, uploader: Principal) -> Receipt | None:
    """The answer that needs no new bytes: a receipt where the file is there already, None where it may come.

    Raises:
        BytesRejected: the bytes were rejected before.
        NameReserved: the name belongs to somebody else's held first release.
        NotPermitted: the uploader is neither owner nor maintainer.
        FilenameTaken: other bytes have the filename, or what was withdrawn or deleted has it.
    """
    place = Place(project, filename=filename, sha256=sha256)
    return answer_from(place, read_standing(session, place, uploader.id), uploader)


def require_permission(standing: Standing, project: str, uploader: Principal) -> None:
    """The uploader may add to the project: as a member, or because nobody has the name.

    Raises:
        NameReserved: the name belongs to somebody else's held first release.
        NotPermitted: the uploader is neither owner nor maintainer.
    """
    if standing.member:
        return
    if standing.published:
        raise NotPermitted(uploader.username, project)
    if standing.owned:
        raise NameReserved(project)


def answer_from(place: Place, standing: Standing, uploader: Principal) -> Receipt | None:
    """As `precheck`, for whoever knows how things stand."""
    require_permission(standing, place.project, uploader)
    if standing.bytes_rejected:
        raise BytesRejected(place.sha256)
    if standing.claim_sha256 is None or standing.claim_id is None or standing.claim_state is None:
        return None
    there = standing.claim_state in _PRESENT and not standing.claim_deleted
    if standing.claim_sha256 != place.sha256 or not there:
        raise FilenameTaken(place.filename, standing.claim_sha256)
    return Receipt(standing.claim_id, standing.claim_state, duplicate=True)


def receive(  # noqa: PLR0913 # one upload has that many sides, all named
    database: Database,
    session: Session,
    file: ReceivedFile,
    *,
    uploader: Principal,
    actor: str,
    now: datetime,
    settle_seconds: float,
    into: str | None = None,
    standing: Standing | None = None,
) -> Receipt:
    """The file is in a submission of its release, held, when the caller's transaction commits.

    `into` is the open submission of a publishing session, where the file comes through one. The bytes must be stored
    durably before. `standing` is how things stand at the file's place, where the caller has read that under the
    project's lock. Ring the doorbell after the commit.

    Raises:
        IntakeRefused: as `precheck`, or because a publishing session fills the release; nothing was written.
    """
    database.lock_project(session, file.project)
    session.flush()
    place = file.place
    if standing is None:
        standing = read_standing(session, place, uploader.id)
    receipt = answer_from(place, standing, uploader)
    if receipt is not None:
        return receipt
    opening = Opening(session, uploader, actor, now)
    closes_at = now + timedelta(seconds=settle_seconds)
    if standing.live_id is None and into is None:
        release_id = opening.release(ReleaseName(file.project, file.display_name, file.version), standing)
        submission_id, state = opening.submission(release_id, standing, closes_at=closes_at), SubmissionState.OPEN
    else:
        submission_id, state = _join(opening, standing.live_id, file, into=into, closes_at=closes_at)
    is_new = _store(session, submission_id, file, uploader, now=now)
    opening.note("file.received", f"file:{file.filename}", new=f"submission:{submission_id}", evidence=file.sha256)
    append_all(session, opening.events, now=now)
    ruleset = active_ruleset(session)
    if ruleset is not None:  # else the keeper makes the job once there are rules
        (order_first if is_new else enqueue)(session, Subject(file.sha256, file.filename, ruleset), now=now)
    return Receipt(submission_id, state, duplicate=False)


def _join(
    opening: Opening, live_id: str | None, file: ReceivedFile, *, into: str | None, closes_at: datetime
) -> tuple[str, SubmissionState]:
    """The live submission of the release takes one more file."""
    session, uploader, now = opening.session, opening.uploader, opening.now
    submission = session.get(Submission, live_id, populate_existing=True) if live_id is not None else None
    if submission is None or submission.is_session is not (into is not None) or submission.id != (into or live_id):
        raise SessionUnderWay(file.project, file.version)
    old = SubmissionState(submission.state)
    if submission.is_session and old is not SubmissionState.OPEN:
        raise SessionUnderWay(file.project, file.version)
    submission.state = transition(old, SubmissionEvent.FILE_ADDED)
    submission.mixed_publishers = submission.mixed_publishers or submission.opened_by_id != uploader.id
    if not submission.is_session:
        submission.closes_at = closes_at
    if old is not SubmissionState.OPEN:
        submission.revision += 1
        submission.state_changed_at = now
        close_case(session, submission, now=now)
        new = f"{submission.state} revision {submission.revision}"
        opening.note("submission.revised", f"submission:{submission.id}", old=old, new=new)
    session.flush()
    return submission.id, SubmissionState(submission.state)


def _store(session: Session, submission_id: str, file: ReceivedFile, uploader: Principal, *, now: datetime) -> bool:
    """The file is in the submission, and its name is taken; True where nobody has sent its bytes before."""
    values = {"sha256": file.sha256, "blake2_256": file.blake2_256, "size": file.size, "received_at": now}
    is_new = insert_unless_there(session, Artifact, values)  # another project's upload may bring them just now
    row = {
        "submission_id": submission_id,
        "filename": file.filename,
        "sha256": file.sha256,
        "packagetype": file.packagetype,
        "requires_python": file.requires_python,
        "metadata_bytes": file.metadata_bytes,
        "metadata_sha256": new_sha256(file.metadata_bytes).hexdigest(),
        "attestations": file.attestations,
        "provenance": file.provenance,
        "uploaded_at": now,
        "uploaded_by_id": uploader.id,
    }
    session.execute(_FILE, row)
    session.execute(_CLAIM, {"filename": file.filename, "submission_id": submission_id, "sha256": file.sha256})
    return is_new


def keep_open(session: Session, uploader: Principal, *, now: datetime, settle_seconds: float) -> None:
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
