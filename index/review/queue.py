"""The review queue: what waits for a person, the longest wait first, each with all its reasons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self, TypeVarTuple

from packaging.utils import canonicalize_name
from sqlalchemy import Select, func, or_, select

from index.clock import utcnow
from index.publish.usage import Usage, usage_of
from index.review.facts import (
    PlacedFinding,
    current_verdicts,
    deferral_reason,
    findings_of,
    uploaders_of,
    worst,
)
from index.store.tables import Case, CaseOrigin, Project, Release, Submission, SubmissionState

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from index.review.facts import VerdictFact
    from index.services import Services
    from scanner.model import Reason

__all__ = ["PAGE_SIZE", "Queue", "QueueRow", "counts", "list_queue"]

PAGE_SIZE: Final = 25

_Columns = TypeVarTuple("_Columns")


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueRow:
    """One submission in the queue."""

    submission_id: str
    project: str
    version: str
    state: SubmissionState
    since: datetime
    """Since when it waits for a person; in other states, since when it is in that state."""
    origin: CaseOrigin | None
    deferral: str
    """Why a person comes first in spite of a clear verdict; empty where that is not so."""
    outcome: str
    risk: float | None
    reasons: tuple[Reason, ...]
    """All that speak against it, the strongest first."""
    worst: PlacedFinding | None
    first_release: bool
    new_publishers: tuple[str, ...]
    """Who uploaded this release but not the one before it."""
    usage: Usage
    """How much the project is used: whom a mistake would hit."""


@dataclass(frozen=True, slots=True)
class Queue:
    """One page of the queue."""

    rows: tuple[QueueRow, ...]
    total: int
    page: int
    pages: int


def counts(session: Session) -> Mapping[SubmissionState, int]:
    """How many submissions are in each state."""
    rows = session.execute(select(Submission.state, func.count()).group_by(Submission.state)).all()
    return dict.fromkeys(SubmissionState, 0) | {SubmissionState(state): number for state, number in rows}


def list_queue(services: Services, session: Session, *, state: SubmissionState, text: str = "", page: int = 1) -> Queue:
    """Page `page` (from 1) of what is in `state`, of projects whose name contains `text`.

    In review: the longest wait first. Otherwise: the latest change first.
    """
    total = session.scalar(_matching(select(func.count(Submission.id)), state, text)) or 0
    pages = max(1, -(-total // PAGE_SIZE))
    page = min(max(page, 1), pages)
    since = func.coalesce(Case.opened_at, Submission.state_changed_at, type_=Submission.state_changed_at.type)
    order = (since.asc(), Submission.id) if state is SubmissionState.IN_REVIEW else (since.desc(), Submission.id)
    statement = (
        _matching(select(Submission, Case.origin, since), state, text)
        .outerjoin(Case, (Case.submission_id == Submission.id) & Case.closed_at.is_(None))
        .order_by(*order)
        .limit(PAGE_SIZE)
        .offset((page - 1) * PAGE_SIZE)
    )
    found = [(submission, origin, at) for submission, origin, at in session.execute(statement)]
    return Queue(_rows(services, session, found), total, page, pages)


def _matching(statement: Select[*_Columns], state: SubmissionState, text: str) -> Select[*_Columns]:
    statement = (
        statement.select_from(Submission)
        .join(Release, Release.id == Submission.release_id)
        .join(Project, Project.id == Release.project_id)
        .where(Submission.state == state)
    )
    if not text:
        return statement
    return statement.where(
        or_(Project.name.contains(canonicalize_name(text), autoescape=True), Submission.id == text.upper())
    )


@dataclass(frozen=True, slots=True)
class _Read:
    """What was read at once for all rows of a page, by submission."""

    verdicts: Mapping[str, VerdictFact]
    findings: Mapping[str, tuple[PlacedFinding, ...]]
    uploaders: Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, session: Session, submission_ids: Sequence[str]) -> Self:
        verdicts = current_verdicts(session, submission_ids)
        findings: dict[str, tuple[PlacedFinding, ...]] = {}
        for ruleset in {fact.verdict.ruleset for fact in verdicts.values()}:
            ids = [submission_id for submission_id, fact in verdicts.items() if fact.verdict.ruleset == ruleset]
            findings |= findings_of(session, ids, ruleset)
        earlier = {fact.previous_submission_id for fact in verdicts.values() if fact.previous_submission_id}
        return cls(verdicts, findings, uploaders_of(session, earlier | set(verdicts)))

    def new_publishers(self, submission_id: str, previous: str | None) -> tuple[str, ...]:
        if previous is None:
            return ()
        nobody: frozenset[str] = frozenset()
        return tuple(sorted(self.uploaders.get(submission_id, nobody) - self.uploaders.get(previous, nobody)))


def _rows(
    services: Services, session: Session, found: Sequence[tuple[Submission, CaseOrigin | None, datetime]]
) -> tuple[QueueRow, ...]:
    read = _Read.of(session, [submission.id for submission, _, _ in found])
    names = {submission.release.project.name for submission, _, _ in found}
    usage = usage_of(session, sorted(names), today=utcnow().date())
    rows = []
    for submission, origin, since in found:
        fact = read.verdicts.get(submission.id)
        previous = fact.previous_submission_id if fact else None
        row = QueueRow(
            submission_id=submission.id,
            project=submission.release.project.display_name,
            version=submission.release.version,
            state=SubmissionState(submission.state),
            since=since,
            origin=CaseOrigin(origin) if origin else None,
            deferral=deferral_reason(services, session, submission, fact),
            outcome=str(fact.verdict.outcome) if fact else "",
            risk=fact.verdict.risk if fact else None,
            reasons=fact.reasons if fact else (),
            worst=worst(read.findings.get(submission.id, ())),
            first_release=fact is not None and previous is None,
            new_publishers=read.new_publishers(submission.id, previous),
            usage=usage[submission.release.project.name],
        )
        rows.append(row)
    return tuple(rows)
