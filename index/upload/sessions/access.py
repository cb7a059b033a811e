"""Who asks, for which session: found, locked and permitted anew at every request (403 comes before 409)."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from sqlalchemy import select

from index.hold.intake import IntakeRefused, NotPermitted, require_permission
from index.hold.standing import Place, Standing, read_standing
from index.store.tables import FileSession, Project, PublishingSession, Release, Submission
from index.upload.auth import current_user, require_scope
from index.upload.faults import Code, UploadRefused, refuse
from index.upload.sessions.status import SessionStatus, status_of
from scanner.archive import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy.orm import Session

    from index.accounts.permissions import Person
    from index.services import Services
    from index.upload.auth import Uploader

__all__ = ["Desk", "forbid", "reading", "writing"]


@dataclass(frozen=True, slots=True)
class Desk:
    """One request at work: its transaction, and whom it acts for."""

    services: Services
    session: Session
    uploader: Uploader
    user: Person
    now: datetime
    exclusive: bool
    """It may write, and so it locks."""

    def find(self, session_id: str) -> PublishingSession:
        """The session, under its project's lock, which the uploader may take part in at this moment.

        Raises:
            UploadRefused: 404 where there is none, 403 where it is not theirs.
        """
        query = (
            select(Project.name)
            .join(Release, Release.project_id == Project.id)
            .join(Submission, Submission.release_id == Release.id)
            .join(PublishingSession, PublishingSession.submission_id == Submission.id)
            .where(PublishingSession.id == session_id)
        )
        name = self.session.scalar(query)
        if name is None:
            raise refuse(Code.SESSION_UNKNOWN, "There is no publishing session at this address.", HTTPStatus.NOT_FOUND)
        self.lock(name)
        record = self.session.get_one(PublishingSession, session_id)
        self._permit(record, name)
        return record

    def find_file(self, file_id: str) -> FileSession:
        """The file session, as `find` finds its session. Raises as `find`."""
        file = self.session.get(FileSession, file_id)
        if file is None:
            raise refuse(Code.SESSION_UNKNOWN, "There is no file session at this address.", HTTPStatus.NOT_FOUND)
        self.find(file.session_id)
        return self.session.get_one(FileSession, file_id)

    def lock(self, project: str) -> None:
        """Nobody else changes the project until this transaction ends; what was read before is read again."""
        if not self.exclusive:
            return
        self.services.database.lock_project(self.session, project)
        self.session.flush()
        self.session.expire_all()

    def permit(self, project: str, version: str = "") -> Standing:
        """The uploader may upload to the project, or take its name.

        Raises:
            UploadRefused: 403, also where the name is somebody's whose first release is held: nobody learns that.
        """
        require_scope(self.uploader, project)
        standing = read_standing(self.session, Place(project, version), self.user.id)
        with forbid():
            require_permission(standing, project, self.user)
        return standing

    def status(self, record: PublishingSession) -> SessionStatus:
        """Where the session stands now."""
        return status_of(record, self.services.settings, now=self.now)

    def _permit(self, record: PublishingSession, project: str) -> None:
        standing = self.permit(project)
        # Nobody has the name (any more): whoever opened the session may go on with it, and nobody else joins.
        if not (standing.member or record.opened_by_id == self.user.id):
            with forbid():
                raise NotPermitted(self.user.username, project)


@contextmanager
def forbid() -> Iterator[None]:
    """What the hold refuses for want of a permission is 403.

    Raises:
        UploadRefused: 403.
    """
    try:
        yield
    except IntakeRefused as refused:
        raise UploadRefused([Fault(refused.code, refused.message)], HTTPStatus.FORBIDDEN) from refused


@contextmanager
def writing(services: Services, uploader: Uploader, *, now: datetime) -> Iterator[Desk]:
    """A desk whose transaction commits when the block ends."""
    with services.database.write() as session:
        yield Desk(services, session, uploader, current_user(session, uploader, now=now), now, exclusive=True)


@contextmanager
def reading(services: Services, uploader: Uploader, *, now: datetime) -> Iterator[Desk]:
    """A desk that only looks."""
    with services.database.read() as session:
        yield Desk(services, session, uploader, current_user(session, uploader, now=now), now, exclusive=False)
