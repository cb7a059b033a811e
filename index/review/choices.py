"""What a person can decide in which state, and what each decision does: the page shows what the code executes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from index.hold import decisions
from index.hold.cases import open_case_of
from index.store.tables import DecisionKind, SubmissionState

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from index.services import Services
    from index.store.tables import Decision, Submission

__all__ = ["CHOICES", "Choice", "choices_in", "decide"]


class _Execute(Protocol):
    def __call__(
        self,
        services: Services,
        session: Session,
        submission: Submission,
        judgement: decisions.Judgement,
        *,
        now: datetime,
    ) -> Decision: ...


@dataclass(frozen=True, slots=True)
class Choice:
    """One decision: its name, its effect in a sentence, what was done in the past tense, and what executes it."""

    kind: DecisionKind
    label: str
    effect: str
    done: str
    execute: _Execute


#: The whole table, by the state in which each decision can be taken.
CHOICES: Final[dict[SubmissionState, tuple[Choice, ...]]] = {
    SubmissionState.IN_REVIEW: (
        Choice(
            DecisionKind.APPROVE,
            "Approve",
            "The release is published at once. Everybody can install it. Its maintainers are told by mail.",
            "Approved. The release is published.",
            decisions.approve,
        ),
        Choice(
            DecisionKind.REJECT,
            "Reject",
            "Nothing is published. These files are refused from now on, under any name. "
            "The maintainers are told by mail, with your reason.",
            "Rejected. Nothing is published.",
            decisions.reject,
        ),
    ),
    SubmissionState.PUBLISHED: (
        Choice(
            DecisionKind.WITHDRAW,
            "Withdraw",
            "The release can no longer be installed. Its files keep their names. "
            "The maintainers are told by mail, with your reason.",
            "Withdrawn. The release can no longer be installed.",
            decisions.withdraw,
        ),
    ),
    SubmissionState.WITHDRAWN: (
        Choice(
            DecisionKind.RESTORE,
            "Restore",
            "The release is published again, and everybody can install it.",
            "Restored. The release is published again.",
            decisions.restore,
        ),
    ),
    SubmissionState.REJECTED: (
        Choice(
            DecisionKind.REOPEN,
            "Reopen",
            "The release goes back to the queue, still held. Its files are no longer refused.",
            "Reopened. The release is in the queue again.",
            decisions.reopen,
        ),
    ),
}


#: About a published release that has an open case: it is in doubt.
_KEEP: Final = Choice(
    DecisionKind.APPROVE,
    "Approve",
    "The release stays published, and its case is closed.",
    "Approved. The release stays published.",
    decisions.approve,
)


def choices_in(state: SubmissionState, *, in_doubt: bool = False) -> tuple[Choice, ...]:
    """What can be decided about a submission in `state`; `in_doubt` says that it has an open case."""
    choices = CHOICES.get(state, ())
    return (_KEEP, *choices) if state is SubmissionState.PUBLISHED and in_doubt else choices


def decide(  # noqa: PLR0913 # the places that a decision touches, and what it is
    services: Services,
    session: Session,
    submission: Submission,
    kind: DecisionKind,
    judgement: decisions.Judgement,
    *,
    now: datetime,
) -> Choice:
    """The decision has taken effect when this transaction commits; the choice that was executed.

    Raises:
        DecisionRefused: it cannot be taken (`StaleRevision`, `OwnProject`); nothing was written.
    """
    in_doubt = open_case_of(session, submission) is not None
    for choice in choices_in(SubmissionState(submission.state), in_doubt=in_doubt):
        if choice.kind == kind:
            choice.execute(services, session, submission, judgement, now=now)
            return choice
    state = submission.state.replace("_", " ")
    raise decisions.StaleRevision(f"This submission is now {state}, and {kind} is not possible there any more.")
