"""The state machine of a submission: every event that may happen in every state, and nothing else."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from index.store.tables import SubmissionState

__all__ = ["EVER_PUBLIC", "LIVE_UNPUBLISHED", "TABLE", "SubmissionEvent", "TransitionRefused", "transition"]


class SubmissionEvent(StrEnum):
    """What can happen to a submission."""

    FILE_ADDED = "file_added"
    CLOSED = "closed"
    CANCELED = "canceled"
    EXPIRED = "expired"
    RETRACTED = "retracted"
    VERDICT_CLEAR = "verdict_clear"
    VERDICT_FLAGGED = "verdict_flagged"
    VERDICT_MALICIOUS = "verdict_malicious"
    VERDICT_UNSCANNABLE = "verdict_unscannable"
    VERDICT_ENFORCED = "verdict_enforced"
    """Malicious by a rule that policy enforces."""
    DEFERRED = "deferred"
    """The verdict is clear, but a person comes first: everything is held, or an earlier submission is in review."""
    RESUMED = "resumed"
    """What a clear submission waited for is over: it is judged anew."""
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    RESTORED = "restored"
    REOPENED = "reopened"


#: States of a submission that is neither out nor at its end. A release has at most one submission in them.
LIVE_UNPUBLISHED: Final = (SubmissionState.OPEN, SubmissionState.SCANNING, SubmissionState.IN_REVIEW)

#: States of a submission that the public has seen.
EVER_PUBLIC: Final = (SubmissionState.PUBLISHED, SubmissionState.WITHDRAWN)

_S, _E = SubmissionState, SubmissionEvent

#: Every pair that exists. `in_review` and `verdict_clear` is the one pair with a condition: see `transition`.
TABLE: Final[dict[tuple[SubmissionState, SubmissionEvent], SubmissionState]] = {
    (_S.OPEN, _E.FILE_ADDED): _S.OPEN,
    (_S.OPEN, _E.CLOSED): _S.SCANNING,
    (_S.OPEN, _E.CANCELED): _S.CANCELED,
    (_S.OPEN, _E.EXPIRED): _S.CANCELED,
    (_S.SCANNING, _E.FILE_ADDED): _S.SCANNING,
    (_S.SCANNING, _E.VERDICT_CLEAR): _S.PUBLISHED,
    (_S.SCANNING, _E.VERDICT_FLAGGED): _S.IN_REVIEW,
    (_S.SCANNING, _E.VERDICT_MALICIOUS): _S.IN_REVIEW,
    (_S.SCANNING, _E.VERDICT_UNSCANNABLE): _S.IN_REVIEW,
    (_S.SCANNING, _E.VERDICT_ENFORCED): _S.REJECTED,
    (_S.SCANNING, _E.DEFERRED): _S.IN_REVIEW,
    (_S.SCANNING, _E.RETRACTED): _S.CANCELED,
    (_S.IN_REVIEW, _E.FILE_ADDED): _S.SCANNING,
    (_S.IN_REVIEW, _E.APPROVED): _S.PUBLISHED,
    (_S.IN_REVIEW, _E.REJECTED): _S.REJECTED,
    (_S.IN_REVIEW, _E.RETRACTED): _S.CANCELED,
    (_S.IN_REVIEW, _E.VERDICT_CLEAR): _S.PUBLISHED,
    (_S.IN_REVIEW, _E.RESUMED): _S.SCANNING,
    (_S.PUBLISHED, _E.WITHDRAWN): _S.WITHDRAWN,
    (_S.WITHDRAWN, _E.RESTORED): _S.PUBLISHED,
    (_S.REJECTED, _E.REOPENED): _S.IN_REVIEW,
}


class TransitionRefused(Exception):
    """The event cannot happen in that state."""

    def __init__(self, state: SubmissionState, event: SubmissionEvent) -> None:
        allowed = ", ".join(e for (s, e) in TABLE if s == state) or "nothing"
        super().__init__(f"{event} cannot happen to a submission that is {state}: expected {allowed}")
        self.state = state
        self.event = event


def transition(
    state: SubmissionState, event: SubmissionEvent, *, failure_case_unjudged: bool = False
) -> SubmissionState:
    """The state after `event`.

    A clear verdict ends a review only where the case was opened by a failure of ours and nobody has judged it
    (`failure_case_unjudged`): what was held for its content waits for a person.

    Raises:
        TransitionRefused: the event cannot happen in `state`.
    """
    # A state that comes from the database is a plain string; equal and hashed alike, but not identical.
    if (state, event) == (_S.IN_REVIEW, _E.VERDICT_CLEAR) and not failure_case_unjudged:
        raise TransitionRefused(state, event)
    try:
        return TABLE[state, event]
    except KeyError:
        raise TransitionRefused(state, event) from None
