"""A submission as its maintainers see it: where it stands, what was found, what happens next.

Titles and places only: weights and thresholds would teach how to stay below them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from index.review.facts import current_verdicts, deferral_reason
from index.store.tables import Decision, Membership, Release, Submission, SubmissionState

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from index.review.facts import VerdictFact
    from index.services import Services

__all__ = ["OwnSubmission", "Status", "StatusReason", "own_submissions", "status_of"]

_OWN_SHOWN: Final = 10

_NEXT: Final[dict[SubmissionState, str]] = {
    SubmissionState.OPEN: "You can upload more files of this release. When no more come, they are inspected together.",
    SubmissionState.SCANNING: "The files are being inspected. You need not do anything; look again in a minute.",
    SubmissionState.IN_REVIEW: "An analyst looks at the release and approves or rejects it. You get a mail either way. "
    "You need not upload again.",
    SubmissionState.PUBLISHED: "Nothing. The release can be installed.",
    SubmissionState.WITHDRAWN: "If you think that this is a mistake, answer the mail that told you of it.",
    SubmissionState.REJECTED: "Correct what is named here and upload other files. A person looks at them. "
    "If you think that this is a mistake, answer the mail that told you of it.",
    SubmissionState.CANCELED: "Upload the files again if you still want to publish this release.",
}


@dataclass(frozen=True, slots=True)
class StatusReason:
    """One thing that was found, and where."""

    title: str
    filename: str
    member: str
    line: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What the status page says, and its JSON."""

    id: str
    project_id: int
    project: str
    version: str
    state: SubmissionState
    since: datetime
    files: tuple[tuple[str, int, str], ...]
    """Filename, size, SHA-256."""
    summary: str
    reasons: tuple[StatusReason, ...]
    deferral: str
    """Why a person looks at it although nothing was found; empty where that is not so."""
    comment: str
    """What the person who decided last wrote to the maintainer."""
    next: str


@dataclass(frozen=True, slots=True)
class OwnSubmission:
    """One line of the list of a maintainer's own submissions."""

    id: str
    project: str
    version: str
    state: SubmissionState
    since: datetime


def own_submissions(session: Session, user_id: int) -> tuple[OwnSubmission, ...]:
    """The latest submissions of the projects that the user is a member of."""
    rows = session.scalars(
        select(Submission)
        .join(Release, Release.id == Submission.release_id)
        .join(Membership, Membership.project_id == Release.project_id)
        .where(Membership.user_id == user_id)
        .order_by(Submission.id.desc())
        .limit(_OWN_SHOWN)
    )
    return tuple(
        OwnSubmission(
            row.id,
            row.release.project.display_name,
            row.release.version,
            SubmissionState(row.state),
            row.state_changed_at,
        )
        for row in rows
    )


def status_of(services: Services, session: Session, submission: Submission) -> Status:
    """Where `submission` stands."""
    state = SubmissionState(submission.state)
    fact = current_verdicts(session, [submission.id]).get(submission.id)
    decision = session.scalars(
        select(Decision).where(Decision.submission_id == submission.id).order_by(Decision.id.desc()).limit(1)
    ).first()
    return Status(
        id=submission.id,
        project_id=submission.release.project_id,
        project=submission.release.project.display_name,
        version=submission.release.version,
        state=state,
        since=submission.state_changed_at,
        files=tuple((file.filename, file.artifact.size, file.sha256) for file in submission.files),
        summary=fact.verdict.summary if fact else "",
        reasons=_reasons(fact) if fact and state is not SubmissionState.PUBLISHED else (),
        deferral=deferral_reason(services, session, submission, fact),
        comment=decision.reason if decision else "",
        next=_NEXT[state],
    )


def _reasons(fact: VerdictFact) -> tuple[StatusReason, ...]:
    return tuple(StatusReason(one.title, one.filename, one.member, one.line) for one in fact.reasons)
