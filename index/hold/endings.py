"""How a submission ends before it was judged: its uploader takes it back, or nobody finished it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from index.hold.cases import close_case
from index.hold.moves import locked, move
from index.hold.names import release_names

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from index.hold.submission import SubmissionEvent
    from index.store.database import Database

__all__ = ["end_submission"]


def end_submission(  # noqa: PLR0913 # what, by which event, by whom, when
    database: Database, session: Session, submission_id: str, event: SubmissionEvent, *, actor: str, now: datetime
) -> None:
    """The submission is canceled (`event`: canceled or expired while open, retracted later); its names are free.

    Raises:
        TransitionRefused: the event cannot happen in its state.
    """
    submission = locked(database, session, submission_id)
    move(session, submission, event, actor=actor, now=now)
    close_case(session, submission, now=now)
    release_names(session, submission)
