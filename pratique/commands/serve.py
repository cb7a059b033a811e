"""`pratique serve`: the whole system on one machine, under one supervisor."""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from index.settings import Settings
    from pratique.supervisor import Program

__all__ = ["serve"]

_READY_SECONDS: Final = 60.0


@click.command()
def serve() -> None:
    """Run web, worker and keeper until Ctrl-C or SIGTERM."""
    from index.logs import configure_logging
    from pratique.opening import read_settings
    from pratique.supervisor import Supervisor

    settings = read_settings()
    os.environ["PRATIQUE_DATA"] = str(settings.data_folder)  # children see the same folder, wherever they start
    configure_logging(settings, "serve")
    # A process of its own: what it imports is not kept in memory by the supervisor.
    prepared = subprocess.run([sys.executable, "-m", "pratique", "migrate"], check=False)  # our own command
    if prepared.returncode:
        click.echo("The instance could not be prepared; nothing was started. The lines above say why.", err=True)
        sys.exit(prepared.returncode)
    announce = threading.Thread(target=_announce, args=(settings,), daemon=True)
    sys.exit(Supervisor(_programs(settings)).run(when_started=announce.start))


def _programs(settings: Settings) -> list[Program]:
    from pratique.supervisor import Program

    web = [
        *(sys.executable, "-m", "gunicorn", "pratique.wsgi:application()", "--name", "pratique-web"),
        *("--bind", f"{settings.host}:{settings.port}", "--worker-class", "gthread", "--reuse-port"),
        *("--workers", str(settings.web_workers), "--threads", str(settings.web_threads)),
        *("--graceful-timeout", "5", "--log-level", "warning", "--no-control-socket"),
    ]
    worker = [
        *(sys.executable, "-m", "celery", "--quiet", "--app", "pratique.worker:app", "worker", "--pool", "threads"),
        *("--concurrency", str(settings.worker_threads), "--loglevel", "WARNING"),
        *("--without-gossip", "--without-mingle", "--without-heartbeat"),
    ]
    return [
        Program("web", web),
        Program("worker", worker),
        Program("keeper", [sys.executable, "-m", "pratique", "keeper"]),
    ]


def _announce(settings: Settings) -> None:
    """Says where to go as soon as the web process answers."""
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline:
        if _answers(settings):
            click.echo(_welcome(settings), err=True)
            return
        time.sleep(0.1)
    click.echo(
        f"No answer on {settings.host}:{settings.port} for {_READY_SECONDS:.0f} s; see the lines above.", err=True
    )


def _answers(settings: Settings) -> bool:
    connection = http.client.HTTPConnection(settings.host, settings.port, timeout=2)
    try:
        connection.request("GET", "/simple/", headers={"Accept": "text/html"})
        return connection.getresponse().status in {http.client.OK, http.client.UNAUTHORIZED}  # reading with a token
    except OSError:
        return False
    finally:
        connection.close()


def _welcome(settings: Settings) -> str:
    url = settings.resolved_public_url
    lines = [
        f"Pratique is ready at {url}/",
        f"  upload to    {url}/legacy/",
        f"  install from {url}/simple/",
        f"  review desk  {url}/review/",
    ]
    first = settings.data_folder / "first-run.json"
    if first.exists():
        lines.append(f"  accounts and upload token of the first start: {first}")
    return "\n".join(lines)
