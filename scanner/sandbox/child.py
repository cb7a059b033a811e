"""One inspection's two processes: the warden, which is ours, and the child, which touches the hostile bytes.

The fork server forks the warden; it limits itself, enters fresh namespaces, becomes nobody and waits for its artifact.
When that comes, it forks the child into its namespaces and waits for it. The child raises the inner walls, says which
of all layers hold, closes the report pipe and only then reads the artifact. Whatever it becomes, the warden ends it:
when the server says so, when the server ends, and when the child has ended and may have left processes behind.
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
    DESCRIPTORS,
    EXIT_CRASHED,
    EXIT_DONE,
    EXIT_MEMORY,
    PROBE,
    Ended,
    KillCause,
    Killed,
    Request,
    receive,
    write_all,
    write_report,
)

if TYPE_CHECKING:
    import socket

    from scanner.ruleset import Ruleset
    from scanner.sandbox.preload import Inspector
    from scanner.sandbox.walls import Material

__all__ = ["Work", "become_warden"]

_LONGEST_TRACEBACK: Final = 4000


@dataclass(frozen=True, slots=True)
class Work:
    """What is the same for all inspections of one fork server."""

    inspect: Inspector
    ruleset: Ruleset
    material: Material


@dataclass(frozen=True, slots=True)
class _Job:
    """One request as the warden took it: what to inspect, and the pipes of the result and of the report.

    `known` is open for reading what is known of an earlier artifact's members.
    """

    request: Request
    artifact: int
    known: int
    result: int
    report: int
    work: Work


def become_warden(post: socket.socket, work: Work, server: int) -> NoReturn:
    """This process, forked by `server`, is the warden of what comes on `post`, until its end."""
    child = 0

    def end_child(_number: int, _frame: object) -> None:
        if not child:
            os._exit(EXIT_CRASHED)
        os.kill(child, signal.SIGKILL)

    signal.signal(signal.SIGTERM, end_child)
    os.setsid()
    _keep_only({post.fileno(), work.material.ruleset})
    builder = Builder(work.material)
    builder.raise_outer()
    # Only now: a change of the user id undoes it.
    _die_with_parent(signal.SIGTERM, server)
    job = _awaited(post, work)
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


def _awaited(post: socket.socket, work: Work) -> _Job:
    """The request for which this warden was made. The process ends when none will come."""
    with post:
        message = receive(post, Request, descriptors=DESCRIPTORS)
    if message is None:
        os._exit(EXIT_DONE)
    request, (artifact, known, result, report) = message
    return _Job(request, artifact, known, result, report, work)


def _become_child(job: _Job, builder: Builder, warden: int) -> NoReturn:
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
        _die_with_parent(signal.SIGKILL, warden)
        size, known_size = os.fstat(job.artifact).st_size, os.fstat(job.known).st_size
        builder.raise_inner()
        write_report(job.report, builder.report())
        os.close(job.report)
        if job.request.filename != PROBE:
            artifact = _content(job.artifact, size)
            known = _content(job.known, known_size if job.request.learn else 0)
            write_all(job.result, _result(job, artifact, known, builder.material.limits.result_bytes))
        os._exit(EXIT_DONE)
    except MemoryError:
        os._exit(EXIT_MEMORY)
    except BaseException:  # noqa: BLE001 # this process ends here, whatever it was
        _tell_and_end(job.result)


def _result(job: _Job, artifact: bytes, known: bytes, most: int) -> bytes:
    """The inspection, and where it is wanted and there is room, what was learned."""
    filename, inspect, ruleset = job.request.filename, job.work.inspect, job.work.ruleset
    if not job.request.learn:
        return encode(inspect(artifact, filename, ruleset))
    memory = Memory(memory_key(ruleset.hash), known)
    inspection = encode(inspect(artifact, filename, ruleset, memory))
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
