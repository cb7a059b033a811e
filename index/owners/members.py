"""Who belongs to a project. It never loses its last owner."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from index.accounts.permissions import Action, Standing
from index.owners.refusals import InvalidRequest, TargetUnknown
from index.store.tables import Membership, MembershipRole, User

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from index.owners.acting import Errand
    from index.store.tables import Project

__all__ = ["members_of", "remove_member", "set_member"]


def members_of(session: Session, project: Project) -> Sequence[Membership]:
    """Owners and maintainers, in the order in which they came."""
    query = select(Membership).where(Membership.project_id == project.id).order_by(Membership.id)
    return session.scalars(query).all()


def set_member(errand: Errand, name: str, *, username: str, role: str) -> None:
    """The user is a member of the project in that role, whatever they were before.

    Raises:
        OwnerRefused: nothing was done.
    """
    session, project = errand.session, errand.project(name, Action.CHANGE_MEMBERS)
    if role not in set(MembershipRole):
        raise InvalidRequest(f"{role!r} is no role; expected one of {', '.join(MembershipRole)}.")
    user = _user(session, username)
    if user is None or not user.active:
        raise TargetUnknown(f"There is no active account {username.strip()!r}.")
    member = _member(session, project, user)
    old = member.role if member is not None else ""
    if old == role:
        return
    if member is not None:
        _keep_an_owner(session, project, member)
        member.role = MembershipRole(role)
    else:
        _check_staff(errand, user)
        session.add(Membership(user_id=user.id, project_id=project.id, role=MembershipRole(role)))
    errand.record("project.member", f"project:{project.name} user:{user.username}", old=str(old), new=role)
    session.flush()
    errand.tell(project, f"has made {user.username} {role} of {project.display_name}.", also=[user])


def remove_member(errand: Errand, name: str, *, username: str) -> None:
    """The user is no member of the project.

    Raises:
        OwnerRefused: nothing was done.
    """
    session, project = errand.session, errand.project(name, Action.CHANGE_MEMBERS)
    user = _user(session, username)
    member = _member(session, project, user) if user is not None else None
    if user is None or member is None:
        raise TargetUnknown(f"{username.strip()!r} is no member of {project.name}.")
    _keep_an_owner(session, project, member)
    errand.tell(project, f"has removed {user.username} from the members of {project.display_name}.", also=[user])
    session.delete(member)
    errand.record("project.member", f"project:{project.name} user:{user.username}", old=str(member.role))


def _user(session: Session, username: str) -> User | None:
    return session.scalar(select(User).where(func.lower(User.username) == username.strip().lower()))


def _check_staff(errand: Errand, user: User) -> None:
    """Nobody decides about a project that they maintain: owners could make every analyst a maintainer of theirs.

    Raises:
        InvalidRequest: `user` has a role in the index, and whoever acts is no administrator.
    """
    if user.roles and Standing.ADMINISTRATOR not in errand.acting.person.standings:
        raise InvalidRequest(f"{user.username!r} can be added by an administrator only.")


def _member(session: Session, project: Project, user: User) -> Membership | None:
    query = select(Membership).where(Membership.project_id == project.id, Membership.user_id == user.id)
    return session.scalar(query)


def _keep_an_owner(session: Session, project: Project, leaving: Membership) -> None:
    """Another owner than `leaving` is there, or it is none.

    Raises:
        InvalidRequest: it is the last one.
    """
    if leaving.role != MembershipRole.OWNER:
        return
    others = select(func.count()).where(
        Membership.project_id == project.id, Membership.role == MembershipRole.OWNER, Membership.id != leaving.id
    )
    if not session.scalar(others):
        raise InvalidRequest("This is the last owner of the project. Make somebody else an owner first.")
