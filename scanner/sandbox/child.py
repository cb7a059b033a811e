"""One inspection's two processes: the warden, which is ours, and the child, which touches the hostile bytes.

The fork server forks the warden; it limits itself, enters fresh namespaces, becomes nobody, forks the child into
them and waits for it. The child raises the inner walls, says which of all layers hold, closes the report pipe and
only then reads the artifact. Whatever it becomes, the warden ends it: when the server says so, when the server
ends, and when the child has ended and may have left processes behind.
"""

from __future__ import annotations

import os
import resource
import signal
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NoReturn

from scanner.engine import memory_key
from scanner.memory import Memory
from scanner.model import encode
from scanner.sandbox import linux
from scanner.sandbox.walls import Builder
from scanner.sandbox.wire import (
    EXIT_CRASHED,
    EXIT_DONE,
    EXIT_MEMORY,
    PROBE,
    Ended,
    KillCause,
    Killed,
    write_all,
    write_report,
)

if TYPE_CHECKING:
    from scanner.ruleset import Ruleset
    from scanner.sandbox.preload import Inspector
    from scanner.sandbox.walls import Material

__all__ = ["Job", "become_warden"]

_LONGEST_TRACEBACK: Final = 4000


@dataclass(frozen=True, slots=True)
class Job:
    """One request, as the fork server took it: what to inspect, and the pipes of the result and of the report.

    `known` is open for reading what is known of an earlier artifact's members.
    """

    filename: str
    artifact: int
    known: int
    result: int
    report: int
    inspect: Inspector
    ruleset: Ruleset
    learn: bool = False


def become_warden(job: Job, material: Material, server: int) -> NoReturn:
    """This process, forked by `server`, is the warden of `job` until its end."""
    child = 0

    def end_child(_number: int, _frame: object) -> None:
        if not child:
            os._exit(EXIT_CRASHED)
        os.kill(child, signal.SIGKILL)

    signal.signal(signal.SIGTERM, end_child)
    os.setsid()
    _keep_only({job.artifact, job.known, job.result, job.report, material.ruleset})
    builder = Builder(material)
    builder.raise_outer()
    # Only now: a change of the user id undoes it.
    _die_with_parent(signal.SIGTERM, server)
    # Between the fork and the name that it gives, a signal would find nobody to end.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    warden = os.getpid()
    try:
        child = os.fork()
    except OSError as error:
        write_report(job.report, Killed(KillCause.NO_PROCESS, str(error)))
        os._exit(EXIT_CRASHED)
    if child == 0:
        _become_child(job, builder, warden)
    os.close(job.artifact)
    os.close(job.known)
    os.close(job.result)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    _, status, used = os.wait4(child, 0)
    if os.getppid() != server:
        write_report(job.report, Killed(KillCause.ABANDONED, "the fork server ended"))
    write_report(job.report, Ended(os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime))
    # The whole group, ourselves included: where there is no PID namespace the child may have left processes.
    os.killpg(0, signal.SIGKILL)
    os._exit(EXIT_DONE)


def _become_child(job: Job, builder: Builder, warden: int) -> NoReturn:
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
        _die_with_parent(signal.SIGKILL, warden)
        size, known_size = os.fstat(job.artifact).st_size, os.fstat(job.known).st_size
        builder.raise_inner()
        write_report(job.report, builder.report())
        os.close(job.report)
        if job.filename != PROBE:
            artifact = _content(job.artifact, size)
            known = _content(job.known, known_size if job.learn else 0)
            write_all(job.result, _result(job, artifact, known, builder.material.limits.result_bytes))
        os._exit(EXIT_DONE)
    except MemoryError:
        os._exit(EXIT_MEMORY)
    except BaseException:  # noqa: BLE001 # this process ends here, whatever it was
        _tell_and_end(job.result)


def _result(job: Job, artifact: bytes, known: bytes, most: int) -> bytes:
    """The inspection, and where it is wanted and there is room, what was learned."""
    if not job.learn:
        return encode(job.inspect(artifact, job.filename, job.ruleset))
    memory = Memory(memory_key(job.ruleset.hash), known)
    inspection = encode(job.inspect(artifact, job.filename, job.ruleset, memory))
    learned = memory.encoded()
    return b"\n".join((inspection, learned)) if len(inspection) + len(learned) < most else inspection


def _tell_and_end(result: int) -> NoReturn:
    try:
        write_all(result, traceback.format_exc()[-_LONGEST_TRACEBACK:].encode("utf-8", "backslashreplace"))
    finally:
        os._exit(EXIT_CRASHED)


def _content(artifact: int, size: int) -> bytes:
    """All of the file, read without moving the offset that we share with the parent."""
    content = os.pread(artifact, size, 0)
    while len(content) < size:
        more = os.pread(artifact, size - len(content), len(content))
        if not more:
            raise EOFError(f"the file has {len(content)} bytes, expected {size}")
        content += more
    return content


def _keep_only(keep: set[int | None]) -> None:
    """No descriptor is open but these; standard input, output and error are the null device."""
    os.dup2(0, 1)
    os.dup2(0, 2)
    start = 3
    for descriptor in sorted(number for number in keep if number is not None):
        os.closerange(start, descriptor)
        start = descriptor + 1
    os.closerange(start, resource.getrlimit(resource.RLIMIT_NOFILE)[0])


def _die_with_parent(number: int, parent: int) -> None:
    """This process gets the signal `number` when `parent` ends; if it has ended already, so do we."""
    try:
        linux.signal_when_parent_dies(number)
    except OSError:
        return  # not Linux: the warden's and the server's own watch have to do
    # From inside of a new PID namespace the parent has the number 0.
    if os.getppid() not in {parent, 0}:
        os._exit(EXIT_CRASHED)
