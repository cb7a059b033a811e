"""Who is told what: the uploaders and the project's people, in the transaction of the event."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from index.hold.facts import uploaders_of
from index.store.outbox import Notice, NoticeKind, NoticeReason, put
from index.store.tables import Membership, User

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from index.store.tables import Submission
    from scanner.model import Verdict

__all__ = ["notify"]


def notify(  # noqa: PLR0913 # what a mail says has that many parts, all named
    session: Session,
    kind: NoticeKind,
    submission: Submission,
    verdict: Verdict | None,
    *,
    now: datetime,
    extra_reasons: tuple[NoticeReason, ...] = (),
    comment: str | None = None,
) -> None:
    """Whoever sent a file and whoever owns or maintains the project is owed the notice. `comment`: a person's words."""
    reasons = tuple(
        NoticeReason(title=reason.title, filename=reason.filename, member=reason.member, line=reason.line)
        for reason in (verdict.reasons if verdict is not None and kind is not NoticeKind.PUBLISHED else ())
    )
    notice = Notice(
        kind=kind,
        submission_id=submission.id,
        project=submission.release.project.display_name,
        version=submission.release.version,
        filenames=tuple(file.filename for file in submission.files),
        summary=verdict.summary if verdict is not None else "",
        reasons=extra_reasons + reasons,
        by_person=comment is not None,
        comment=comment or "",
    )
    put(session, notice, _recipients(session, submission), now=now)


def _recipients(session: Session, submission: Submission) -> tuple[str, ...]:
    query = select(User).join(Membership, Membership.user_id == User.id)
    members = session.scalars(query.where(Membership.project_id == submission.release.project_id))
    people = [*uploaders_of(session, submission), *members]
    return tuple(sorted({user.email for user in people if user.active}))
