"""One submission as an analyst sees it: why it is held, what changed, what was found where, who published it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from index.clock import utcnow
from index.publish.usage import Usage, usage_of
from index.review.changes import compare
from index.review.facts import (
    SEVERITY_ORDER,
    PlacedFinding,
    current_verdicts,
    deferral_reason,
    inspections_of,
    read_verdict,
    uploaders_of,
)
from index.review.files import FileFact, file_facts
from index.review.publishers import Publisher, publishers_of
from index.store.tables import (
    Case,
    CaseOrigin,
    Decision,
    File,
    LogEntry,
    Release,
    StoredVerdict,
    Submission,
    SubmissionState,
)
from scanner.model import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from sqlalchemy.orm import Session

    from index.review.changes import Changes
    from index.review.facts import VerdictFact
    from index.services import Services
    from scanner.model import ArtifactMetadata, Inspection, Severity

__all__ = ["CaseView", "DecisionFact", "EventFact", "FindingGroup", "find_submission", "load_case"]


@dataclass(frozen=True, slots=True)
class FindingGroup:
    """All findings of one rule, the worst group first."""

    rule: str
    title: str
    severity: Severity
    kind: Kind
    technique: str
    places: tuple[PlacedFinding, ...]


@dataclass(frozen=True, slots=True)
class DecisionFact:
    """What a person decided."""

    kind: str
    reason: str
    revision: int
    decided_by: str
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class EventFact:
    """One line of the log."""

    seq: int
    at: datetime
    actor: str
    action: str
    old: str
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseView:
    """Everything that the release page says."""

    submission_id: str
    project_id: int
    project: str
    version: str
    state: SubmissionState
    revision: int
    opened_at: datetime
    state_changed_at: datetime
    origin: CaseOrigin | None
    waits_since: datetime | None
    deferral: str
    """Why a person comes first in spite of a clear verdict; empty where that is not so."""
    waits_behind: tuple[str, str] | None
    """Id and version of an earlier submission of the project that is still in review."""
    current: VerdictFact | None
    verdicts: tuple[VerdictFact, ...]
    findings: tuple[FindingGroup, ...]
    files: tuple[FileFact, ...]
    metadata: ArtifactMetadata | None
    previous_version: str | None
    usage: Usage
    """How much the project is used: whom a mistake would hit."""
    changes: Changes | None
    publishers: tuple[Publisher, ...]
    new_publishers: tuple[str, ...]
    decisions: tuple[DecisionFact, ...]
    events: tuple[EventFact, ...]

    def in_words(self, filename: str) -> str:
        """What people call the file: its type, where no other file has it."""
        types = {file.filename: "wheel" if file.packagetype == "bdist_wheel" else "sdist" for file in self.files}
        kind = types.get(filename, "")
        return kind if list(types.values()).count(kind) == 1 else f"{kind} {filename}"

    @property
    def evidence(self) -> tuple[FindingGroup, ...]:
        """Findings that may speak against the release."""
        return tuple(group for group in self.findings if group.kind is not Kind.QUALITY)

    @property
    def quality(self) -> tuple[FindingGroup, ...]:
        """Findings about the quality of the code, which never hold a release."""
        return tuple(group for group in self.findings if group.kind is Kind.QUALITY)

    @property
    def first_release(self) -> bool:
        """There is a verdict, and it had no published release to compare with."""
        return self.current is not None and self.current.previous_submission_id is None


def find_submission(session: Session, submission_id: str) -> Submission | None:
    """The submission with that id."""
    return session.get(Submission, submission_id)


def load_case(services: Services, session: Session, submission_id: str) -> CaseView | None:
    """Everything about the submission, or None where there is none with that id."""
    submission = find_submission(session, submission_id)
    if submission is None:
        return None
    current = current_verdicts(session, [submission.id]).get(submission.id)
    ruleset = current.verdict.ruleset if current else None
    inspections = inspections_of(session, submission.files, ruleset)
    previous = _previous(session, current)
    case = session.scalars(select(Case).where(Case.submission_id == submission.id).order_by(Case.id.desc())).first()
    open_case = case if case is not None and case.closed_at is None else None
    return CaseView(
        submission_id=submission.id,
        project_id=submission.release.project_id,
        project=submission.release.project.display_name,
        version=submission.release.version,
        state=SubmissionState(submission.state),
        revision=submission.revision,
        opened_at=submission.opened_at,
        state_changed_at=submission.state_changed_at,
        origin=CaseOrigin(open_case.origin) if open_case else None,
        waits_since=open_case.opened_at if open_case else None,
        deferral=deferral_reason(services, session, submission, current),
        waits_behind=_earlier_in_review(session, submission),
        current=current,
        verdicts=_verdicts(session, submission.id),
        findings=_groups(inspections),
        files=file_facts(session, submission, inspections, ruleset),
        metadata=next((one.metadata for one in inspections.values() if one.metadata.name), None),
        previous_version=previous.release.version if previous else None,
        usage=_usage(session, submission.release.project.name),
        changes=_changes(session, inspections, previous, ruleset),
        publishers=publishers_of(session, submission),
        new_publishers=_new_publishers(session, submission, previous),
        decisions=_decisions(session, submission.id),
        events=_events(session, submission.id),
    )


def _usage(session: Session, project: str) -> Usage:
    return usage_of(session, [project], today=utcnow().date())[project]


def _previous(session: Session, current: VerdictFact | None) -> Submission | None:
    if current is None or current.previous_submission_id is None:
        return None
    return session.get(Submission, current.previous_submission_id)


def _changes(
    session: Session, inspections: Mapping[str, Inspection], previous: Submission | None, ruleset: str | None
) -> Changes | None:
    if previous is None:
        return None
    published = session.scalars(
        select(File)
        .join(Submission, Submission.id == File.submission_id)
        .where(Submission.release_id == previous.release_id, Submission.state == SubmissionState.PUBLISHED)
    ).all()
    return compare(inspections.values(), inspections_of(session, published, ruleset).values())


def _earlier_in_review(session: Session, submission: Submission) -> tuple[str, str] | None:
    earlier = session.scalars(
        select(Submission)
        .join(Release, Release.id == Submission.release_id)
        .where(
            Release.project_id == submission.release.project_id,
            Submission.state == SubmissionState.IN_REVIEW,
            Submission.id < submission.id,
        )
        .order_by(Submission.id)
        .limit(1)
    ).first()
    return (earlier.id, earlier.release.version) if earlier else None


def _groups(inspections: Mapping[str, Inspection]) -> tuple[FindingGroup, ...]:
    by_rule: dict[str, list[PlacedFinding]] = {}
    for filename, inspection in inspections.items():
        for finding in inspection.findings:
            by_rule.setdefault(finding.rule, []).append(PlacedFinding(filename, finding))
    return tuple(sorted(map(_group, by_rule.values()), key=_group_order))


def _group(places: Iterable[PlacedFinding]) -> FindingGroup:
    ordered = sorted(places, key=_place_order)
    first = ordered[0].finding
    return FindingGroup(str(first.rule), first.title, first.severity, first.kind, first.technique, tuple(ordered))


def _group_order(group: FindingGroup) -> tuple[int, str]:
    return SEVERITY_ORDER.index(group.severity), group.rule


def _place_order(placed: PlacedFinding) -> tuple[int, str, str, int]:
    finding = placed.finding
    return SEVERITY_ORDER.index(finding.severity), placed.filename, finding.member, finding.line or 0


def _new_publishers(session: Session, submission: Submission, previous: Submission | None) -> tuple[str, ...]:
    if previous is None:
        return ()
    uploaders = uploaders_of(session, [submission.id, previous.id])
    return tuple(sorted(uploaders.get(submission.id, frozenset()) - uploaders.get(previous.id, frozenset())))


def _verdicts(session: Session, submission_id: str) -> tuple[VerdictFact, ...]:
    rows = session.scalars(
        select(StoredVerdict).where(StoredVerdict.submission_id == submission_id).order_by(StoredVerdict.id.desc())
    )
    return tuple(map(read_verdict, rows))


def _decisions(session: Session, submission_id: str) -> tuple[DecisionFact, ...]:
    rows = session.scalars(select(Decision).where(Decision.submission_id == submission_id).order_by(Decision.id.desc()))
    return tuple(
        DecisionFact(str(row.kind), row.reason, row.revision, row.decided_by.username, row.decided_at) for row in rows
    )


def _events(session: Session, submission_id: str) -> tuple[EventFact, ...]:
    rows = session.scalars(
        select(LogEntry).where(LogEntry.subject == f"submission:{submission_id}").order_by(LogEntry.seq.desc())
    )
    return tuple(EventFact(row.seq, row.at, row.actor, row.action, row.old, row.new) for row in rows)
