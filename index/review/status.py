"""A submission as its maintainers see it: where it stands, what was found, what happens next, and when.

The page, its JSON, the notices of a publishing session and the command line say what stands here; the mails use the
same words (`index.notify.words`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

import msgspec
from sqlalchemy import select

from index.notify.words import STATES, ends_by_itself, next_steps, opening, reason_line
from index.review.expected import expected_of
from index.review.facts import current_verdicts, deferral_reason
from index.review.origins import origins_of
from index.store.tables import Decision, Membership, OriginKind, Release, Submission, SubmissionState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.orm import Session

    from index.review.expected import Expected
    from index.review.facts import VerdictFact
    from index.review.origins import OriginFact
    from index.services import Services

__all__ = [
    "OwnSubmission",
    "Status",
    "StatusDocument",
    "StatusReason",
    "own_submissions",
    "status_document",
    "status_of",
]

_OWN_SHOWN: Final = 10


@dataclass(frozen=True, slots=True)
class StatusReason:
    """One thing that was found, and where."""

    title: str
    filename: str
    member: str
    line: int | None

    @property
    def text(self) -> str:
        """The reason as the mail has it."""
        return reason_line(self.title, filename=self.filename, member=self.member, line=self.line)


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What the status page says, and its JSON."""

    id: str
    project_id: int
    project: str
    version: str
    state: SubmissionState
    state_text: str
    """The state in one or two words."""
    headline: str
    """The state in a sentence."""
    since: datetime
    files: tuple[tuple[str, int, str], ...]
    """Filename, size, SHA-256."""
    origins: Mapping[str, OriginFact]
    """Where files come from that nobody uploaded here, by filename."""
    summary: str
    reasons: tuple[StatusReason, ...]
    deferral: str
    """Why a person looks at it although nothing was found; empty where that is not so."""
    comment: str
    """What the person who decided last wrote to the maintainer."""
    next: str
    expected: Expected | None
    """How long it takes, as far as that is known."""

    @property
    def ends_by_itself(self) -> bool:
        """Whether it is worth while to look again."""
        return ends_by_itself(self.state)


class OriginDocument(msgspec.Struct):
    """Where a file was found. Nobody has verified the time."""

    kind: OriginKind
    url: str
    upload_time: datetime | None


class FileDocument(msgspec.Struct):
    """A file of the submission."""

    filename: str
    size: int
    sha256: str
    origin: OriginDocument | None
    """Where it comes from, if nobody uploaded it here."""


class ReasonDocument(msgspec.Struct):
    """What was found, and where; `text` is both in a sentence."""

    title: str
    filename: str
    member: str
    line: int | None
    text: str


class ExpectedDocument(msgspec.Struct):
    """How long it takes, from how long it took."""

    seconds: float
    text: str


class StatusDocument(msgspec.Struct, kw_only=True):
    """Where a submission stands."""

    id: str
    project: str
    version: str
    state: SubmissionState
    state_text: str
    headline: str
    final: bool
    since: datetime
    files: list[FileDocument]
    summary: str
    reasons: list[ReasonDocument]
    deferral: str
    comment: str
    next: str
    expected: ExpectedDocument | None


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
    release = f"{submission.release.project.display_name} {submission.release.version}"
    steps = next_steps(
        state,
        project_url=f"{services.settings.resolved_public_url}/simple/{submission.release.project.name}/",
        is_session=submission.is_session,
    )
    return Status(
        id=submission.id,
        project_id=submission.release.project_id,
        project=submission.release.project.display_name,
        version=submission.release.version,
        state=state,
        state_text=STATES[state],
        headline=opening(state, release, by_person=decision is not None),
        since=submission.state_changed_at,
        files=tuple((file.filename, file.artifact.size, file.sha256) for file in submission.files),
        origins=origins_of(session, submission.files),
        summary=fact.verdict.summary if fact else "",
        reasons=_reasons(fact) if fact and state is not SubmissionState.PUBLISHED else (),
        deferral=deferral_reason(services, session, submission, fact),
        comment=decision.reason if decision else "",
        next=" ".join(steps),
        expected=expected_of(session, submission, settle_seconds=services.settings.settle_seconds),
    )


def status_document(status: Status) -> StatusDocument:
    """`status` as JSON has it, for the uploader: what the page says, in the same words."""
    expected = status.expected
    return StatusDocument(
        id=status.id,
        project=status.project,
        version=status.version,
        state=status.state,
        state_text=status.state_text,
        headline=status.headline,
        final=not status.ends_by_itself,
        since=status.since,
        files=[FileDocument(*file, _origin_document(status.origins.get(file[0]))) for file in status.files],
        summary=status.summary,
        reasons=[ReasonDocument(one.title, one.filename, one.member, one.line, one.text) for one in status.reasons],
        deferral=status.deferral,
        comment=status.comment,
        next=status.next,
        expected=None if expected is None else ExpectedDocument(expected.seconds, expected.text),
    )


def _origin_document(origin: OriginFact | None) -> OriginDocument | None:
    return None if origin is None else OriginDocument(origin.kind, origin.url, origin.upload_time)


def _reasons(fact: VerdictFact) -> tuple[StatusReason, ...]:
    return tuple(StatusReason(one.title, one.filename, one.member, one.line) for one in fact.reasons)
