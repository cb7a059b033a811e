"""What the real servers of the tests share: a free port, a folder and a user of their own, start, kill, end."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

__all__ = ["Server", "find_program", "free_port", "own_folder", "port_answers", "wait_until"]


def free_port() -> int:
    """A port of the loopback address on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def port_answers(port: int) -> bool:
    """Whether somebody listens on the port."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(condition: Callable[[], bool], what: str, *, seconds: float) -> None:
    """The condition holds.

    Raises:
        TimeoutError: it did not, in `seconds`.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not in {seconds} s")
        time.sleep(0.02)


def find_program(name: str, *places: str) -> str:
    """Where the program lies; the test is skipped where it is not installed."""
    found = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), *places]))
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


@contextmanager
def own_folder(prefix: str, user: str | None) -> Iterator[Path]:
    """A short path that `user` owns (sockets have short names), gone at the end."""
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    if user is not None:
        entry = pwd.getpwnam(user)
        os.chown(folder, entry.pw_uid, entry.pw_gid)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass
class Server:
    """One server process in a process group of its own, which can be killed and started again on the same port."""

    command: Sequence[str]
    url: str
    folder: Path
    ready: Callable[[], bool]
    user: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    seconds: float = 30.0

    def start(self) -> None:
        """The server answers."""
        with (self.folder / "output").open("ab") as output:
            self.process = subprocess.Popen(
                self.command,
                cwd=self.folder,
                env={**os.environ, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                user=self.user,
                group=pwd.getpwnam(self.user).pw_gid if self.user else None,
                extra_groups=[] if self.user else None,
            )
        try:
            wait_until(self._ready_or_raise, self.command[0], seconds=self.seconds)
        except BaseException:
            self.kill()
            raise

    def _ready_or_raise(self) -> bool:
        if self.ended():
            raise RuntimeError(f"{self.command[0]} ended: {self.output()[-2000:]}")
        return self.ready()

    def ended(self) -> bool:
        """Whether the process is no more."""
        return self.process is None or self.process.poll() is not None

    def output(self) -> str:
        """What it wrote."""
        return (self.folder / "output").read_text(errors="replace")

    def kill(self) -> None:
        """All its processes are gone, at once and without a chance to tidy up."""
        self._signal(signal.SIGKILL)

    def stop(self) -> None:
        """The server has ended in its own way, or was killed after ten seconds."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(10)
        self.kill()

    def _signal(self, number: signal.Signals) -> None:
        if self.process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)
        self.process.wait(10)
        wait_until(self._group_is_gone, f"the end of {self.command[0]}", seconds=10)

    def _group_is_gone(self) -> bool:
        assert self.process is not None
        try:
            os.killpg(self.process.pid, 0)
        except (ProcessLookupError, PermissionError):  # the number may be somebody else's by now
            return True
        return False
