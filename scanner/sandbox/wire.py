"""What goes over the wires between the sandbox's parent, its fork server and their children.

The control socket carries length-prefixed JSON: one `Greeting` from the server, then one `Request` for each
inspection, with four descriptors: the artifact, what is known of an earlier one's members (else the artifact once
more), the pipe of the result and the pipe of the report. The server passes each request on, descriptors and all, to the
warden that waits for it. On the report pipe only our own code writes, before the
hostile bytes are touched or from outside of the child: one JSON line for each `Walls`, `Ended` or `Killed`. The result
pipe carries what the child says, and is believed as little: one line of JSON, then what it learned of the members.
"""

from __future__ import annotations

import os
import socket
import struct
from enum import StrEnum
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

from scanner.sandbox.limits import SandboxLimits

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "DESCRIPTORS",
    "EXIT_CRASHED",
    "EXIT_DONE",
    "EXIT_MEMORY",
    "PROBE",
    "Config",
    "Ended",
    "Greeting",
    "KillCause",
    "Killed",
    "Report",
    "Request",
    "Walls",
    "decode_reports",
    "receive",
    "send",
    "write_all",
    "write_report",
]

#: How a child ends: its result is written, its own memory limit stopped it, or the inspection raised.
EXIT_DONE, EXIT_MEMORY, EXIT_CRASHED = 0, 70, 71

#: The filename of the request that asks for the walls alone: the child raises them, reports, and ends.
PROBE: Final = ""

#: How many descriptors come with a request.
DESCRIPTORS: Final = 4

_HEADER: Final = struct.Struct("!I")
_LONGEST: Final = 64 * 1024

_T = TypeVar("_T")


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a fork server is started: the one argument of its command line."""

    control: int
    parent: int
    rules: str
    entry: str
    limits: SandboxLimits


class Greeting(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The server's first word: the rules that it has loaded, or why it cannot work."""

    ruleset: str = ""
    broken: str = ""


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Inspect the artifact under this filename, or raise the walls and end (`PROBE`).

    With `learn`, the result is followed by what was learned of the artifact's members.
    """

    filename: str
    learn: bool = False


class Walls(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag=True):
    """The layers that hold around this child, and for each that does not, why."""

    held: tuple[str, ...]
    missing: dict[str, str]


class Ended(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag=True):
    """The child's exit code, or minus the signal that ended it, and the processor time that it took."""

    status: int
    cpu_seconds: float


class KillCause(StrEnum):
    """Why the server ends a child, or has none."""

    TIMEOUT = "timeout"
    ABANDONED = "abandoned"
    NO_PROCESS = "no-process"


class Killed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag=True):
    """The server ends the child, or no process could be had."""

    cause: KillCause
    detail: str


Report = Walls | Ended | Killed


def send(control: socket.socket, message: msgspec.Struct, descriptors: Sequence[int] = ()) -> None:
    """`message` and copies of `descriptors` are on their way."""
    body = msgspec.json.encode(message)
    header = _HEADER.pack(len(body))
    if descriptors:
        socket.send_fds(control, [header], list(descriptors))
    else:
        control.sendall(header)
    control.sendall(body)


def receive(control: socket.socket, kind: type[_T], *, descriptors: int = 0) -> tuple[_T, list[int]] | None:
    """The next message and the descriptors that came with it; None when the other side has closed.

    Raises:
        ValueError: what came is no such message.
    """
    header, received, _, _ = socket.recv_fds(control, _HEADER.size, descriptors)
    if not header:
        return None
    header += _exactly(control, _HEADER.size - len(header))
    length = _HEADER.unpack(header)[0]
    if length > _LONGEST or len(received) != descriptors:
        raise ValueError(f"a message of {length} bytes with {len(received)} descriptors, expected {descriptors}")
    return msgspec.json.decode(_exactly(control, length), type=kind), received


def write_report(pipe: int, report: Report) -> None:
    """`report` is in the pipe as one line, or nobody reads it any more."""
    try:
        write_all(pipe, msgspec.json.encode(report) + b"\n")
    except OSError:
        # The parent has given up on this inspection; there is nobody left to tell.
        return


def decode_reports(data: bytes) -> list[Report]:
    """The reports in what was read from a report pipe.

    Raises:
        msgspec.MsgspecError: a line is no report.
    """
    return [msgspec.json.decode(line, type=Report) for line in data.splitlines()]


def write_all(pipe: int, data: bytes) -> None:
    """All of `data` is in the pipe.

    Raises:
        OSError: nobody reads it.
    """
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(pipe, rest) :]


def _exactly(control: socket.socket, size: int) -> bytes:
    parts = []
    while size:
        part = control.recv(size)
        if not part:
            raise ValueError(f"the connection ended {size} bytes too early")
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
