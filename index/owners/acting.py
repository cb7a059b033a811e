"""Who acts on a project, and whether they may: asked here, so that no page and no API can forget it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name
from sqlalchemy import select

from index.accounts.permissions import Action, Person, may, membership
from index.audit.log import Event, append
from index.owners.refusals import NotAllowed, ProjectUnknown
from index.publish.release import refresh_page
from index.store.outbox import Notice, NoticeKind, put
from index.store.tables import Membership, MembershipRole, Project, User

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from index.accounts.tokens import LivingToken
    from index.services import Services

__all__ = ["Acting", "Errand", "acting_by_token", "may_on", "own_projects"]


@dataclass(frozen=True, slots=True)
class Acting:
    """A person who acts, by a page or through an API token."""

    person: Person
    actor: str
    """Their name in the log."""
    project: str | None = None
    """The only project (normalized) that the token may act for; None for all."""

    @property
    def in_words(self) -> str:
        """Who it is, at the beginning of a sentence."""
        by_token = f" (with the API token {self.actor.partition(':')[2]})" if self.actor.startswith("token:") else ""
        return f"{self.person.username}{by_token}"


def acting_by_token(token: LivingToken) -> Acting:
    """Whoever the token acts for: with their part in projects, never with a role."""
    return Acting(token.user, f"token:{token.id}", token.project)


@dataclass(frozen=True, slots=True)
class Errand:
    """One action under way: in which transaction, by whom, when."""

    services: Services
    session: Session
    acting: Acting
    now: datetime

    def project(self, name: str, action: Action) -> Project:
        """The project, under its lock, for `action`, which whoever acts may do.

        Raises:
            ProjectUnknown: there is none of that name that they are allowed to know of.
            NotAllowed: they may manage the project, and not do this.
        """
        normalized = canonicalize_name(name)
        self.services.database.lock_project(self.session, normalized)
        query = select(Project).where(Project.name == normalized).execution_options(populate_existing=True)
        project = self.session.scalar(query)
        if project is None or self.acting.project not in {None, normalized}:
            raise ProjectUnknown
        part = membership(self.session, self.acting.person, project.id)
        if not may(self.acting.person, Action.MANAGE_PROJECT, part=part):
            raise ProjectUnknown
        if not may(self.acting.person, action, part=part):
            raise NotAllowed(action)
        return project

    def record(self, action: str, subject: str, *, old: str = "", new: str = "", evidence: str = "") -> None:
        """The log tells what whoever acts has done."""
        event = Event(actor=self.acting.actor, action=action, subject=subject, old=old, new=new, evidence=evidence)
        append(self.session, event, now=self.now)

    def tell(self, project: Project, what: str, *, filenames: Sequence[str] = (), also: Sequence[User] = ()) -> None:
        """The project's owners, and `also` others, are owed a mail that says what was done.

        `what` is a sentence without its subject: "has deleted demo 1.0."
        """
        owners = select(User).join(Membership, Membership.user_id == User.id)
        owners = owners.where(Membership.project_id == project.id, Membership.role == MembershipRole.OWNER)
        people = [*self.session.scalars(owners), *also]
        notice = Notice(
            kind=NoticeKind.CHANGED,
            project=project.display_name,
            filenames=tuple(filenames),
            summary=f"{self.acting.in_words} {what}",
        )
        put(self.session, notice, tuple(sorted({user.email for user in people if user.active})), now=self.now)

    def show(self, project: Project, why: str) -> None:
        """The project's pages say what is visible now."""
        url = self.services.settings.resolved_public_url
        refresh_page(self.session, project, now=self.now, public_url=url, why=why)


def may_on(
    session: Session, person: Person | None, project: Project
) -> tuple[MembershipRole | None, frozenset[Action]]:
    """The person's part in the project, and the actions that they may do on it."""
    part = membership(session, person, project.id)
    return part, frozenset(action for action in Action if may(person, action, part=part))


def own_projects(session: Session, user_id: int) -> Sequence[Project]:
    """The projects that the user is a member of, by name; those with a held first release, too."""
    query = select(Project).join(Membership, Membership.project_id == Project.id).where(Membership.user_id == user_id)
    return session.scalars(query.order_by(Project.name)).all()
