"""The files of a submission: what they are, whether they were inspected, where they come from."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import select

from index.review.origins import OriginFact, origins_of
from index.store.tables import Job, JobState, User
from scanner.model import MemberFact, ProvenanceFact

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy.orm import Session

    from index.store.tables import File, Submission
    from scanner.model import Inspection

__all__ = ["FileFact", "MemberRow", "file_facts", "member_rows"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFact:
    """One file."""

    filename: str
    packagetype: str
    size: int
    sha256: str
    uploaded_at: datetime
    uploaded_by: str
    origin: OriginFact | None
    """Where it comes from, if nobody uploaded it here."""
    inspection: str
    """`inspected`, `waiting`, `running` or `failed`."""
    error: str
    members: int
    findings: int
    provenance: tuple[ProvenanceFact, ...]


@dataclass(frozen=True, slots=True)
class MemberRow:
    """One member of a file, with how often something was found in it."""

    member: MemberFact
    findings: int


def file_facts(
    session: Session, submission: Submission, inspections: Mapping[str, Inspection], ruleset: str | None
) -> tuple[FileFact, ...]:
    """The files of `submission`, in the order in which they came."""
    names = dict(
        session.execute(
            select(User.id, User.username).where(User.id.in_({file.uploaded_by_id for file in submission.files}))
        ).all()
    )
    origins = origins_of(session, submission.files)
    facts = (
        _fact(session, file, inspections.get(file.filename), names[file.uploaded_by_id], ruleset)
        for file in submission.files
    )
    return tuple(replace(fact, origin=origins.get(fact.filename)) for fact in facts)


def member_rows(inspection: Inspection) -> tuple[MemberRow, ...]:
    """The members of an inspected file: those with findings first, then in the order of the archive."""
    found = Counter(finding.member for finding in inspection.findings)
    rows = (MemberRow(member, found[member.name]) for member in inspection.members)
    return tuple(sorted(rows, key=lambda row: row.findings == 0))


def _fact(
    session: Session, file: File, inspection: Inspection | None, uploaded_by: str, ruleset: str | None
) -> FileFact:
    state, error = ("inspected", "") if inspection else _job(session, file, ruleset)
    return FileFact(
        filename=file.filename,
        packagetype=file.packagetype,
        size=file.artifact.size,
        sha256=file.sha256,
        uploaded_at=file.uploaded_at,
        uploaded_by=uploaded_by,
        origin=None,
        inspection=state,
        error=error,
        members=len(inspection.members) if inspection else 0,
        findings=len(inspection.findings) if inspection else 0,
        provenance=msgspec.json.decode(file.provenance, type=tuple[ProvenanceFact, ...]) if file.provenance else (),
    )


def _job(session: Session, file: File, ruleset: str | None) -> tuple[str, str]:
    """Where the inspection of `file` stands, and what went wrong with it."""
    statement = select(Job).where(Job.sha256 == file.sha256, Job.filename == file.filename)
    if ruleset is not None:
        statement = statement.where(Job.ruleset == ruleset)
    job = session.scalars(statement.order_by(Job.id.desc()).limit(1)).first()
    if job is None:
        return "waiting", ""
    words = {JobState.RUNNING: "running", JobState.FAILED: "failed"}
    return words.get(JobState(job.state), "waiting"), job.error
