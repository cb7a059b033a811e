"""`pratique migrate` and `pratique keeper`: processes that the supervisor, or an operator's own, runs."""

from __future__ import annotations

import signal
import sys
import threading

import click

__all__ = ["keeper", "migrate"]


@click.command()
def migrate() -> None:
    """Bring the database to this version's schema, and activate this version's rules."""
    from pratique.opening import open_services
    from pratique.preparation import prepare
    from scanner.ruleset import RulesetBroken

    services = open_services("migrate")
    try:
        prepared = prepare(services)
    except RulesetBroken as error:
        click.echo(f"The rules were not activated: {error}", err=True)
        sys.exit(1)
    click.echo(f"The database is ready, and ruleset {prepared.ruleset[:12]} is active.", err=True)
    if prepared.first_start:
        place = services.settings.data_folder / "first-run.json"
        click.echo(f"First start: an administrator, a maintainer and an upload token are written to {place}", err=True)


@click.command()
def keeper() -> None:
    """Close settled submissions, find lost work, send mail. Two at once do no harm."""
    import structlog

    from index.clock import utcnow
    from index.hold.keeper import Keeper
    from pratique.opening import open_services

    services = open_services("keeper")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    log = structlog.get_logger()
    keeper_ = Keeper(services)
    wait = 0.0
    while not stop.wait(wait):
        try:
            wait = keeper_.tick(utcnow())
        except Exception:  # the keeper outlives a database that is down for a while
            log.exception("keeper.tick_failed")
            wait = 5.0
