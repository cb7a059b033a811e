"""`pratique namespace`: prefixes of project names, reserved for accounts (PEP 752)."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from index.accounts.namespaces import NamespaceRefused, all_namespaces, grant, parse_namespace, revoke
from index.accounts.people import find_user
from index.clock import utcnow
from index.store.database import Database
from pratique.opening import read_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

    from index.store.tables import User

__all__ = ["namespace"]

_ACTOR = "system:operator"


@click.group()
def namespace() -> None:
    """Reserve prefixes of project names (with PRATIQUE_NAMESPACES=true)."""


@namespace.command(name="grant")
@click.argument("name")
@click.argument("username")
def grant_(name: str, username: str) -> None:
    """Reserve NAME, and every name that begins with it and a hyphen, for USERNAME.

    Whoever else has a grant for it keeps it. Projects that are there already go on.
    """
    settings = read_settings()
    with _changing(settings.resolved_database_url) as session:
        user, wanted = _user(session, username), parse_namespace(name)
        new = grant(session, wanted, user, actor=_ACTOR, now=utcnow())
    click.echo(f"{wanted} is reserved for {user.username}{'' if new else ' already'}.")
    if not settings.namespaces:
        click.echo("PRATIQUE_NAMESPACES is off: nothing is refused and nothing is shown until it is on.", err=True)


@namespace.command(name="revoke")
@click.argument("name")
@click.argument("username")
def revoke_(name: str, username: str) -> None:
    """Take back USERNAME's grant for NAME; its projects stay theirs."""
    with _changing(read_settings().resolved_database_url) as session:
        user, wanted = _user(session, username), parse_namespace(name)
        revoke(session, wanted, user, actor=_ACTOR, now=utcnow())
    click.echo(f"{user.username} has no grant for {wanted} any more.")


@namespace.command(name="list")
def list_() -> None:
    """Show all namespaces, and for whom they are reserved."""
    database = Database(read_settings().resolved_database_url)
    with database.read() as session:
        for name, owners in all_namespaces(session).items():
            click.echo(f"{name}\t{','.join(owner.username for owner in owners)}")
    database.dispose()


@contextmanager
def _changing(url: str) -> Iterator[Session]:
    database = Database(url)
    try:
        with database.write() as session:
            yield session
    except NamespaceRefused as refused:
        raise click.ClickException(str(refused)) from refused
    finally:
        database.dispose()


def _user(session: Session, username: str) -> User:
    user = find_user(session, username)
    if user is None:
        raise click.ClickException(f"There is no user {username!r}; `pratique user list` shows all.")
    return user
