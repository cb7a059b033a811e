"""`pratique log`: look at the append-only log, and prove that nobody changed it."""

from __future__ import annotations

import sys

import click

__all__ = ["log"]


@click.group()
def log() -> None:
    """The append-only log of everything that happened."""


@log.command()
def verify() -> None:
    """Check that every entry follows from the one before. Exit 1 names the first that does not."""
    from index.audit.log import LogBroken
    from index.audit.log import verify as verify_log
    from pratique.opening import open_services

    try:
        with open_services("log").database.read() as session:
            entries = verify_log(session)
    except LogBroken as error:
        click.echo(str(error), err=True)
        sys.exit(1)
    click.echo(f"{entries} entries, each following from the one before.")
