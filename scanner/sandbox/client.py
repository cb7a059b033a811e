"""The sandbox as the worker, the command line and the tests use it."""

from __future__ import annotations

import fcntl
import os
import stat
from contextlib import contextmanager
from hashlib import file_digest, sha256
from pathlib import Path
from tempfile import NamedTemporaryFile
from threading import Lock
from typing import TYPE_CHECKING, Final, Self

from scanner.model import RulesetHash, Sha256Hex
from scanner.ruleset import DEFAULT_RULES
from scanner.sandbox.failures import Asked, FailureReason, InspectionFailed, inspection_of, walls_of
from scanner.sandbox.limits import DEFAULT_LIMITS, SandboxLimits
from scanner.sandbox.preload import DEFAULT_ENTRY
from scanner.sandbox.process import Exchange, ForkServer, SandboxUnavailable
from scanner.sandbox.wire import PROBE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import TracebackType

    from scanner.model import Inspection

__all__ = ["Sandbox", "SandboxUnavailable", "hash_of", "opened", "sha256_of"]

_CHUNK: Final = 1024 * 1024
_LONGEST_FILENAME: Final = 4096


class Sandbox:
    """A fork server with one set of rules, and the way to it. Threads may share one; a forked process may not.

    `level` are the layers that held around a child when the sandbox was opened, `missing` says of each other
    layer why it does not hold here. Every inspection carries its own.
    """

    def __init__(
        self,
        rules_folder: Path = DEFAULT_RULES,
        *,
        limits: SandboxLimits = DEFAULT_LIMITS,
        entry: str = DEFAULT_ENTRY,
    ) -> None:
        """Open: the rules are loaded and a first child has raised its walls.

        `entry` (`module:function`) is what runs in the child; tests put poison there.

        Raises:
            SandboxUnavailable: no fork server could be started; the message says why.
        """
        self._rules = rules_folder
        self._limits = limits
        self._entry = entry
        self._owner = os.getpid()
        self._lock = Lock()
        self._closed = False
        self._server = self._start()
        self.ruleset_hash = RulesetHash(self._server.ruleset)
        try:
            with Path(os.devnull).open("rb") as nothing, self._server.ask(nothing.fileno(), PROBE) as exchange:
                walls = walls_of(exchange.read(limits), limits)
        except (OSError, InspectionFailed) as error:
            self.close()
            raise SandboxUnavailable(f"no child could be started: {error}") from error
        self.level: tuple[str, ...] = walls.held
        self.missing: Mapping[str, str] = walls.missing

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def server_pid(self) -> int:
        """The process id of the fork server, for tests and measurements."""
        return self._server.pid

    def inspect(self, artifact: Path | int, filename: str) -> Inspection:
        """What the scanner finds in `artifact` (a path, or a descriptor open for reading only) as `filename`.

        Raises:
            InspectionFailed: there is no result that can be believed; the artifact must stay held.
        """
        return self._inspected(artifact, filename, None)[0]

    def learn(self, artifact: Path | int, filename: str, known: bytes) -> tuple[Inspection, bytes]:
        """The same, from what is `known` of an earlier artifact's members, and what is known of these now.

        What was learned is the child's word, as the inspection is. It must be used for no artifact about which a child
        that read this one may not be believed.

        Raises:
            InspectionFailed: as above.
        """
        with _in_memory(known) as descriptor:
            return self._inspected(artifact, filename, descriptor)

    def _inspected(self, artifact: Path | int, filename: str, known: int | None) -> tuple[Inspection, bytes]:
        if not 0 < len(filename) <= _LONGEST_FILENAME:
            raise InspectionFailed(FailureReason.REFUSED, f"a filename of {len(filename)} characters")
        if any("\ud800" <= character <= "\udfff" for character in filename):
            raise InspectionFailed(FailureReason.REFUSED, "a filename that is not UTF-8")
        with opened(artifact) as descriptor, self._ask(descriptor, filename, known) as exchange:
            digest = sha256_of(descriptor)  # while the child works
            said = exchange.read(self._limits)
        walls = walls_of(said, self._limits)
        inspection = inspection_of(said, Asked(digest, filename, self.ruleset_hash), walls)
        return inspection, said.result.partition(b"\n")[2]

    def close(self) -> None:
        """The fork server has ended; inspections under way have failed."""
        with self._lock:
            self._closed = True
            self._server.close()

    def _ask(self, descriptor: int, filename: str, known: int | None) -> Exchange:
        with self._lock:
            if self._closed or os.getpid() != self._owner:
                raise InspectionFailed(FailureReason.GONE, "the sandbox is closed, or was opened by another process")
            try:
                return self._server.ask(descriptor, filename, known)
            except OSError:
                # It ended since the last inspection. Nothing of this one has begun, so it may go to a new server.
                self._restart()
            try:
                return self._server.ask(descriptor, filename, known)
            except OSError as error:
                raise InspectionFailed(FailureReason.GONE, f"the fork server ended twice: {error}") from error

    def _restart(self) -> None:
        self._server.kill()
        try:
            server = self._start()
        except SandboxUnavailable as error:
            raise InspectionFailed(FailureReason.GONE, str(error)) from error
        self._server = server
        if server.ruleset != self.ruleset_hash:
            server.close()
            raise InspectionFailed(
                FailureReason.STALE,
                f"the rules in {self._rules} are now {server.ruleset}, opened with {self.ruleset_hash}: "
                "open a new sandbox for them",
            )

    def _start(self) -> ForkServer:
        return ForkServer(self._rules, self._limits, self._entry)


@contextmanager
def opened(artifact: Path | int) -> Iterator[int]:
    """A descriptor of the regular file `artifact`, for reading only.

    Raises:
        InspectionFailed: it cannot be opened, or is something else.
    """
    own = not isinstance(artifact, int)
    try:
        # Not blocking: the path may be a named pipe that nobody writes to.
        descriptor = artifact if isinstance(artifact, int) else os.open(artifact, os.O_RDONLY | os.O_NONBLOCK)
    except (OSError, ValueError) as error:
        raise InspectionFailed(FailureReason.REFUSED, f"the artifact cannot be opened: {error}") from error
    try:
        try:
            regular = stat.S_ISREG(os.fstat(descriptor).st_mode)
            writable = fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE != os.O_RDONLY
        except OSError as error:
            raise InspectionFailed(FailureReason.REFUSED, f"the artifact cannot be read: {error}") from error
        if not regular or writable:
            raise InspectionFailed(FailureReason.REFUSED, "the artifact must be a regular file, open for reading only")
        yield descriptor
    finally:
        if own:
            os.close(descriptor)


@contextmanager
def _in_memory(data: bytes) -> Iterator[int]:
    """A descriptor from which `data` can be read, and nothing can be written to."""
    with NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        # Opened once more, so that whoever gets it can only read.
        descriptor = os.open(file.name, os.O_RDONLY)
        try:
            yield descriptor
        finally:
            os.close(descriptor)


def hash_of(path: Path) -> Sha256Hex:
    """The hash of the file at `path`, whatever kind of file it is.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return Sha256Hex(file_digest(file, sha256).hexdigest())


def sha256_of(descriptor: int) -> Sha256Hex:
    """The hash of the whole file, read without moving its offset."""
    digest, offset = sha256(), 0
    while chunk := os.pread(descriptor, _CHUNK, offset):
        digest.update(chunk)
        offset += len(chunk)
    return Sha256Hex(digest.hexdigest())
