"""Projects that an upstream index fills, and the account in whose name their files are received.

What comes from upstream comes in the order in which it is asked for, by whoever published it there. So an old release
may be received after a new one, and a release in review says nothing of the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import exists, select
from sqlalchemy.orm import aliased

from index.store.tables import Membership, MirroredProject, Project, Release, Submission, User

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement, SQLColumnExpression
    from sqlalchemy.orm import Session

__all__ = ["UPSTREAM_ACTOR", "is_mirrored", "mirrored", "upstream_user"]

#: Its name in the log. As a user name nobody can have it: a colon is not among the characters that one may have.
UPSTREAM_ACTOR: Final = "system:upstream"


def mirrored(project_id: SQLColumnExpression[int]) -> ColumnElement[bool]:
    """SQL: the project comes from upstream, and nobody here has ever had a part in it."""
    # Aliases: the statement around it may ask about the same tables.
    user, membership = aliased(User), aliased(Membership)
    release, submission = aliased(Release), aliased(Submission)
    is_stranger = user.fs_uniquifier != UPSTREAM_ACTOR
    member = exists().where(membership.project_id == project_id, membership.user_id == user.id, is_stranger)
    sender = exists().where(
        release.project_id == project_id,
        submission.release_id == release.id,
        submission.opened_by_id == user.id,
        is_stranger,
    )
    return exists().where(MirroredProject.project_id == project_id) & ~member & ~sender


def is_mirrored(session: Session, project_id: int) -> bool:
    """Whether the project comes from upstream, and nobody here has ever had a part in it."""
    return bool(session.scalar(select(mirrored(Project.id)).where(Project.id == project_id)))


def upstream_user(session: Session, *, now: datetime) -> User:
    """The account that sends what comes from upstream: nobody can sign in with it, and no mail goes to it."""
    found = session.scalars(select(User).where(User.fs_uniquifier == UPSTREAM_ACTOR)).one_or_none()
    if found is None:
        found = User(
            username=UPSTREAM_ACTOR,
            email="upstream@localhost.invalid",
            active=False,
            fs_uniquifier=UPSTREAM_ACTOR,
            create_datetime=now,
            update_datetime=now,
        )
        session.add(found)
        session.flush()
    return found
