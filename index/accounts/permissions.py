"""Who may do what: one table. Views ask it, templates ask it, tests enumerate it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Protocol, Self

from sqlalchemy import select

from index.store.tables import Membership, MembershipRole

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from index.store.tables import User

__all__ = ["PERMISSIONS", "Action", "Person", "Principal", "Standing", "may", "membership"]


class Action(StrEnum):
    """What a person can ask for. What everybody may (the front page, signing in) has no action."""

    SEE_SUBMISSION = "see-submission"
    """The status page of one submission."""
    SEE_QUEUE = "see-queue"
    SEE_CASE = "see-case"
    """A held release with its findings and its source."""
    DECIDE = "decide"
    SEE_SYSTEM = "see-system"
    SEE_MAIL = "see-mail"
    SEE_LOG = "see-log"
    HOLD_EVERYTHING = "hold-everything"
    """Stop automatic publication, or let it go on."""
    MANAGE_PROJECT = "manage-project"
    """The page from which a project is managed, with whatever else is allowed on it."""
    YANK = "yank"
    SET_STATUS = "set-status"
    """Archive or deprecate a project, or make it active again."""
    DELETE_FILES = "delete-files"
    CHANGE_MEMBERS = "change-members"
    QUARANTINE = "quarantine"
    """Put a whole project into quarantine, or lift it."""


class Standing(StrEnum):
    """What somebody is, where an action is asked for."""

    ANYONE = "anyone"
    """Not signed in, or signed in without a part in the matter."""
    MEMBER = "member"
    """Owner or maintainer of the project."""
    OWNER = "owner"
    """Owner of the project."""
    ANALYST = "analyst"
    ADMINISTRATOR = "administrator"


#: The whole table. An action is allowed to whoever has one of these standings.
PERMISSIONS: Final[dict[Action, frozenset[Standing]]] = {
    Action.SEE_SUBMISSION: frozenset({Standing.MEMBER, Standing.ANALYST, Standing.ADMINISTRATOR}),
    Action.SEE_QUEUE: frozenset({Standing.ANALYST, Standing.ADMINISTRATOR}),
    Action.SEE_CASE: frozenset({Standing.ANALYST, Standing.ADMINISTRATOR}),
    Action.DECIDE: frozenset({Standing.ANALYST}),
    Action.SEE_SYSTEM: frozenset({Standing.ADMINISTRATOR}),
    Action.SEE_MAIL: frozenset({Standing.ADMINISTRATOR}),
    Action.SEE_LOG: frozenset({Standing.ADMINISTRATOR}),
    Action.HOLD_EVERYTHING: frozenset({Standing.ADMINISTRATOR}),
    Action.MANAGE_PROJECT: frozenset({Standing.MEMBER, Standing.ANALYST, Standing.ADMINISTRATOR}),
    Action.YANK: frozenset({Standing.MEMBER}),
    Action.SET_STATUS: frozenset({Standing.OWNER}),
    Action.DELETE_FILES: frozenset({Standing.OWNER}),
    Action.CHANGE_MEMBERS: frozenset({Standing.OWNER, Standing.ADMINISTRATOR}),
    Action.QUARANTINE: frozenset({Standing.ANALYST}),
}

#: Nobody decides about a project that they maintain.
_NOT_FOR_MEMBERS: Final = frozenset({Action.DECIDE, Action.QUARANTINE})

_STANDINGS_OF_PART: Final[dict[MembershipRole | None, frozenset[Standing]]] = {
    MembershipRole.MAINTAINER: frozenset({Standing.MEMBER}),
    MembershipRole.OWNER: frozenset({Standing.MEMBER, Standing.OWNER}),
}


class Principal(Protocol):
    """Whoever acts: the number and the name of an account."""

    @property
    def id(self) -> int:
        """The account's number."""

    @property
    def username(self) -> str:
        """The account's name."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is signed in. A role counts only together with a second factor."""

    id: int
    username: str
    roles: frozenset[str]
    second_factor: bool

    @classmethod
    def of(cls, user: User) -> Self:
        """The person that the account `user` stands for."""
        second_factor = bool(user.tf_primary_method and user.tf_totp_secret)
        return cls(user.id, user.username, frozenset(role.name for role in user.roles), second_factor)

    @property
    def standings(self) -> frozenset[Standing]:
        """What this person is everywhere."""
        if not self.second_factor:
            return frozenset({Standing.ANYONE})
        known = {Standing.ANALYST, Standing.ADMINISTRATOR}
        return frozenset({Standing.ANYONE}) | {standing for standing in known if standing.value in self.roles}


def may(person: Person | None, action: Action, *, part: MembershipRole | None = None) -> bool:
    """Whether `person` (None: not signed in), whose part in the project at hand is `part`, may do it."""
    if person is None:
        standings = frozenset({Standing.ANYONE})
    else:
        standings = person.standings | _STANDINGS_OF_PART.get(part, frozenset())
    if part is not None and action in _NOT_FOR_MEMBERS:
        return False
    return bool(standings & PERMISSIONS[action])


def membership(session: Session, person: Person | None, project_id: int) -> MembershipRole | None:
    """The person's part in the project, if they have one."""
    if person is None:
        return None
    role = session.scalar(
        select(Membership.role).where(Membership.user_id == person.id, Membership.project_id == project_id)
    )
    return None if role is None else MembershipRole(role)
