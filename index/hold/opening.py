"""Opening: a project, a release and a submission come into being, with what the log says of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from sqlalchemy import insert, update

from index.audit.log import Event
from index.store.identifiers import new_id
from index.store.tables import Membership, MembershipRole, Project, Release, Submission, SubmissionState
from index.store.tables.base import table_of

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from index.accounts.permissions import Principal
    from index.hold.standing import Standing

__all__ = ["Opening", "ReleaseName"]

# Tables, past the unit of work: an upload makes ten rows, and each object there would cost more than its row.
_PROJECT: Final = insert(table_of(Project)).returning(table_of(Project).c.id)
_RELEASE: Final = insert(table_of(Release)).returning(table_of(Release).c.id)
_MEMBERSHIP: Final = insert(table_of(Membership))
_SUBMISSION: Final = insert(table_of(Submission))


@dataclass(frozen=True, slots=True)
class ReleaseName:
    """A release, as it is called."""

    project: str
    """Normalized (PEP 503)."""
    display_name: str
    version: str
    """Canonical (PEP 440), trailing zeros kept."""


@dataclass(frozen=True, slots=True)
class Opening:
    """What one person opens at one moment, under the project's lock. Write `events` into the log afterwards."""

    session: Session
    uploader: Principal
    actor: str
    now: datetime
    events: list[Event] = field(default_factory=list)

    def note(self, action: str, subject: str, *, old: str = "", new: str = "", evidence: str = "") -> None:
        """The log will say so."""
        self.events.append(Event(actor=self.actor, action=action, subject=subject, old=old, new=new, evidence=evidence))

    def release(self, name: ReleaseName, standing: Standing) -> int:
        """The release exists, and its project has an owner: the uploader, where nobody has the name."""
        project_id = standing.project_id
        if project_id is None:
            values = {"name": name.project, "display_name": name.display_name, "created_at": self.now}
            project_id = self.session.execute(_PROJECT, values).scalar_one()
        elif not standing.member:  # the name is free again
            renamed = update(Project).where(Project.id == project_id).values(display_name=name.display_name)
            self.session.execute(renamed)
        if not standing.member:
            owner = {"user_id": self.uploader.id, "project_id": project_id, "role": MembershipRole.OWNER}
            self.session.execute(_MEMBERSHIP, owner)
            self.note("project.reserved", f"project:{name.project}", new=f"user:{self.uploader.username}")
        if standing.release_id is not None:
            return standing.release_id
        values = {"project_id": project_id, "version": name.version, "created_at": self.now}
        return int(self.session.execute(_RELEASE, values).scalar_one())

    def submission(self, release_id: int, standing: Standing, *, closes_at: datetime, is_session: bool = False) -> str:
        """A submission of the release is open, without files; its id."""
        made = new_id(self.now)
        values = {
            "id": made,
            "release_id": release_id,
            "state": SubmissionState.OPEN,
            "opened_by_id": self.uploader.id,
            "opened_at": self.now,
            "closes_at": closes_at,
            "state_changed_at": self.now,
            "review_required": standing.distrusted,
            "is_session": is_session,
        }
        self.session.execute(_SUBMISSION, values)
        self.note("submission.opened", f"submission:{made}", new=SubmissionState.OPEN)
        return made
