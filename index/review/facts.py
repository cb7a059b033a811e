"""What the stored verdicts and inspections say, decoded, for the pages that show them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec
from sqlalchemy import func, select, tuple_

from index.hold.deferral import deferral_of
from index.store.tables import File, StoredInspection, StoredVerdict, Submission, SubmissionState, User
from scanner.model import RUNNING_ROLES, Finding, Inspection, Outcome, Reason, Severity, Verdict, decode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from index.services import Services

__all__ = [
    "SEVERITY_ORDER",
    "PlacedFinding",
    "VerdictFact",
    "current_verdicts",
    "deferral_reason",
    "findings_of",
    "inspections_of",
    "read_verdict",
    "telling",
    "uploaders_of",
    "worst",
]

#: The worst first.
SEVERITY_ORDER: Final = (Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW, Severity.INFO)


@dataclass(frozen=True, slots=True)
class PlacedFinding:
    """A finding, and the file that it was found in."""

    filename: str
    finding: Finding


@dataclass(frozen=True, slots=True)
class VerdictFact:
    """A stored verdict."""

    id: int
    revision: int
    created_at: datetime
    previous_submission_id: str | None
    verdict: Verdict

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Those that speak against the release, the strongest first."""
        return telling(self.verdict)


class _OnlyFindings(msgspec.Struct):
    """An inspection without its members: a list of many thousand that the queue does not show."""

    findings: tuple[Finding, ...] = ()


def telling(verdict: Verdict) -> tuple[Reason, ...]:
    """The reasons that speak against the release, the strongest first; what was only noted has no weight."""
    found = (reason for reason in verdict.reasons if reason.holds or reason.weight > 0)
    return tuple(sorted(found, key=lambda reason: (not reason.holds, -reason.weight)))


def read_verdict(row: StoredVerdict) -> VerdictFact:
    """The verdict in `row`."""
    return VerdictFact(row.id, row.revision, row.created_at, row.previous_submission_id, decode(row.payload, Verdict))


def current_verdicts(session: Session, submission_ids: Sequence[str]) -> Mapping[str, VerdictFact]:
    """The current verdict of each submission that has one: the latest on its current revision."""
    latest = (
        select(func.max(StoredVerdict.id))
        .join(Submission, Submission.id == StoredVerdict.submission_id)
        .where(StoredVerdict.submission_id.in_(submission_ids), StoredVerdict.revision == Submission.revision)
        .group_by(StoredVerdict.submission_id)
    )
    rows = session.scalars(select(StoredVerdict).where(StoredVerdict.id.in_(latest)))
    return {row.submission_id: read_verdict(row) for row in rows}


def deferral_reason(services: Services, session: Session, submission: Submission, fact: VerdictFact | None) -> str:
    """Why `submission` is in review in spite of a clear verdict, in a sentence; empty where that is not so."""
    if submission.state != SubmissionState.IN_REVIEW or fact is None or fact.verdict.outcome is not Outcome.CLEAR:
        return ""
    deferral = deferral_of(services, session, submission)
    return f"{deferral.reason}." if deferral else ""


def inspections_of(session: Session, files: Iterable[File], ruleset: str | None) -> dict[str, Inspection]:
    """The inspection of each file that has one, by filename: under `ruleset`, or else the latest."""
    wanted = {(file.sha256, file.filename) for file in files}
    rows = session.scalars(
        select(StoredInspection)
        .where(tuple_(StoredInspection.sha256, StoredInspection.filename).in_(wanted))
        .order_by(StoredInspection.ruleset == (ruleset or ""), StoredInspection.id)
    )
    newest = {row.filename: row.payload for row in rows}
    return {filename: decode(payload, Inspection) for filename, payload in newest.items()}


def findings_of(session: Session, submission_ids: Sequence[str], ruleset: str) -> dict[str, tuple[PlacedFinding, ...]]:
    """All findings in the files of each submission under `ruleset`, without reading their member lists."""
    rows = session.execute(
        select(File.submission_id, File.filename, StoredInspection.payload)
        .join(
            StoredInspection,
            (StoredInspection.sha256 == File.sha256) & (StoredInspection.filename == File.filename),
        )
        .where(File.submission_id.in_(submission_ids), StoredInspection.ruleset == ruleset)
        .order_by(File.id)
    )
    found: dict[str, tuple[PlacedFinding, ...]] = {}
    for submission_id, filename, payload in rows:
        placed = tuple(PlacedFinding(filename, finding) for finding in decode(payload, _OnlyFindings).findings)
        found[submission_id] = found.get(submission_id, ()) + placed
    return found


def worst(findings: Iterable[PlacedFinding]) -> PlacedFinding | None:
    """The most severe finding; among equals one in code that runs, then the first."""
    return min(findings, key=_badness, default=None)


def _badness(placed: PlacedFinding) -> tuple[int, bool]:
    finding = placed.finding
    return SEVERITY_ORDER.index(finding.severity), finding.role not in RUNNING_ROLES


def uploaders_of(session: Session, submission_ids: Iterable[str]) -> dict[str, frozenset[str]]:
    """The usernames of those who uploaded the files of each submission."""
    rows = session.execute(
        select(File.submission_id, User.username)
        .join(User, User.id == File.uploaded_by_id)
        .where(File.submission_id.in_(set(submission_ids)))
        .distinct()
    )
    found: dict[str, frozenset[str]] = {}
    for submission_id, username in rows:
        found[submission_id] = found.get(submission_id, frozenset()) | {username}
    return found
