"""`pratique user`: accounts, made, listed and reset by the operator of the machine."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from index.accounts.keys import Keys
from index.accounts.people import (
    NEEDS_SECOND_FACTOR,
    ROLES,
    Account,
    AccountRefused,
    create_user,
    find_user,
    list_users,
    new_password,
    reset_user,
)
from index.clock import utcnow
from index.store.database import Database
from pratique.opening import read_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.accounts.people import NewUser
    from index.settings import Settings

__all__ = ["user"]

_ACTOR = "system:operator"


@click.group()
def user() -> None:
    """Make, list and reset accounts."""


@user.command()
@click.argument("username")
@click.option("--email", required=True, help="Where verdict mails go.")
@click.option("--role", "roles", multiple=True, type=click.Choice(list(ROLES)), help="May be given more than once.")
@click.option("--totp", is_flag=True, help="With a second factor; every account with a role has one anyway.")
def create(username: str, email: str, roles: tuple[str, ...], *, totp: bool) -> None:
    """Make the account USERNAME, and print its password (and second factor). Nobody can show them again."""
    settings = read_settings()
    account = Account(
        username=username,
        email=email,
        password=new_password(),
        roles=roles,
        totp=totp or bool(NEEDS_SECOND_FACTOR & set(roles)),
    )
    with _database(settings) as database, database.write() as session:
        try:
            made = create_user(session, account, keys=Keys.load(settings.data_folder), now=utcnow(), actor=_ACTOR)
        except AccountRefused as refused:
            raise click.ClickException(str(refused)) from refused
    _show(made)


@user.command()
@click.argument("username")
def reset(username: str) -> None:
    """Give USERNAME a new password and a new second factor, and end all sessions. Tokens stay."""
    settings = read_settings()
    with _database(settings) as database, database.write() as session:
        found = find_user(session, username)
        if found is None:
            raise click.ClickException(f"There is no user {username!r}; `pratique user list` shows all.")
        made = reset_user(session, found, keys=Keys.load(settings.data_folder), now=utcnow(), actor=_ACTOR)
    _show(made)


@user.command(name="list")
def list_() -> None:
    """Show all accounts: name, address, roles, second factor."""
    with _database(read_settings()) as database, database.read() as session:
        for each in list_users(session):
            roles = ",".join(sorted(role.name for role in each.roles)) or "-"
            factor = "second factor" if each.tf_totp_secret else "password only"
            state = "" if each.active else "\tswitched off"
            click.echo(f"{each.username}\t{each.email}\t{roles}\t{factor}{state}")


def _show(made: NewUser) -> None:
    """The secrets go to standard output, one a line; what they are goes to standard error."""
    click.echo(
        f"Account {made.user.username}. Its password" + (" and TOTP secret:" if made.totp_secret else ":"), err=True
    )
    click.echo(made.password)
    if made.totp_secret:
        click.echo(made.totp_secret)


@contextmanager
def _database(settings: Settings) -> Iterator[Database]:
    database = Database(settings.resolved_database_url)
    try:
        yield database
    finally:
        database.dispose()
