"""Who published: the accounts behind the files of a submission, and what they are to the project."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from index.store.tables import Membership, MembershipRole, Submission, SubmissionState, User

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

__all__ = ["Publisher", "publishers_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Publisher:
    """One account."""

    username: str
    email: str
    since: datetime
    part: MembershipRole | None
    uploaded: bool
    """This account uploaded files of this submission; otherwise it is only a member of the project."""
    published: int
    """How many submissions that it opened are published."""


def publishers_of(session: Session, submission: Submission) -> tuple[Publisher, ...]:
    """Who uploaded files of `submission`, then the other members of its project."""
    uploader_ids = {file.uploaded_by_id for file in submission.files} | {submission.opened_by_id}
    parts = dict(
        session.execute(
            select(Membership.user_id, Membership.role).where(Membership.project_id == submission.release.project_id)
        ).all()
    )
    ids = uploader_ids | set(parts)
    published = dict(
        session.execute(
            select(Submission.opened_by_id, func.count())
            .where(Submission.opened_by_id.in_(ids), Submission.state == SubmissionState.PUBLISHED)
            .group_by(Submission.opened_by_id)
        ).all()
    )
    people = session.scalars(select(User).where(User.id.in_(ids)).order_by(User.username)).all()
    found = [
        Publisher(
            username=user.username,
            email=user.email,
            since=user.create_datetime,
            part=MembershipRole(parts[user.id]) if user.id in parts else None,
            uploaded=user.id in uploader_ids,
            published=published.get(user.id, 0),
        )
        for user in people
    ]
    return tuple(sorted(found, key=lambda one: not one.uploaded))
