"""The gate: what happens to a submission once everything in it has been inspected.

Nothing but this module and a person's decision publishes, and both through `moves.put_out`, which asks the database
once more for the reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import structlog
from sqlalchemy import exists, select

from index.audit.log import Event, append
from index.hold.assessor import ASSESSMENT_FAILED
from index.hold.cases import close_case, open_case, open_case_of
from index.hold.deferral import Deferral, deferral_of
from index.hold.facts import Gathered, all_answered, current_verdict, gather
from index.hold.moves import locked, move, put_out
from index.hold.notices import notify
from index.hold.rejecting import carry_out_rejection
from index.hold.rulesets import active_ruleset
from index.hold.submission import SubmissionEvent
from index.hold.switches import holds_everything
from index.store.outbox import NoticeKind, NoticeReason
from index.store.tables import (
    CaseOrigin,
    Decision,
    StoredVerdict,
    Submission,
    SubmissionState,
    VerdictArtifact,
)
from scanner.model import ENGINE_VERSION, Outcome, SubmissionFacts, Verdict, decode, digest, encode

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from index.hold.assessor import Assessor
    from index.services import Services

__all__ = ["Gate"]

_ACTOR = "system:gate"
#: Cases of these origins say nothing of the content.
_ENDS_BY_ITSELF = (CaseOrigin.FAILURE, CaseOrigin.WAITING)

_JUDGED_IN = (SubmissionState.SCANNING, SubmissionState.IN_REVIEW, SubmissionState.WITHDRAWN)

_EVENT_OF = {
    Outcome.CLEAR: SubmissionEvent.VERDICT_CLEAR,
    Outcome.FLAGGED: SubmissionEvent.VERDICT_FLAGGED,
    Outcome.MALICIOUS: SubmissionEvent.VERDICT_MALICIOUS,
    Outcome.UNSCANNABLE: SubmissionEvent.VERDICT_UNSCANNABLE,
}

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Judged:
    """A verdict as it is stored and as it reads."""

    stored: StoredVerdict
    verdict: Verdict
    ours: bool
    """A failure of ours is behind it: the scanner's child failed, or the assessment."""

    @property
    def is_clear(self) -> bool:
        return self.verdict.outcome is Outcome.CLEAR


@dataclass(frozen=True, slots=True)
class Gate:
    """Judges submissions and moves them on."""

    services: Services
    assessor: Assessor

    def advance(self, session: Session, submission_id: str, *, now: datetime) -> SubmissionState:
        """The submission is where its inspections take it; its state.

        It is judged when it has settled and every file of its revision has an inspection under the active ruleset
        (or a job that failed for good). Where anything is missing, or the active ruleset is not the assessor's, it
        stays. Call it as often as you like.
        """
        submission = locked(self.services.database, session, submission_id)
        if self._may_be_judged(session, submission, now):
            judged = self._judge(session, submission, now)
            if submission.state == SubmissionState.SCANNING:
                self._leave_scanning(session, submission, judged, now)
            elif submission.state == SubmissionState.IN_REVIEW:
                self._renew_review(session, submission, judged, now)
        return SubmissionState(submission.state)

    def _may_be_judged(self, session: Session, submission: Submission, now: datetime) -> bool:
        if submission.state not in _JUDGED_IN or active_ruleset(session) != self.assessor.ruleset:
            return False
        if submission.state == SubmissionState.SCANNING and now < submission.closes_at:
            return False  # a file has just come: there may be more
        return all_answered(session, submission, self.assessor.ruleset)

    def _gather(self, session: Session, submission: Submission) -> Gathered:
        automatic = not holds_everything(session, self.services.settings)
        try:
            return gather(session, submission, ruleset=self.assessor.ruleset, automatic=automatic)
        except (msgspec.DecodeError, ValueError):  # a stored inspection cannot be read: no reason to publish
            _log.exception("facts.unreadable", submission=submission.id)
            facts = SubmissionFacts(
                project=submission.release.project.name,
                version=submission.release.version,
                artifacts=(),
                failed=tuple(file.filename for file in submission.files),
                automatic=False,
            )
            return Gathered(facts, None)

    def _judge(self, session: Session, submission: Submission, now: datetime) -> _Judged:
        """The verdict on the facts: the current one where they have not changed, else a new one, stored and logged."""
        gathered = self._gather(session, submission)
        current = current_verdict(session, submission)
        facts_digest = digest(gathered.facts)
        if (
            current is not None
            and current.ruleset == self.assessor.ruleset
            and current.engine == ENGINE_VERSION
            and current.facts_digest == facts_digest
        ):
            stored, verdict = current, decode(current.payload, Verdict)
        else:
            verdict = self.assessor.judge(gathered.facts)
            stored = _record(session, submission, gathered, verdict, now=now)
        broken = any(reason.rule == ASSESSMENT_FAILED for reason in verdict.reasons)
        ours = verdict.outcome is Outcome.UNSCANNABLE and (broken or bool(gathered.facts.failed))
        return _Judged(stored, verdict, ours)

    def _leave_scanning(self, session: Session, submission: Submission, judged: _Judged, now: datetime) -> None:
        verdict = judged.verdict
        if self.assessor.enforces(verdict):
            _move(session, submission, SubmissionEvent.VERDICT_ENFORCED, judged, now=now)
            notify(session, NoticeKind.REJECTED, submission, verdict, now=now)
            carry_out_rejection(self.services, session, submission, now=now)
            return
        deferral = deferral_of(self.services, session, submission) if judged.is_clear else None
        if judged.is_clear and deferral is None:
            self._go_out(session, submission, judged, now)
            return
        event = SubmissionEvent.DEFERRED if deferral is not None else _EVENT_OF[verdict.outcome]
        _move(session, submission, event, judged, now=now)
        open_case(session, submission, _origin(judged, deferral), now=now)
        extra = (NoticeReason(title=deferral.reason),) if deferral is not None else ()
        notify(session, NoticeKind.HELD, submission, verdict, now=now, extra_reasons=extra)

    def _renew_review(self, session: Session, submission: Submission, judged: _Judged, now: datetime) -> None:
        """What was held for no fault of its own goes out where its renewed verdict is clear.

        Whatever was held for its content, or by a person, waits for a person, whatever a later verdict says.
        """
        case = open_case_of(session, submission)
        if case is None or case.origin not in _ENDS_BY_ITSELF or _was_judged(session, submission):
            return
        deferral = deferral_of(self.services, session, submission) if judged.is_clear else None
        if not judged.is_clear or deferral is not None:
            open_case(session, submission, _origin(judged, deferral), now=now)
            return
        if case.origin == CaseOrigin.WAITING:
            _move(session, submission, SubmissionEvent.RESUMED, judged, now=now)
        self._go_out(session, submission, judged, now)
        close_case(session, submission, now=now)

    def _go_out(self, session: Session, submission: Submission, judged: _Judged, now: datetime) -> None:
        _move(session, submission, SubmissionEvent.VERDICT_CLEAR, judged, now=now)
        put_out(self.services, session, submission, now=now)
        notify(session, NoticeKind.PUBLISHED, submission, judged.verdict, now=now)


def _move(session: Session, submission: Submission, event: SubmissionEvent, judged: _Judged, *, now: datetime) -> None:
    # Whoever moves a submission in review has made sure that its case may end by itself: see `_renew_review`.
    move(session, submission, event, actor=_ACTOR, now=now, verdict=judged.stored, failure_case_unjudged=True)


def _record(
    session: Session, submission: Submission, gathered: Gathered, verdict: Verdict, *, now: datetime
) -> StoredVerdict:
    """The verdict is stored and logged, with the artifacts that it speaks of."""
    stored = StoredVerdict(
        submission_id=submission.id,
        revision=submission.revision,
        project=gathered.facts.project,
        version=gathered.facts.version,
        outcome=verdict.outcome,
        risk=verdict.risk,
        engine=verdict.engine,
        ruleset=verdict.ruleset,
        facts_digest=verdict.facts_digest,
        previous_submission_id=gathered.history.id if gathered.history is not None else None,
        payload=encode(verdict).decode(),
        created_at=now,
    )
    session.add(stored)
    session.flush()
    session.add_all(
        VerdictArtifact(verdict_id=stored.id, sha256=file.sha256, filename=file.filename) for file in submission.files
    )
    event = Event(
        actor=_ACTOR,
        action="verdict.recorded",
        subject=f"submission:{submission.id}",
        new=verdict.outcome,
        ruleset=verdict.ruleset,
        evidence=verdict.facts_digest,
    )
    append(session, event, now=now)
    return stored


def _origin(judged: _Judged, deferral: Deferral | None) -> CaseOrigin:
    if deferral is not None:
        return deferral.origin
    return CaseOrigin.FAILURE if judged.ours else CaseOrigin.VERDICT


def _was_judged(session: Session, submission: Submission) -> bool:
    return bool(session.scalar(select(exists().where(Decision.submission_id == submission.id))))
