"""Namespaces (PEP 752): a prefix of project names, reserved for the accounts that have a grant for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from packaging.utils import InvalidName, canonicalize_name
from sqlalchemy import exists, func, select

from index.audit.log import Event, append
from index.store.tables import Membership, MembershipRole, NamespaceGrant, Project, User

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

__all__ = [
    "NamespaceRefused",
    "all_namespaces",
    "grant",
    "grantees",
    "is_owned",
    "matching",
    "may_use",
    "parse_namespace",
    "revoke",
]

#: A namespace of so many hyphens can be granted; deeper ones would make every name somebody's.
_MOST_HYPHENS: Final = 3


class NamespaceRefused(Exception):
    """The grant cannot be made or taken back; the message says why."""


def parse_namespace(text: str) -> str:
    """The normalized namespace.

    Raises:
        NamespaceRefused: it is no name that a project can have.
    """
    try:
        return canonicalize_name(text, validate=True)
    except InvalidName as error:
        raise NamespaceRefused(f"{text!r} is no namespace; expected what a project can be called.") from error


def all_namespaces(session: Session) -> Mapping[str, Sequence[User]]:
    """Every reserved namespace with whoever has a grant for it, by name."""
    found: dict[str, list[User]] = {}
    query = select(NamespaceGrant).order_by(NamespaceGrant.namespace, NamespaceGrant.user_id)
    for row in session.scalars(query):
        found.setdefault(row.namespace, []).append(row.user)
    return found


def grantees(session: Session, namespace: str) -> frozenset[int]:
    """The ids of the accounts with a grant for the namespace; nobody, where it is not reserved."""
    return frozenset(session.scalars(select(NamespaceGrant.user_id).where(NamespaceGrant.namespace == namespace)))


def matching(session: Session, project: str) -> Sequence[str]:
    """The reserved namespaces that the project (normalized name) is in, the widest first."""
    parts = project.split("-")
    prefixes = ["-".join(parts[:length]) for length in range(1, len(parts) + 1)]
    query = select(NamespaceGrant.namespace).where(NamespaceGrant.namespace.in_(prefixes)).distinct()
    return sorted(session.scalars(query), key=len)


def is_owned(session: Session, namespace: str, project: str) -> bool:
    """Whether an owner of the project has a grant for the namespace."""
    owned = exists().where(
        Project.name == project,
        Membership.project_id == Project.id,
        Membership.role == MembershipRole.OWNER,
        Membership.user_id == NamespaceGrant.user_id,
        NamespaceGrant.namespace == namespace,
    )
    return bool(session.scalar(select(owned)))


def may_use(session: Session, project: str, user_id: int) -> str | None:
    """None where the user may upload to the project as far as namespaces go; else the namespace that is in the way.

    Whoever has a grant may use the namespace. So may the members of a project that such an account owns, and of one
    that is older than the reservation. The narrowest namespace decides.
    """
    namespaces = matching(session, project)
    if not namespaces:
        return None
    namespace = namespaces[-1]
    if user_id in grantees(session, namespace):
        return None
    is_member = exists().where(Membership.project_id == Project.id, Membership.user_id == user_id)
    made_at = session.scalar(select(Project.created_at).where(Project.name == project, is_member))
    if made_at is None:
        return namespace
    reserved_at = _reserved_at(session, namespace)
    older = reserved_at is not None and made_at < reserved_at
    return None if older or is_owned(session, namespace, project) else namespace


def _reserved_at(session: Session, namespace: str) -> datetime | None:
    return session.scalar(select(func.min(NamespaceGrant.reserved_at)).where(NamespaceGrant.namespace == namespace))


def grant(session: Session, namespace: str, user: User, *, actor: str, now: datetime) -> bool:
    """The account may use the (normalized) namespace, which is reserved from now on; False where it was so already.

    Raises:
        NamespaceRefused: the namespace is too deep, or overlaps one of somebody else.
    """
    if namespace.count("-") > _MOST_HYPHENS:
        raise NamespaceRefused(f"{namespace} has more than {_MOST_HYPHENS} hyphens, which is too narrow to reserve.")
    if user.id in grantees(session, namespace):
        return False
    for other, owners in all_namespaces(session).items():
        overlaps = f"{other}-".startswith(f"{namespace}-") or f"{namespace}-".startswith(f"{other}-")
        if other != namespace and overlaps and user.id not in {owner.id for owner in owners}:
            raise NamespaceRefused(
                f"{namespace} overlaps {other}, which is reserved for {', '.join(owner.username for owner in owners)}. "
                f"Grant {other} to {user.username} first, or revoke it."
            )
    since = _reserved_at(session, namespace) or now
    session.add(NamespaceGrant(namespace=namespace, user_id=user.id, reserved_at=since))
    subject = f"namespace:{namespace} user:{user.username}"
    append(session, Event(actor=actor, action="namespace.granted", subject=subject), now=now)
    return True


def revoke(session: Session, namespace: str, user: User, *, actor: str, now: datetime) -> None:
    """The account has no grant for the namespace, which is free again when it was the last one.

    Raises:
        NamespaceRefused: it has none.
    """
    row = session.get(NamespaceGrant, (namespace, user.id))
    if row is None:
        raise NamespaceRefused(f"{user.username} has no grant for {namespace}; `pratique namespace list` shows all.")
    session.delete(row)
    subject = f"namespace:{namespace} user:{user.username}"
    append(session, Event(actor=actor, action="namespace.revoked", subject=subject), now=now)
