"""Seconds from an accepted upload to an installable release, on the embedded default.

    python -m benchmarks.upload_to_installable [--releases 20] [--settle 10] [--json FILE]

Starts an instance of its own, uploads small clean wheels one after the other, and waits for each on its page.
"""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING

import click
import requests

from tests.fixtures.artifacts import build_wheel
from tests.servers.instance import running_instance, until

if TYPE_CHECKING:
    from tests.servers.instance import Instance

_SOURCE = '"""Part {number}."""\n\n\ndef value_{number}() -> int:\n    """A number."""\n    return {number}\n'


@click.command()
@click.option("--releases", default=20, show_default=True, help="How many releases are uploaded.")
@click.option("--settle", default=10.0, show_default=True, help="PRATIQUE_SETTLE_SECONDS of the instance.")
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Write the figures here, too.")
def main(releases: int, settle: float, json_path: Path | None) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {"PRATIQUE_SETTLE_SECONDS": str(settle)}
        with running_instance(Path(folder) / "var", environment) as instance:
            seconds = [_one(instance, number, settle) for number in range(releases)]
            ready = instance.ready_after
    figures = {
        "releases": releases,
        "settle_seconds": settle,
        "ready_after": round(ready, 2),
        "median": round(median(seconds), 2),
        "p95": round(quantiles(seconds, n=20)[-1], 2),
        "max": round(max(seconds), 2),
    }
    for name, value in figures.items():
        print(f"{name:16} {value}")
    if json_path:
        json_path.write_text(json.dumps(figures, indent=2) + "\n")


def _one(instance: Instance, number: int, settle: float) -> float:
    name = f"bench-{number}"
    files = {f"bench_{number}/part_{part}.py": _SOURCE.format(number=part) * 8 for part in range(24)}
    filename, data = build_wheel(name, "1.0", {f"bench_{number}/__init__.py": "", **files})
    answer = instance.upload(filename, data)
    answer.raise_for_status()
    accepted = time.monotonic()
    with requests.Session() as session:
        until(
            lambda: session.get(f"{instance.url}/simple/{name}/", timeout=5).ok,
            seconds=settle + 60,
            what=f"{name} is published",
        )
    return time.monotonic() - accepted


if __name__ == "__main__":
    main()
