"""Facts: everything that the verdict on a submission depends on, read from the database in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
from packaging.version import Version
from sqlalchemy import select

from index.hold.mirrored import is_mirrored
from index.store.tables import (
    File,
    Job,
    JobKind,
    JobState,
    Release,
    StoredInspection,
    StoredVerdict,
    Submission,
    SubmissionState,
    User,
)
from scanner.model import ENGINE_VERSION, Inspection, ProvenanceFact, SubmissionFacts, decode

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.orm import Session

__all__ = ["Gathered", "all_answered", "current_verdict", "gather", "history_of", "published_files", "uploaders_of"]


@dataclass(frozen=True, slots=True)
class Gathered:
    """The facts, and the published submission that is their history."""

    facts: SubmissionFacts
    history: Submission | None


def all_answered(session: Session, submission: Submission, ruleset: str) -> bool:
    """Whether every file of the revision has its inspection under `ruleset`, or a job that failed for good."""
    return not _failures(session, submission, ruleset)[1]


def _failures(session: Session, submission: Submission, ruleset: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Filenames without an inspection: those whose job has failed for good, and those that are still to come."""
    failed: list[str] = []
    missing: list[str] = []
    for file in submission.files:
        if _payload(session, file, ruleset) is not None:
            continue
        state = session.scalar(
            select(Job.state)
            .where(
                Job.kind == JobKind.INSPECT,
                Job.sha256 == file.sha256,
                Job.filename == file.filename,
                Job.engine == ENGINE_VERSION,
                Job.ruleset == ruleset,
            )
            .order_by(Job.generation.desc())
            .limit(1)
        )
        (failed if state == JobState.FAILED else missing).append(file.filename)
    return tuple(failed), tuple(missing)


def _payload(session: Session, file: File, ruleset: str | None) -> str | None:
    """The stored inspection under `ruleset`, or the newest of any where that is None."""
    query = select(StoredInspection.payload).where(
        StoredInspection.sha256 == file.sha256, StoredInspection.filename == file.filename
    )
    if ruleset is not None:
        query = query.where(StoredInspection.engine == ENGINE_VERSION, StoredInspection.ruleset == ruleset)
    return session.scalar(query.order_by(StoredInspection.id.desc()).limit(1))


def gather(session: Session, submission: Submission, *, ruleset: str, automatic: bool) -> Gathered:
    """The facts for a verdict under `ruleset`. Ask `all_answered` first.

    What is published already (siblings, history) may have been inspected under an earlier ruleset only: then that
    inspection is taken, for what it says of the code is compared and not judged again.

    Raises:
        msgspec.DecodeError: a stored inspection is not one.
    """
    failed, _missing = _failures(session, submission, ruleset)
    project = submission.release.project
    history = history_of(session, submission)
    previous = published_files(session, history.release_id) if history is not None else ()
    facts = SubmissionFacts(
        project=project.name,
        version=submission.release.version,
        artifacts=_inspections(session, submission.files, ruleset),
        failed=failed,
        siblings=_inspections_of_published(session, published_files(session, submission.release_id), ruleset),
        previous=_inspections_of_published(session, previous, ruleset),
        previous_version=history.release.version if history is not None else "",
        publishers=tuple(sorted(user.username for user in uploaders_of(session, submission))),
        provenance=_provenance(submission.files),
        previous_provenance=_provenance(previous),
        rejected_before=submission.review_required,
        automatic=automatic,
    )
    return Gathered(facts, history)


def history_of(session: Session, submission: Submission) -> Submission | None:
    """The published, unwithdrawn submission of another release of the project that came last.

    Of a mirrored project, whose releases come in any order, it is that of the next lower version.
    """
    query = (
        select(Submission)
        .join(Release, Submission.release_id == Release.id)
        .where(
            Release.project_id == submission.release.project_id,
            Release.id != submission.release_id,
            Submission.state == SubmissionState.PUBLISHED,
        )
        .order_by(Submission.published_at.desc(), Submission.id.desc())
    )
    if is_mirrored(session, submission.release.project_id):
        own = Version(submission.release.version)
        lower = [other for other in session.scalars(query) if Version(other.release.version) < own]
        return max(lower, key=lambda other: Version(other.release.version), default=None)
    return session.scalars(query.limit(1)).first()


def uploaders_of(session: Session, submission: Submission) -> list[User]:
    """Who sent the files, and who opened the submission."""
    ids = {submission.opened_by_id, *(file.uploaded_by_id for file in submission.files)}
    return list(session.scalars(select(User).where(User.id.in_(ids)).order_by(User.id)))


def current_verdict(session: Session, submission: Submission) -> StoredVerdict | None:
    """The verdict that counts for the present revision: the last one."""
    query = select(StoredVerdict).where(
        StoredVerdict.submission_id == submission.id, StoredVerdict.revision == submission.revision
    )
    return session.scalars(query.order_by(StoredVerdict.id.desc()).limit(1)).first()


def published_files(session: Session, release_id: int) -> tuple[File, ...]:
    """The files of the release that are published, in the order in which they came."""
    query = (
        select(File)
        .join(Submission, File.submission_id == Submission.id)
        .where(Submission.release_id == release_id, Submission.state == SubmissionState.PUBLISHED)
        .order_by(File.id)
    )
    return tuple(session.scalars(query))


def _inspections(session: Session, files: Iterable[File], ruleset: str) -> tuple[Inspection, ...]:
    payloads = (_payload(session, file, ruleset) for file in files)
    return tuple(decode(payload, Inspection) for payload in payloads if payload is not None)


def _inspections_of_published(session: Session, files: Iterable[File], ruleset: str) -> tuple[Inspection, ...]:
    payloads = (_payload(session, file, ruleset) or _payload(session, file, None) for file in files)
    return tuple(decode(payload, Inspection) for payload in payloads if payload is not None)


def _provenance(files: Iterable[File]) -> tuple[ProvenanceFact, ...]:
    facts: list[ProvenanceFact] = []
    for file in files:
        if file.provenance:
            facts += msgspec.json.decode(file.provenance, type=list[ProvenanceFact])
    return tuple(facts)
