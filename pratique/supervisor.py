"""The supervisor of `pratique serve`: starts the processes, restarts what dies, and ends with all of them."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import FrameType

__all__ = ["Program", "Supervisor"]

_log = structlog.get_logger()

#: From the signal to the end of the last process.
_STOP_SECONDS: Final = 8.0
#: A process that lived shorter than this is restarted with growing patience.
_HEALTHY_SECONDS: Final = 10.0
_LONGEST_WAIT: Final = 30.0


@dataclass(frozen=True, slots=True)
class Program:
    """A process to keep alive."""

    name: str
    command: Sequence[str]


@dataclass(slots=True)
class _Child:
    program: Program
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    failures: int = 0
    start_at: float = 0.0


@dataclass(slots=True)
class Supervisor:
    """Keeps programs alive until SIGINT or SIGTERM, then stops them all within ten seconds."""

    programs: Sequence[Program]
    _children: list[_Child] = field(default_factory=list)
    _stopping: bool = False

    def run(self, *, when_started: Callable[[], None]) -> int:
        """All programs have run and ended; 0 after an orderly stop. `when_started` is called once, after the start."""
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        wakeup, wakeup_writer = os.pipe()
        os.set_blocking(wakeup_writer, False)  # the signature of os.set_blocking
        signal.set_wakeup_fd(wakeup_writer, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        self._children = [_Child(program) for program in self.programs]
        for child in self._children:
            self._start(child)
        when_started()
        while not self._stopping:
            self._wait(wakeup)
            self._look()
        return self._end()

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True

    def _start(self, child: _Child) -> None:
        # Its own session: Ctrl-C reaches the supervisor alone, which stops the others in order.
        child.process = subprocess.Popen(child.program.command, start_new_session=True)  # noqa: S603 # our own commands
        child.started = time.monotonic()
        _log.info("process.started", name=child.program.name, pid=child.process.pid)

    def _wait(self, wakeup: int) -> None:
        """Sleeps until a signal comes, or a restart is due."""
        due = [child.start_at for child in self._children if child.process is None]
        timeout = max(0.0, min(due) - time.monotonic()) if due else None
        ready, _, _ = select.select([wakeup], [], [], timeout)
        if ready:
            os.read(wakeup, 4096)

    def _look(self) -> None:
        now = time.monotonic()
        for child in self._children:
            if child.process is not None and child.process.poll() is not None:
                self._died(child, now)
            if child.process is None and now >= child.start_at and not self._stopping:
                self._start(child)

    def _died(self, child: _Child, now: float) -> None:
        code = child.process.returncode if child.process else None
        lived = now - child.started
        child.failures = 0 if lived > _HEALTHY_SECONDS else child.failures + 1
        wait = min(0.2 * 2**child.failures, _LONGEST_WAIT)
        _log.warning("process.died", name=child.program.name, status=code, lived=round(lived, 1), restart_in=wait)
        _signal_group(child.process, signal.SIGKILL)  # what it left behind
        child.process, child.start_at = None, now + wait

    def _end(self) -> int:
        _log.info("stopping")
        alive = [child for child in self._children if child.process is not None]
        for child in reversed(alive):
            if child.process is not None:
                child.process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + _STOP_SECONDS
        for child in alive:
            _finish(child, deadline)
        return 0


def _finish(child: _Child, deadline: float) -> None:
    if child.process is None:
        return
    try:
        child.process.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        _log.warning("process.killed", name=child.program.name)
    _signal_group(child.process, signal.SIGKILL)
    child.process.wait()


def _signal_group(process: subprocess.Popen[bytes] | None, number: signal.Signals) -> None:
    if process is None:
        return
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return
    except PermissionError as error:
        print(f"cannot signal process group {process.pid}: {error}", file=sys.stderr)  # noqa: T201 # last words
