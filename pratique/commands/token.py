"""`pratique token`: API tokens, made, listed and revoked by the operator of the machine."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import click
from sqlalchemy import select

from index.accounts.tokens import create_token, list_tokens, revoke_token
from index.clock import utcnow
from index.store.database import Database
from index.store.tables import Scope, Token, User
from pratique.opening import read_settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy.orm import Session

__all__ = ["token"]

_ACTOR = "system:operator"


@click.group()
def token() -> None:
    """Make, list and revoke API tokens."""


@token.command()
@click.argument("username")
@click.option("--label", required=True, help="What the token is for; shown in lists and in the log.")
@click.option("--project", help="The only project that it may upload to; all of the user's when left out.")
@click.option(
    "--read", "only_reads", is_flag=True, help="It reads, where reading needs a token, and does nothing else."
)
@click.option("--days", type=click.IntRange(min=1), help="It expires after so many days; never when left out.")
def create(username: str, label: str, project: str | None, days: int | None, *, only_reads: bool) -> None:
    """Make a token that uploads for USERNAME (with --read: one that only reads), and print it.

    Nobody can show it again.
    """
    if only_reads and project:
        raise click.UsageError("--project limits uploads; a token that only reads has none")
    now = utcnow()
    expires_at = None if days is None else now + timedelta(days=days)
    with _database() as database, database.write() as session:
        made, secret = create_token(
            session,
            _user(session, username),
            label=label,
            project=project,
            scope=Scope.READ if only_reads else Scope.UPLOAD,
            expires_at=expires_at,
            actor=_ACTOR,
            now=now,
        )
    verb = "Read" if only_reads else "Upload"
    click.echo(f"Token {made.id} of {username}. {verb} with the user name __token__ and this password:", err=True)
    click.echo(secret)


@token.command()
@click.argument("token_id", type=int)
def revoke(token_id: int) -> None:
    """End the token TOKEN_ID at once."""
    with _database() as database, database.write() as session:
        found = session.get(Token, token_id)
        if found is None:
            raise click.ClickException(f"There is no token {token_id}; `pratique token list` shows all.")
        revoke_token(session, found, actor=_ACTOR, now=utcnow())
    click.echo(f"Token {token_id} is revoked.")


@token.command(name="list")
@click.argument("username", required=False)
def list_(username: str | None) -> None:
    """Show all tokens, or those of USERNAME. No secret is shown: none is kept."""
    now = utcnow()
    with _database() as database, database.read() as session:
        user = None if username is None else _user(session, username)
        for each in list_tokens(session, user):
            scope = "reads only" if each.scope == Scope.READ else each.project or "all projects"
            click.echo(f"{each.id}\t{each.user.username}\t{_state(each, now)}\t{scope}\t{each.label}")


@contextmanager
def _database() -> Iterator[Database]:
    database = Database(read_settings().resolved_database_url)
    try:
        yield database
    finally:
        database.dispose()


def _user(session: Session, username: str) -> User:
    user = session.scalars(select(User).where(User.username == username)).one_or_none()
    if user is None:
        raise click.ClickException(f"There is no user {username!r}; `pratique user list` shows all.")
    return user


def _state(each: Token, now: datetime) -> str:
    if each.revoked_at is not None:
        return f"revoked {each.revoked_at:%Y-%m-%d}"
    if not each.user.active:
        return "user is switched off"
    if each.expires_at is None:
        return "never expires"
    return f"{'expired' if each.expires_at <= now else 'expires'} {each.expires_at:%Y-%m-%d}"
