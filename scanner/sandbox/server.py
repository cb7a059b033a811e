"""The fork server: one process, one thread, the rules in memory; it forks a pair of processes for each artifact.

The first of the pair, the warden, is forked ahead: one always waits behind its walls, so that nobody waits for them.

It is started by `scanner.sandbox.client` with an empty environment and holds no secret. It ends every
inspection whose time is over or for which nobody waits any more, and all of them, and itself, when its parent
is gone.
"""

from __future__ import annotations

import contextlib
import gc
import os
import selectors
import signal
import socket
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from scanner.engine import memory_key
from scanner.ruleset import Ruleset
from scanner.sandbox import linux
from scanner.sandbox.child import Work, become_warden
from scanner.sandbox.preload import DEFAULT_ENTRY, load_entry, preload_codecs, preload_late, warm_up
from scanner.sandbox.walls import Material
from scanner.sandbox.wire import DESCRIPTORS, Config, Greeting, KillCause, Killed, Request, receive, send, write_report

if TYPE_CHECKING:
    from scanner.sandbox.preload import Inspector

__all__ = ["main"]

#: How often the server looks whether its parent still is its parent.
_PARENT_SECONDS: Final = 1.0
#: How long a warden may take to end its child before both are killed from outside.
_GRACE_SECONDS: Final = 2.0


@dataclass(slots=True)
class _Running:
    """An inspection under way."""

    warden: int
    report: int
    deadline: float
    told_to_end: bool = False


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A warden without an artifact, and our end of the connection on which it waits for one."""

    warden: int
    post: socket.socket


class _Server:
    def __init__(self, control: socket.socket, config: Config, ruleset: Ruleset, inspect: Inspector) -> None:
        self._control = control
        self._config = config
        self._work = Work(inspect, ruleset, Material.prepare(config.limits))
        self._running: dict[int, _Running] = {}
        self._waiting: _Waiting | None = None
        self._selector = selectors.DefaultSelector()
        self._selector.register(control, selectors.EVENT_READ)
        self._wakeup = _wake_on_child_exit()
        self._selector.register(self._wakeup, selectors.EVENT_READ)

    def serve(self) -> None:
        """Requests are answered until the parent closes the connection or is no more."""
        try:
            self._prepare()
            while os.getppid() == self._config.parent:
                for key, _ in self._selector.select(self._patience()):
                    if key.fileobj is self._control:
                        if not self._accept():
                            return
                    elif key.fd == self._wakeup:
                        os.read(self._wakeup, 4096)
                    else:
                        self._end(self._running[key.fd], KillCause.ABANDONED, "nobody waits for the result")
                self._reap()
                self._enforce()
        finally:
            self._end_all()

    def _patience(self) -> float:
        nearest = min((job.deadline for job in self._running.values()), default=time.monotonic() + _PARENT_SECONDS)
        return max(0.0, min(_PARENT_SECONDS, nearest - time.monotonic()))

    def _accept(self) -> bool:
        """One request is taken; false when the parent has closed."""
        message = receive(self._control, Request, descriptors=DESCRIPTORS)
        if message is None:
            return False
        request, descriptors = message
        *others, report = descriptors
        try:
            warden = self._hand_over(request, descriptors)
        except OSError as error:
            write_report(report, Killed(KillCause.NO_PROCESS, str(error)))
            os.close(report)
        else:
            deadline = time.monotonic() + self._config.limits.wall_seconds
            self._running[report] = _Running(warden, report, deadline)
            # The writing end of a pipe becomes "readable" when the reading end is closed.
            self._selector.register(report, selectors.EVENT_READ)
        finally:
            for descriptor in others:
                os.close(descriptor)
        self._prepare()
        return True

    def _hand_over(self, request: Request, descriptors: list[int]) -> int:
        """The warden that has the request now.

        Raises:
            OSError: there is none, and none could be made.
        """
        waiting = self._waiting or self._fork()
        self._waiting = None
        try:
            with waiting.post:
                send(waiting.post, request, descriptors)
        except OSError:
            # It was ended while it waited, so it has begun nothing.
            _kill_group(waiting.warden)
            os.waitpid(waiting.warden, 0)
            waiting = self._fork()
            with waiting.post:
                send(waiting.post, request, descriptors)
        return waiting.warden

    def _prepare(self) -> None:
        """A warden waits for the next request. Where none can be had now, that request asks again, and says so."""
        with contextlib.suppress(OSError):
            self._waiting = self._waiting or self._fork()

    def _fork(self) -> _Waiting:
        server = os.getpid()
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                warden = os.fork()
            except OSError:
                ours.close()
                raise
            if warden == 0:
                try:
                    signal.set_wakeup_fd(-1)
                    become_warden(theirs, self._work, server)
                finally:
                    os._exit(1)
        return _Waiting(warden, ours)

    def _enforce(self) -> None:
        now = time.monotonic()
        for job in list(self._running.values()):
            if now >= job.deadline:
                self._end(job, KillCause.TIMEOUT, f"not ready after {self._config.limits.wall_seconds:g} s")

    def _end(self, job: _Running, cause: KillCause, detail: str) -> None:
        job.deadline = time.monotonic() + _GRACE_SECONDS
        if job.told_to_end:
            _kill_group(job.warden)
            return
        job.told_to_end = True
        self._selector.unregister(job.report)
        write_report(job.report, Killed(cause, detail))
        os.kill(job.warden, signal.SIGTERM)

    def _reap(self) -> None:
        if self._waiting and os.waitpid(self._waiting.warden, os.WNOHANG)[0]:
            self._waiting.post.close()
            self._waiting = None
        for job in list(self._running.values()):
            ended, _ = os.waitpid(job.warden, os.WNOHANG)
            if ended:
                del self._running[job.report]
                if not job.told_to_end:
                    self._selector.unregister(job.report)
                os.close(job.report)

    def _end_all(self) -> None:
        if self._waiting:
            self._waiting.post.close()
            _kill_group(self._waiting.warden)
            os.waitpid(self._waiting.warden, 0)
        for job in self._running.values():
            if not job.told_to_end:
                self._end(job, KillCause.ABANDONED, "the sandbox was closed")
        patience = time.monotonic() + _GRACE_SECONDS
        while self._running and time.monotonic() < patience:
            self._selector.select(0.05)
            self._reap()
        for job in self._running.values():
            _kill_group(job.warden)


def main(arguments: list[str]) -> None:
    """Serves as `arguments` (one JSON `Config`) say, until the parent is gone."""
    config = msgspec.json.decode(arguments[0], type=Config)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for our parent, which then closes the connection
    with socket.socket(fileno=config.control) as control:
        control.set_inheritable(False)
        with contextlib.suppress(OSError):  # not Linux
            # Our children inherit it. A child that could keep its user could otherwise trace us or its warden.
            linux.refuse_inspection_by_others()
        try:
            ruleset, inspect = _load(config)
            server = _Server(control, config, ruleset, inspect)
        except Exception as error:  # noqa: BLE001 # whatever it is, the parent must hear of it
            send(control, Greeting(broken=f"{type(error).__name__}: {error}"))
            return
        send(control, Greeting(ruleset=ruleset.hash))
        server.serve()


def _load(config: Config) -> tuple[Ruleset, Inspector]:
    ruleset = Ruleset.load(Path(config.rules))
    inspect = load_entry(config.entry)
    preload_codecs()
    preload_late()
    memory_key(ruleset.hash)  # reads files, which a child cannot
    if config.entry == DEFAULT_ENTRY:
        warm_up(inspect, ruleset)
    if threading.active_count() != 1:
        raise RuntimeError("the scanner has started a thread; a process with threads cannot be forked safely")
    # What is loaded is never looked at again by the collector, so its pages stay shared; a child lives too
    # shortly to need one.
    gc.collect()
    gc.freeze()
    gc.disable()
    return ruleset, inspect


def _wake_on_child_exit() -> int:
    """The end of a pipe that becomes readable when a child has ended."""
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    return reading


def _kill_group(leader: int) -> None:
    for kill in (os.killpg, os.kill):
        try:
            kill(leader, signal.SIGKILL)
        except ProcessLookupError:
            continue  # it had not yet made its group, or the group is empty


if __name__ == "__main__":
    main(sys.argv[1:])
