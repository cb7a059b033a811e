"""The fork server as its parent sees it: started, asked, watched, ended."""

from __future__ import annotations

import contextlib
import os
import selectors
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

import msgspec

from scanner.sandbox.failures import FailureReason, InspectionFailed, Said
from scanner.sandbox.wire import Config, Greeting, Request, receive, send

if TYPE_CHECKING:
    from types import TracebackType

    from scanner.sandbox.limits import SandboxLimits

__all__ = ["Exchange", "ForkServer", "SandboxUnavailable"]

_START_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 10.0
#: How long after the time limit, which the fork server enforces, we believe that it will.
_GRACE_SECONDS: Final = 10.0
_LONGEST_REPORT: Final = 64 * 1024
_CHUNK: Final = 256 * 1024

#: Where this very package `scanner` lies; another one may be installed.
_ROOT: Final = Path(__file__).resolve().parent.parent.parent
#: First on the path for `scanner` alone, then last: nothing beside it may stand before Python's own modules.
_BOOTSTRAP: Final = (
    "import sys; root = sys.argv.pop(1); sys.path.insert(0, root); import scanner; sys.path.append(sys.path.pop(0)); "
    "from scanner.sandbox.server import main; main(sys.argv[1:])"
)


class SandboxUnavailable(Exception):
    """The fork server cannot work here; the message says why."""


class ForkServer:
    """One fork server process. `ruleset` names the rules that it has loaded."""

    def __init__(self, rules: Path, limits: SandboxLimits, entry: str) -> None:
        """Started, with the rules loaded.

        Raises:
            SandboxUnavailable: it could not load the rules or the scanner, or did not answer.
        """
        ours, theirs = socket.socketpair()
        with theirs:
            config = Config(
                control=theirs.fileno(),
                parent=os.getpid(),
                rules=str(rules.resolve()),
                entry=entry,
                limits=limits,
            )
            self._control = ours
            # An empty environment: no secret reaches it, and no variable changes how Python behaves. A session of
            # its own: Ctrl-C and the terminal's end are told to us, and we close the connection.
            self._process = subprocess.Popen(  # noqa: S603 # our own interpreter and our own module
                [sys.executable, "-I", "-X", "utf8", "-c", _BOOTSTRAP, str(_ROOT), _text(config)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                env={},
                cwd="/",
                start_new_session=True,
            )
        try:
            self.ruleset = self._greeting()
        except BaseException:
            self.close()
            raise

    @property
    def alive(self) -> bool:
        """Whether the process has not ended."""
        return self._process.poll() is None

    @property
    def pid(self) -> int:
        """The process id, for tests and measurements."""
        return self._process.pid

    def ask(self, artifact: int, filename: str, known: int | None = None) -> Exchange:
        """The server has been asked to inspect the open file `artifact`.

        With `known`, an open file that holds what is known of earlier members (it may be empty), it is also asked what
        was learned.

        Raises:
            OSError: it is gone.
        """
        exchange = Exchange(self)
        try:
            descriptors = (artifact, artifact if known is None else known, exchange.result_in, exchange.report_in)
            send(self._control, Request(filename, known is not None), descriptors)
        except BaseException:
            exchange.close()
            raise
        exchange.close_writers()
        return exchange

    def close(self) -> None:
        """The process has ended, with everything that it started."""
        self._control.close()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """The process has ended at once; the kernel tells its wardens, and they end their children."""
        self._control.close()
        self._process.kill()
        self._process.wait()

    def _greeting(self) -> str:
        self._control.settimeout(_START_SECONDS)
        try:
            message = receive(self._control, Greeting)
        except (OSError, ValueError) as error:
            raise SandboxUnavailable(f"the fork server gave no proper greeting: {error}") from error
        if message is None:
            raise SandboxUnavailable(f"the fork server ended at its start, exit code {self._process.wait()}")
        greeting = message[0]
        if greeting.broken:
            raise SandboxUnavailable(f"the fork server cannot start: {greeting.broken}")
        self._control.settimeout(None)
        return greeting.ruleset


class Exchange:
    """The two pipes of one inspection. Closing it tells the server that nobody waits any more."""

    def __init__(self, server: ForkServer) -> None:
        """Both pipes are open."""
        self._server = server
        self._result, self.result_in = os.pipe()
        try:
            self._report, self.report_in = os.pipe()
        except OSError:
            os.close(self._result)
            os.close(self.result_in)
            raise
        self._open = {self._result, self.result_in, self._report, self.report_in}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close_writers(self) -> None:
        """Only the server and its children can write now, so the end of the last is the end of the data."""
        self._close(self.result_in)
        self._close(self.report_in)

    def close(self) -> None:
        """No pipe is open."""
        for descriptor in tuple(self._open):
            self._close(descriptor)

    def read(self, limits: SandboxLimits) -> Said:
        """All that was written, when both pipes have ended.

        Raises:
            InspectionFailed: the result is too long, or the server has not kept the time limit.
        """
        deadline = time.monotonic() + limits.wall_seconds + _GRACE_SECONDS
        said = {self._result: bytearray(), self._report: bytearray()}
        most = {self._result: limits.result_bytes, self._report: _LONGEST_REPORT}
        with selectors.DefaultSelector() as selector:
            for pipe in said:
                selector.register(pipe, selectors.EVENT_READ)
            while selector.get_map():
                ready = selector.select(max(0.0, deadline - time.monotonic()))
                if not ready and time.monotonic() >= deadline:
                    # Whatever keeps it from ending the child keeps it from serving anybody else too.
                    self._server.kill()
                    raise InspectionFailed(FailureReason.GONE, "the fork server did not end the child in time")
                for key, _ in ready:
                    data = os.read(key.fd, _CHUNK)
                    said[key.fd] += data
                    if not data:
                        selector.unregister(key.fd)
                    if len(said[key.fd]) > most[key.fd]:
                        raise InspectionFailed(FailureReason.OUTPUT, f"more than {most[key.fd]} bytes")
        return Said(bytes(said[self._result]), bytes(said[self._report]))

    def _close(self, descriptor: int) -> None:
        if descriptor in self._open:
            self._open.remove(descriptor)
            with contextlib.suppress(OSError):
                os.close(descriptor)


def _text(config: Config) -> str:
    return msgspec.json.encode(config).decode()
