"""Who has a name: the owners of a project, and the submissions that have its filenames."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, exists, select

from index.hold.submission import EVER_PUBLIC, LIVE_UNPUBLISHED
from index.store.tables import (
    FilenameClaim,
    Membership,
    MembershipRole,
    Project,
    PublishingSession,
    Release,
    Submission,
    SubmissionState,
    User,
)

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = [
    "find_project",
    "has_been_published",
    "is_member",
    "names_taken",
    "release_names",
    "reserve_name",
    "take_names_again",
]


def find_project(session: Session, name: str) -> Project | None:
    """The project `name` (normalized), visible or not."""
    return session.scalar(select(Project).where(Project.name == name))


def is_member(session: Session, project: Project, user: User) -> bool:
    """Whether `user` is an owner or a maintainer of `project`."""
    query = select(exists().where(Membership.project_id == project.id, Membership.user_id == user.id))
    return bool(session.scalar(query))


def has_been_published(session: Session, project: Project) -> bool:
    """Whether the public has ever seen the project: from then on its name is nobody else's."""
    return _has_submission(session, project, EVER_PUBLIC)


def _has_submission(session: Session, project: Project, states: tuple[SubmissionState, ...]) -> bool:
    query = select(
        exists().where(
            Release.project_id == project.id, Submission.release_id == Release.id, Submission.state.in_(states)
        )
    )
    return bool(session.scalar(query))


def reserve_name(session: Session, project: Project, owner: User) -> None:
    """`owner` owns `project`, until its only submission is rejected, retracted or expires."""
    session.add(Membership(user_id=owner.id, project_id=project.id, role=MembershipRole.OWNER))
    session.flush()


def release_names(session: Session, submission: Submission) -> None:
    """The filenames of `submission` are free, and so is the project's name where nothing else holds it.

    What was published keeps its filenames for ever. Call it after the submission has left its live state.
    """
    session.flush()
    session.execute(
        delete(FilenameClaim).where(FilenameClaim.submission_id == submission.id, FilenameClaim.burned.is_(False))
    )
    project = submission.release.project
    if not _has_submission(session, project, (*LIVE_UNPUBLISHED, *EVER_PUBLIC)):
        session.execute(delete(Membership).where(Membership.project_id == project.id))


def names_taken(session: Session, submission: Submission) -> str | None:
    """Why `submission`, whose names were freed, cannot have them again; None where it can."""
    release = submission.release
    live = select(exists().where(Submission.release_id == release.id, Submission.state.in_(LIVE_UNPUBLISHED)))
    if session.scalar(live):
        return f"Another submission of {release.project.name} {release.version} is under way."
    canceled = exists().where(
        PublishingSession.submission_id == submission.id, PublishingSession.canceled_at.is_not(None)
    )
    if session.scalar(select(canceled)):
        return f"Its uploader has canceled the publishing session of {release.project.name} {release.version}."
    filenames = [file.filename for file in submission.files]
    taken = session.scalars(select(FilenameClaim.filename).where(FilenameClaim.filename.in_(filenames))).first()
    if taken is not None:
        return f"{taken} was uploaded again meanwhile."
    opener = session.get_one(User, submission.opened_by_id)
    owned = session.scalar(select(exists().where(Membership.project_id == release.project_id)))
    if owned and not is_member(session, release.project, opener):
        return f"{release.project.name} belongs to somebody else by now."
    return None


def take_names_again(session: Session, submission: Submission) -> None:
    """`submission` has its filenames, and whoever opened it owns a project that nobody owned."""
    session.add_all(
        FilenameClaim(filename=file.filename, submission_id=submission.id, sha256=file.sha256)
        for file in submission.files
    )
    project = submission.release.project
    if not session.scalar(select(exists().where(Membership.project_id == project.id))):
        reserve_name(session, project, session.get_one(User, submission.opened_by_id))
