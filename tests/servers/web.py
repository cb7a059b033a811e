"""The web process alone, prepared as `pratique serve` does it: what is uploaded waits, because nobody inspects it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import requests

from index.settings import Settings
from tests.servers.instance import Account, free_port, until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = ["running_web"]


@contextmanager
def running_web(data: Path, environment: Mapping[str, str] | None = None) -> Iterator[tuple[Settings, Account]]:
    """A web process with its data below `data`; its settings, and the accounts of its first start."""
    chosen = {"PRATIQUE_DATA": str(data), "PRATIQUE_PORT": str(free_port()), **(environment or {})}
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PRATIQUE_")}
    settings = Settings.model_validate(
        {name.removeprefix("PRATIQUE_").lower(): value for name, value in chosen.items()}
    )
    data.mkdir(parents=True, exist_ok=True)
    with (data / "web.log").open("ab") as sink:
        run = {"env": {**clean, **chosen}, "stdout": sink, "stderr": sink}
        subprocess.run([sys.executable, "-m", "pratique", "migrate"], check=True, **run)  # type: ignore[call-overload]
        address = f"{settings.host}:{settings.port}"
        command = ["-m", "gunicorn", "pratique.wsgi:application()", "--bind", address, "--worker-class", "gthread"]
        process = subprocess.Popen([sys.executable, *command, "--threads", "4", "--no-control-socket"], **run)  # type: ignore[call-overload]
    try:
        until(lambda: _answers(settings), seconds=90, what=f"{settings.resolved_public_url} answers")
        yield settings, Account(**json.loads((data / "first-run.json").read_text()))
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def _answers(settings: Settings) -> bool:
    try:
        return requests.get(f"{settings.resolved_public_url}/robots.txt", timeout=5).ok
    except (requests.ConnectionError, requests.Timeout):
        return False
