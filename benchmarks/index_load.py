"""Reads and uploads that the index answers each second, with two web processes of four threads, on SQLite.

    python -m benchmarks.index_load [--seconds 4] [--uploads 400] [--peers DIR] [--json FILE]

For reads, uploads and large pages the web processes run alone, without worker and keeper; then a whole instance takes
uploads at a steady pace. Reads are driven by wrk (Debian package `wrk`) on the loopback address, which shares the
processors with the server. `--peers` names a virtual environment with Flask and gunicorn, pypiserver and devpi-server,
or some of them: they are measured in the same run. Beside each rate stands the processor time of the server's
processes, which depends less on what else the machine does.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
import requests

from benchmarks.index_large import measure_large
from benchmarks.index_peers import running_peers
from benchmarks.index_steady import measure_steady
from benchmarks.load import JSON, Read, Target, measure_reads, measure_uploads, upload_all, wheel
from index.clock import utcnow
from index.publish.release import publish
from index.settings import Settings
from index.store.database import Database
from index.store.tables import Submission, SubmissionState
from pratique.commands.serve import _programs
from tests.servers.instance import free_port, until

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


_PROJECT: Final = "seeded"
_VERSIONS: Final = ("1.0", "1.1", "1.2", "1.3", "1.4")


@click.command()
@click.option("--seconds", default=4, show_default=True, help="How long each read is driven.")
@click.option("--connections", default=16, show_default=True, help="Connections of wrk.")
@click.option("--uploads", default=400, show_default=True, help="How many files are uploaded to each server.")
@click.option("--clients", default=8, show_default=True, help="Clients that upload at once.")
@click.option("--rate", default=20, show_default=True, help="Uploads each second while the worker runs.")
@click.option("--projects", default=100_000, show_default=True, help="Names of the long list.")
@click.option("--files", default=5000, show_default=True, help="Files of the large project.")
@click.option("--peers", type=click.Path(path_type=Path, exists=True), help="A virtual environment with other servers.")
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Write the figures here, too.")
def main(*, peers: Path | None, json_path: Path | None, **plan: int) -> None:
    """Measure and print."""
    if shutil.which("wrk") is None:
        raise click.ClickException("wrk is not installed; on Debian: apt-get install wrk")
    load_before = os.getloadavg()[0]
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        _measure_rates(rows, folder, peers, **plan)
        with _running_index(folder / "large") as target:
            settings = Settings(data=folder / "large", public_url=target.url)
            for row in measure_large(target, settings, projects=plan["projects"], files=plan["files"]):
                _show(rows, row)
        _show(rows, measure_steady(folder, rate=plan["rate"], seconds=max(10, plan["seconds"])))
    figures = {"load_before": load_before, "load_after": os.getloadavg()[0], "processors": os.cpu_count(), "rows": rows}
    print(f"load average before {load_before:.1f}, after {figures['load_after']:.1f}; {os.cpu_count()} processors")
    if json_path:
        json_path.write_text(json.dumps(figures, indent=2) + "\n")


def _measure_rates(rows: list[dict[str, Any]], folder: Path, peers: Path | None, **plan: int) -> None:
    """Reads and uploads of all servers, one after the other."""
    with ExitStack() as stack:
        targets = [stack.enter_context(_running_index(folder / "ours"))]
        if peers is not None:
            files = [wheel(_PROJECT, version) for version in _VERSIONS]
            targets += stack.enter_context(running_peers(peers, folder / "peers", files))
        for target in targets:
            for row in measure_reads(target, seconds=plan["seconds"], connections=plan["connections"]):
                _show(rows, row)
            if target.upload_path:
                _show(rows, measure_uploads(target, files=plan["uploads"], clients=plan["clients"]))


def _show(rows: list[dict[str, Any]], row: dict[str, Any]) -> None:
    rows.append(row)
    rest = ", ".join(f"{name} {value}" for name, value in row.items() if name not in {"server", "what", "per_second"})
    rate = f"{row['per_second']:>9,} /s" if "per_second" in row else " " * 12
    print(f"{row['server']:12} {row['what']:28} {rate}   {rest}", flush=True)


@contextmanager
def _running_index(data: Path) -> Iterator[Target]:
    """Our web processes, alone, with a published project of five files."""
    port = free_port()
    chosen = {
        "PRATIQUE_DATA": str(data),
        "PRATIQUE_PORT": str(port),
        "PRATIQUE_WEB_WORKERS": "2",
        "PRATIQUE_WEB_THREADS": "4",
        "PRATIQUE_LOG_LEVEL": "warning",
    }
    environment = {**{name: value for name, value in os.environ.items() if not name.startswith("PRATIQUE_")}, **chosen}
    settings = Settings(data=data, port=port, web_workers=2, web_threads=4)
    subprocess.run([sys.executable, "-m", "pratique", "migrate"], env=environment, check=True, capture_output=True)
    web = next(program for program in _programs(settings) if program.name == "web")
    process = subprocess.Popen(web.command, env=environment)
    try:
        until(lambda: _answers(settings), seconds=60, what="the web processes answer")
        yield _seeded(settings, process.pid)
    finally:
        process.terminate()
        process.wait(15)


def _answers(settings: Settings) -> bool:
    try:
        return requests.get(f"{settings.resolved_public_url}/simple/", timeout=5).ok
    except (requests.ConnectionError, requests.Timeout):
        return False


def _seeded(settings: Settings, process: int) -> Target:
    url = settings.resolved_public_url
    token = json.loads((settings.data_folder / "first-run.json").read_text())["upload_token"]
    target = Target("pratique", url, process, [], "/legacy/", ("__token__", token))
    upload_all(target, [wheel(_PROJECT, version) for version in _VERSIONS])
    _publish_all(settings)
    page = requests.get(f"{url}/simple/{_PROJECT}/", headers={"Accept": JSON}, timeout=30)
    file = page.json()["files"][0]["url"].removeprefix("../..")
    return replace(target, reads=_reads(page.headers["ETag"], file))


def _publish_all(settings: Settings) -> None:
    """What was uploaded is published, without an inspection: nobody but this benchmark reads it."""
    database = Database(settings.resolved_database_url)
    try:
        with database.write() as session:
            for submission in session.query(Submission):
                submission.state = SubmissionState.PUBLISHED
                publish(session, submission, now=utcnow(), public_url=settings.resolved_public_url)
    finally:
        database.dispose()


def _reads(etag: str, file: str) -> Sequence[Read]:
    page = f"/simple/{_PROJECT}/"
    return [
        Read("detail JSON", page, {"Accept": JSON}),
        Read("detail HTML", page, {"Accept": "text/html"}),
        Read("detail JSON, 304", page, {"Accept": JSON, "If-None-Match": etag}, 304),
        Read("file of 20 kB", file),
        Read("project list JSON", "/simple/", {"Accept": JSON}),
    ]


if __name__ == "__main__":
    main()
