"""Why an inspection failed, and what a child's end means."""

from __future__ import annotations

import re
import signal
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import msgspec

from scanner.model import ENGINE_VERSION, Inspection, RulesetHash, Sha256Hex, decode
from scanner.sandbox.wire import (
    EXIT_CRASHED,
    EXIT_DONE,
    EXIT_MEMORY,
    Ended,
    KillCause,
    Killed,
    Walls,
    decode_reports,
)

if TYPE_CHECKING:
    from scanner.sandbox.limits import SandboxLimits

__all__ = ["Asked", "FailureReason", "InspectionFailed", "Said", "inspection_of", "walls_of"]

_LONGEST_DETAIL: Final = 2000
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


class FailureReason(StrEnum):
    """What ended an inspection without a result."""

    TIMEOUT = "timeout"
    """Its wall-clock or processor time was over."""
    MEMORY = "memory"
    """It asked for more memory than it may have."""
    CRASHED = "crashed"
    """It raised, or a signal ended it."""
    OUTPUT = "output"
    """What it returned is too long, malformed, or about something else than was asked."""
    REFUSED = "refused"
    """It was not begun: the artifact cannot be read."""
    STALE = "stale"
    """It was not begun: the rules on disk are no longer those that this sandbox was opened with."""
    GONE = "gone"
    """The fork server or the child's warden ended meanwhile."""


class InspectionFailed(Exception):
    """An inspection ended without a result that can be believed.

    `detail` is for the operator's log: it may hold text that the artifact chose, with everything but printable
    ASCII escaped.
    """

    def __init__(self, reason: FailureReason, detail: str) -> None:
        escaped = detail.encode("unicode_escape").decode("ascii").replace("\\n", "\n")
        super().__init__(f"{reason.value}: {escaped[-_LONGEST_DETAIL:]}")
        self.reason = reason
        self.detail = escaped[-_LONGEST_DETAIL:]


_KILLED: Final = {
    KillCause.TIMEOUT: FailureReason.TIMEOUT,
    KillCause.ABANDONED: FailureReason.GONE,
    KillCause.NO_PROCESS: FailureReason.GONE,
}
_CPU_SIGNALS: Final = frozenset({signal.SIGKILL, signal.SIGXCPU})


class Said(msgspec.Struct, frozen=True):
    """Everything that came out of one inspection."""

    result: bytes
    """What the child wrote: believed as little as the artifact. What it learned follows the first line."""
    report: bytes
    """What our own code wrote about it."""


class Asked(msgspec.Struct, frozen=True):
    """What the result must be about."""

    sha256: Sha256Hex
    filename: str
    ruleset: RulesetHash


def walls_of(said: Said, limits: SandboxLimits) -> Walls:
    """The layers that held around the child, which has ended as it should.

    Raises:
        InspectionFailed: it has not.
    """
    try:
        reports = decode_reports(said.report)
    except msgspec.MsgspecError as error:
        raise InspectionFailed(FailureReason.GONE, f"the report is malformed: {error}") from error
    for report in reports:
        if isinstance(report, Killed):
            raise InspectionFailed(_KILLED[report.cause], report.detail)
    walls = next((report for report in reports if isinstance(report, Walls)), None)
    ended = next((report for report in reports if isinstance(report, Ended)), None)
    if ended is None:
        raise InspectionFailed(FailureReason.GONE, "the fork server or the child's warden ended without a word")
    _judge_end(ended, said, limits)
    if walls is None:
        raise InspectionFailed(FailureReason.CRASHED, "the child ended before its walls were raised")
    return walls


def inspection_of(said: Said, asked: Asked, walls: Walls) -> Inspection:
    """The child's result, of the right type and about what was asked, with the layers that held.

    Raises:
        InspectionFailed: it is malformed, or about something else.
    """
    try:
        inspection = decode(said.result.partition(b"\n")[0], Inspection)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise InspectionFailed(FailureReason.OUTPUT, f"the result is no inspection: {error}") from error
    for what, got, expected in (
        ("sha256", inspection.sha256, asked.sha256),
        ("filename", inspection.filename, asked.filename),
        ("engine", inspection.engine, ENGINE_VERSION),
        ("ruleset", inspection.ruleset, asked.ruleset),
    ):
        if got != expected:
            raise InspectionFailed(FailureReason.OUTPUT, f"the result says {what} {got!r}, expected {expected!r}")
    if not all(_SHA256.fullmatch(member.sha256) for member in inspection.members):
        raise InspectionFailed(FailureReason.OUTPUT, "the result names a member whose SHA-256 is none")
    return msgspec.structs.replace(inspection, sandbox_level=walls.held)


def _judge_end(ended: Ended, said: Said, limits: SandboxLimits) -> None:
    """Nothing happens when the child has ended well.

    Raises:
        InspectionFailed: it has not.
    """
    if ended.status == EXIT_DONE:
        return
    if ended.status == EXIT_MEMORY:
        raise InspectionFailed(FailureReason.MEMORY, f"more than {limits.memory_bytes} bytes of address space")
    if ended.status == EXIT_CRASHED:
        raise InspectionFailed(FailureReason.CRASHED, said.result.decode("utf-8", "replace") or "without a word")
    if ended.status >= 0:
        raise InspectionFailed(FailureReason.CRASHED, f"exit code {ended.status}")
    # The kernel sends SIGXCPU or SIGKILL at the limit of processor time, up to a tick early.
    if -ended.status in _CPU_SIGNALS and ended.cpu_seconds > limits.wall_seconds - 1:
        raise InspectionFailed(FailureReason.TIMEOUT, f"{ended.cpu_seconds:.1f} s of processor time")
    raise InspectionFailed(FailureReason.CRASHED, f"ended by {_signal_name(-ended.status)}")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
