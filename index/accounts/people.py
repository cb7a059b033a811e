"""Accounts: made, listed and reset by the operator. Nobody registers here by themselves."""

from __future__ import annotations

import base64
import hmac
import re
import secrets
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from unicodedata import normalize

from argon2 import PasswordHasher
from flask_security import Totp
from sqlalchemy import func, select

from index.audit.log import Event, append
from index.store.tables import Role, User

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from index.accounts.keys import Keys

__all__ = [
    "ISSUER",
    "NEEDS_SECOND_FACTOR",
    "ROLES",
    "Account",
    "AccountRefused",
    "NewUser",
    "create_user",
    "find_user",
    "hash_password",
    "list_users",
    "new_password",
    "passlib_options",
    "reset_user",
    "totp_factory",
]

#: What an authenticator shows beside the code.
ISSUER: Final = "Pratique"

#: Every role, with what it is for.
ROLES: Final = {
    "analyst": "Looks at held releases and decides.",
    "administrator": "Runs the instance: mail, log, switches.",
}

#: Roles that count only with a second factor.
NEEDS_SECOND_FACTOR: Final = frozenset(ROLES)

_USERNAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?")
_EMAIL: Final = re.compile(r"[^@\s\x00-\x1f]{1,64}@[^@\s\x00-\x1f]{1,190}")
_SHORTEST_PASSWORD: Final = 12
_HASHER: Final = PasswordHasher()  # argon2id with the parameters of RFC 9106 for little memory


class AccountRefused(Exception):
    """The account cannot be made; the message says what was got and what was expected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What an account is made from."""

    username: str
    email: str
    password: str
    roles: Sequence[str] = ()
    totp: bool = False


@dataclass(frozen=True, slots=True)
class NewUser:
    """An account with the secrets that are shown once. `totp_secret` is base32, as authenticators take it."""

    user: User
    password: str
    totp_secret: str | None


def create_user(session: Session, account: Account, *, keys: Keys, now: datetime, actor: str) -> NewUser:
    """The account exists when this transaction commits, and the log says who made it.

    Raises:
        AccountRefused: a name, an address, a password or a role is not one, or is taken.
    """
    _check(session, account)
    stored, plain = _new_totp(keys) if account.totp else (None, None)
    user = User(
        username=account.username,
        email=account.email,
        password=hash_password(account.password, keys),
        fs_uniquifier=uuid.uuid4().hex,
        tf_primary_method="authenticator" if stored else None,
        tf_totp_secret=stored,
        create_datetime=now,
        update_datetime=now,
        roles=[_role(session, name) for name in account.roles],
    )
    session.add(user)
    session.flush()
    event = Event(
        actor=actor, action="user.created", subject=f"user:{user.username}", new=",".join(sorted(account.roles))
    )
    append(session, event, now=now)
    return NewUser(user, account.password, plain)


def reset_user(session: Session, user: User, *, keys: Keys, now: datetime, actor: str) -> NewUser:
    """The user has a new password, a new second factor where there was one or a role asks for it, and no session."""
    password = new_password()
    user.password = hash_password(password, keys)
    user.fs_uniquifier = uuid.uuid4().hex  # every session names it
    user.update_datetime = now
    plain = None
    if user.tf_totp_secret or NEEDS_SECOND_FACTOR & {role.name for role in user.roles}:
        user.tf_totp_secret, plain = _new_totp(keys)
        user.tf_primary_method = "authenticator"
        user.tf_last_counter = None
    append(session, Event(actor=actor, action="user.reset", subject=f"user:{user.username}"), now=now)
    return NewUser(user, password, plain)


def find_user(session: Session, identity: str) -> User | None:
    """The user with that name or address; the case of letters does not matter."""
    wanted = identity.strip().lower()
    column = User.email if "@" in wanted else User.username
    return session.scalars(select(User).where(func.lower(column) == wanted)).one_or_none()


def list_users(session: Session) -> Sequence[User]:
    """All users, by name."""
    return session.scalars(select(User).order_by(User.username)).all()


def new_password() -> str:
    """A password of 144 random bits."""
    return secrets.token_urlsafe(18)


def hash_password(password: str, keys: Keys) -> str:
    """What is stored: argon2 of an HMAC of the password, as Flask-Security computes and verifies it."""
    digest = hmac.new(keys.password_salt.encode(), normalize("NFKD", password).encode(), "sha512").digest()
    return _HASHER.hash(base64.b64encode(digest))


def passlib_options() -> dict[str, int]:
    """The cost of a hash, as Flask-Security's library takes it: both must agree, or each sign-in hashes anew."""
    return {
        "argon2__time_cost": _HASHER.time_cost,
        "argon2__memory_cost": _HASHER.memory_cost,
        "argon2__parallelism": _HASHER.parallelism,
    }


def totp_factory(keys: Keys) -> Totp:
    """What makes and reads TOTP secrets in the form that Flask-Security stores."""
    return Totp({int(serial): key for serial, key in keys.totp_keys.items()}, ISSUER)


def _new_totp(keys: Keys) -> tuple[str, str]:
    """A new secret as it is stored (encrypted), and in base32."""
    factory = totp_factory(keys)
    stored = factory.generate_totp_secret()
    return stored, factory.get_totp_b32_key(stored)


def _check(session: Session, account: Account) -> None:
    if not _USERNAME.fullmatch(account.username):
        raise AccountRefused(
            f"username {account.username!r}: expected 1 to 64 of a-z, 0-9 and . _ - between letters or digits"
        )
    if not _EMAIL.fullmatch(account.email):
        raise AccountRefused(f"email {account.email!r}: expected an address such as name@example.org")
    if len(account.password) < _SHORTEST_PASSWORD:
        raise AccountRefused(f"a password of {len(account.password)} characters: expected {_SHORTEST_PASSWORD} or more")
    if unknown := sorted(set(account.roles) - set(ROLES)):
        raise AccountRefused(f"role {', '.join(unknown)}: expected {' or '.join(ROLES)}")
    if NEEDS_SECOND_FACTOR & set(account.roles) and not account.totp:
        raise AccountRefused(f"{account.username} has a role that needs a second factor: ask for one with it")
    for identity in (account.username, account.email):
        if find_user(session, identity) is not None:
            raise AccountRefused(f"{identity} is taken: expected a name and an address that no account has")


def _role(session: Session, name: str) -> Role:
    found = session.scalars(select(Role).where(Role.name == name)).one_or_none()
    if found is None:
        found = Role(name=name, description=ROLES[name])
        session.add(found)
    return found
