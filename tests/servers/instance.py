"""A whole Pratique on a free port, started as an operator starts it: `pratique serve` in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import requests
from sqlalchemy import select

from index.settings import Settings
from index.store.database import Database
from index.store.tables import File, Submission
from scanner.archive import parse_filename

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["Account", "Instance", "free_port", "running_instance", "until"]

_T = TypeVar("_T")


def free_port() -> int:
    """A TCP port of the loopback address that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(check: Callable[[], _T | None], *, seconds: float, what: str) -> _T:
    """What `check` returns as soon as it is truthy.

    Raises:
        AssertionError: it was not in `seconds`.
    """
    deadline = time.monotonic() + seconds
    while True:
        found = check()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"after {seconds} s still not: {what}")
        time.sleep(0.05)


@dataclass(frozen=True, slots=True)
class Account:
    """What `first-run.json` holds."""

    url: str
    username: str
    password: str
    totp_secret: str
    maintainer: str
    maintainer_password: str
    upload_token: str


@dataclass(slots=True)
class Instance:
    """A running Pratique."""

    process: subprocess.Popen[bytes]
    settings: Settings
    log: Path
    ready_after: float
    """Seconds from the start to the first answer."""

    @property
    def url(self) -> str:
        """Its root, without a slash at the end."""
        return self.settings.resolved_public_url

    @property
    def account(self) -> Account:
        """The accounts and the token of its first start."""
        return Account(**json.loads((self.settings.data_folder / "first-run.json").read_text()))

    def database(self) -> Database:
        """Its database, for looking."""
        return Database(self.settings.resolved_database_url)

    def upload(self, filename: str, data: bytes, **fields: str) -> requests.Response:
        """The answer to a plain upload, with the least that the protocol asks for; `fields` replace or add."""
        name = parse_filename(filename)
        form = {
            ":action": "file_upload",
            "protocol_version": "1",
            "name": name.name,
            "version": name.version,
            "filetype": name.packagetype,
            "sha256_digest": sha256(data).hexdigest(),
            **fields,
        }
        return requests.post(
            f"{self.url}/legacy/",
            data=form,
            files={"content": (filename, data)},
            auth=("__token__", self.account.upload_token),
            timeout=60,
        )

    def get(self, path: str, **headers: str) -> requests.Response:
        """The public's answer to GET `path`."""
        return requests.get(f"{self.url}{path}", headers=headers, timeout=30)

    def state(self, filename: str) -> str:
        """The state of the newest submission that holds `filename`, or an empty string."""
        database = self.database()
        try:
            with database.read() as session:
                statement = (
                    select(Submission.state)
                    .join(File, File.submission_id == Submission.id)
                    .where(File.filename == filename)
                    .order_by(Submission.id.desc())
                )
                return session.scalars(statement).first() or ""
        finally:
            database.dispose()

    def processes(self, part: str) -> list[int]:
        """The process ids of its descendants whose command line contains `part`."""
        found = []
        for pid in _descendants(self.process.pid):
            try:
                command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if part in command:
                found.append(pid)
        return found


def _descendants(root: int) -> list[int]:
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
            except OSError:
                continue
            parents[int(entry.name)] = int(stat.rpartition(")")[2].split()[1])
    known = {root}
    while more := {pid for pid, parent in parents.items() if parent in known} - known:
        known |= more
    return sorted(known - {root})


@contextmanager
def running_instance(data: Path, environment: Mapping[str, str] | None = None) -> Iterator[Instance]:
    """A Pratique with its data below `data`, stopped at the end; fails when it does not stop in ten seconds."""
    port = free_port()
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PRATIQUE_")}
    chosen = {
        "PRATIQUE_DATA": str(data),
        "PRATIQUE_PORT": str(port),
        "PRATIQUE_LOG_FORMAT": "json",
        **(environment or {}),
    }
    data.mkdir(parents=True, exist_ok=True)
    log = data / "serve.log"
    started = time.monotonic()
    with log.open("ab") as sink:
        process = subprocess.Popen(
            [sys.executable, "-m", "pratique", "serve"], env={**clean, **chosen}, stdout=sink, stderr=sink
        )
    settings = Settings.model_validate(
        {name.removeprefix("PRATIQUE_").lower(): value for name, value in chosen.items()}
    )
    try:
        url = settings.resolved_public_url
        until(lambda: _answers(url, process, log), seconds=40, what=f"{url} answers")
        yield Instance(process, settings, log, time.monotonic() - started)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            raise


def _answers(url: str, process: subprocess.Popen[bytes], log: Path) -> bool:
    if process.poll() is not None:
        raise AssertionError(f"pratique serve ended with {process.returncode}:\n{log.read_text()[-4000:]}")
    try:
        return requests.get(f"{url}/simple/", timeout=5).status_code in {200, 401}  # 401: reading with a token
    except (requests.ConnectionError, requests.Timeout):
        return False
