"""API tokens: made once, shown once, stored as a digest, dead when revoked, expired or their owner is switched off."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final
from zlib import crc32

from packaging.utils import canonicalize_name
from sqlalchemy import bindparam, select
from sqlalchemy.orm import joinedload

from index.accounts.permissions import Person
from index.audit.log import Event, append
from index.store.outbox import Notice, NoticeKind, put
from index.store.tables import Scope, Token, User
from index.store.tables.base import table_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session


__all__ = [
    "PREFIX",
    "LivingToken",
    "authenticate",
    "create_token",
    "is_alive",
    "list_tokens",
    "looks_like_token",
    "revoke_token",
    "tell_of_token",
]

#: What every secret begins with, so that people and secret scanners recognise one.
PREFIX: Final = "pratique-"

_RANDOM_BYTES: Final = 32
_BODY: Final = 43  # characters of base64url for 32 bytes
_CHECK: Final = 8  # hexadecimal digits of a CRC-32
_LENGTH: Final = len(PREFIX) + _BODY + _CHECK

#: Tokens with their owners, in one statement: nobody asks a token for its owner's roles.
_TOKENS: Final = select(Token).options(joinedload(Token.user).lazyload(User.roles))

# Every upload asks these two: tables, past the unit of work, and put together once.
_token, _user = table_of(Token).c, table_of(User).c
_LIVES: Final = select(_token.revoked_at, _token.expires_at, _user.active).join_from(
    table_of(Token), table_of(User), _token.user_id == _user.id
)
_BY_DIGEST: Final = _LIVES.add_columns(_token.id, _token.scope, _token.project, _token.user_id, _user.username).where(
    _token.digest == bindparam("digest")
)
_BY_ID: Final = _LIVES.where(_token.id == bindparam("token_id"))


@dataclass(frozen=True, slots=True)
class LivingToken:
    """A token that was neither revoked nor expired when it was asked for, and whose owner is active."""

    id: int
    project: str | None
    """Normalized name of the only project that it may act for; None for all of its owner's."""
    scope: Scope
    expires_at: datetime | None
    user: Person
    """Its owner, without any role: a token stands for their part in projects, and for nothing else."""


def create_token(  # noqa: PLR0913 # the caller names each of them
    session: Session,
    user: User,
    *,
    label: str,
    project: str | None = None,
    scope: Scope = Scope.UPLOAD,
    expires_at: datetime | None = None,
    actor: str = "",
    now: datetime,
) -> tuple[Token, str]:
    """A token that acts for `user`, and its secret, which nobody can show again.

    With `project` it may act for that project only. `actor` is who made it, if not the user.
    """
    body = PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)
    secret = body + _check_digits(body)
    token = Token(
        user_id=user.id,
        label=label,
        digest=_digest(secret),
        project=canonicalize_name(project) if project else None,
        scope=scope,
        created_at=now,
        expires_at=expires_at,
        user=user,
    )
    session.add(token)
    session.flush()
    append(
        session,
        Event(
            actor=actor or f"user:{user.username}",
            action="token.created",
            subject=f"token:{token.id}",
            new=" ".join(filter(None, ["" if scope is Scope.UPLOAD else scope, token.project])),
        ),
        now=now,
    )
    return token, secret


def tell_of_token(session: Session, token: Token, *, now: datetime) -> None:
    """Whoever owns the new token is owed a mail about it."""
    scope = "It reads what is published." if token.scope == Scope.READ else "It uploads as you."
    summary = f"A new API token, {token.label}, was made for your account {token.user.username}. {scope}"
    put(session, Notice(kind=NoticeKind.ACCOUNT, summary=summary), (token.user.email,), now=now)


def authenticate(session: Session, secret: str, *, now: datetime, scope: Scope = Scope.UPLOAD) -> LivingToken | None:
    """The living token that `secret` belongs to, or None: unknown, revoked, expired, or its owner is switched off.

    None, too, where it is not good for `scope`. A token that uploads reads, too.
    """
    if not looks_like_token(secret):
        return None
    session.flush()
    row = session.execute(_BY_DIGEST, {"digest": _digest(secret)}).one_or_none()
    if row is None or row.scope not in {scope, Scope.UPLOAD}:
        return None
    if not _lives(row.revoked_at, row.expires_at, active=row.active, now=now):
        return None
    owner = Person(row.user_id, row.username, frozenset(), second_factor=False)
    return LivingToken(row.id, row.project, Scope(row.scope), row.expires_at, owner)


def is_alive(session: Session, token_id: int, *, now: datetime) -> bool:
    """Whether there is a token of that number, neither revoked nor expired, whose owner is active."""
    session.flush()
    row = session.execute(_BY_ID, {"token_id": token_id}).one_or_none()
    return row is not None and _lives(row.revoked_at, row.expires_at, active=row.active, now=now)


def _lives(revoked_at: datetime | None, expires_at: datetime | None, *, active: bool, now: datetime) -> bool:
    return revoked_at is None and not (expires_at is not None and expires_at <= now) and active


def looks_like_token(secret: str) -> bool:
    """Whether prefix, length and check digits are those of a secret of ours: a typing error needs no database."""
    return (
        len(secret) == _LENGTH
        and secret.isascii()
        and secret.startswith(PREFIX)
        and secret[-_CHECK:] == _check_digits(secret[:-_CHECK])
    )


def list_tokens(session: Session, user: User | None = None) -> Sequence[Token]:
    """All tokens, of `user` or of everybody, the oldest first. The dead ones too."""
    statement = _TOKENS.order_by(Token.id)
    return session.scalars(statement if user is None else statement.where(Token.user_id == user.id)).all()


def revoke_token(session: Session, token: Token, *, actor: str = "", now: datetime) -> None:
    """The token is dead from now on. Revoking it again changes nothing."""
    if token.revoked_at is not None:
        return
    token.revoked_at = now
    event = Event(actor=actor or f"user:{token.user.username}", action="token.revoked", subject=f"token:{token.id}")
    append(session, event, now=now)


def _digest(secret: str) -> str:
    # A plain hash: the secret has 256 random bits, so there is nothing to guess that a slow hash would protect.
    return sha256(secret.encode()).hexdigest()


def _check_digits(body: str) -> str:
    return f"{crc32(body.encode()):08x}"
