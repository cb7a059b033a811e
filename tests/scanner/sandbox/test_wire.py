"""What crosses between the processes, and what is made of it."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import pytest

from scanner.model import ENGINE_VERSION, Finding, Inspection, RulesetHash, Sha256Hex, encode
from scanner.sandbox.failures import Asked, FailureReason, InspectionFailed, Said, inspection_of, walls_of
from scanner.sandbox.limits import SandboxLimits
from scanner.sandbox.wire import (
    EXIT_CRASHED,
    EXIT_DONE,
    EXIT_MEMORY,
    Ended,
    Greeting,
    KillCause,
    Killed,
    Report,
    Request,
    Walls,
    decode_reports,
    receive,
    send,
    write_report,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMITS = SandboxLimits(wall_seconds=5.0)
HELD = Walls(("rlimits",), {"netns": "refused"})
ASKED = Asked(Sha256Hex("a" * 64), "demo-1.0.tar.gz", RulesetHash("b" * 64))


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    one, other = socket.socketpair()
    with one, other:
        yield one, other


def test_message_arrives_with_its_descriptors(pair: tuple[socket.socket, socket.socket]) -> None:
    reading, writing = os.pipe()
    send(pair[0], Request("Käse-1.0.tar.gz"), (writing,))
    message = receive(pair[1], Request, descriptors=1)
    assert message is not None
    request, (received,) = message
    os.write(received, b"x")
    assert (request, os.read(reading, 1)) == (Request("Käse-1.0.tar.gz"), b"x")
    for descriptor in (reading, writing, received):
        os.close(descriptor)


def test_closed_connection_is_no_message(pair: tuple[socket.socket, socket.socket]) -> None:
    pair[0].close()
    assert receive(pair[1], Greeting) is None


@pytest.mark.parametrize("data", [b"\0\0", b"\0\0\0\x09{}", b"\xff\xff\xff\xff{}", b"\0\0\0\x02[]"])
def test_malformed_message_is_an_error(pair: tuple[socket.socket, socket.socket], data: bytes) -> None:
    pair[0].sendall(data)
    pair[0].close()
    with pytest.raises(ValueError, match=r"ended|bytes|Expected"):
        receive(pair[1], Greeting)


def test_reports_are_lines(tmp_path: object) -> None:
    reading, writing = os.pipe()
    reports: list[Report] = [HELD, Killed(KillCause.TIMEOUT, "late"), Ended(-9, 1.5)]
    for report in reports:
        write_report(writing, report)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        assert decode_reports(pipe.read()) == reports


def test_report_that_nobody_reads_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    write_report(writing, HELD)
    os.close(writing)


def said(*reports: Report, result: bytes = b"") -> Said:
    reading, writing = os.pipe()
    for report in reports:
        write_report(writing, report)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        return Said(result, pipe.read())


@pytest.mark.parametrize(
    ("reports", "reason"),
    [
        ((), FailureReason.GONE),
        ((HELD,), FailureReason.GONE),
        ((Ended(EXIT_DONE, 0.1),), FailureReason.CRASHED),
        ((HELD, Ended(EXIT_MEMORY, 0.1)), FailureReason.MEMORY),
        ((HELD, Ended(EXIT_CRASHED, 0.1)), FailureReason.CRASHED),
        ((HELD, Ended(3, 0.1)), FailureReason.CRASHED),
        ((HELD, Ended(-11, 0.1)), FailureReason.CRASHED),
        ((HELD, Ended(-9, 0.1)), FailureReason.CRASHED),
        ((HELD, Ended(-9, 5.0)), FailureReason.TIMEOUT),
        ((HELD, Ended(-24, 5.0)), FailureReason.TIMEOUT),
        ((HELD, Ended(-200, 0.1)), FailureReason.CRASHED),
        ((HELD, Killed(KillCause.TIMEOUT, ""), Ended(-9, 0.1)), FailureReason.TIMEOUT),
        ((HELD, Killed(KillCause.TIMEOUT, ""), Ended(EXIT_DONE, 0.1)), FailureReason.TIMEOUT),
        ((HELD, Killed(KillCause.ABANDONED, ""), Ended(-9, 0.1)), FailureReason.GONE),
        ((Killed(KillCause.NO_PROCESS, ""),), FailureReason.GONE),
    ],
)
def test_only_a_child_that_raised_its_walls_and_ended_well_is_listened_to(
    reports: tuple[Report, ...], reason: FailureReason
) -> None:
    with pytest.raises(InspectionFailed) as failure:
        walls_of(said(*reports), LIMITS)
    assert failure.value.reason is reason


def test_child_that_ended_well_tells_its_walls() -> None:
    assert walls_of(said(HELD, Ended(EXIT_DONE, 0.1)), LIMITS) == HELD


@pytest.mark.parametrize("report", [b"{}", b'{"type":"Walls"}\n', b"\xff\n", b'{"type":"Other"}'])
def test_malformed_report_is_a_failure(report: bytes) -> None:
    with pytest.raises(InspectionFailed) as failure:
        walls_of(Said(b"", report), LIMITS)
    assert failure.value.reason is FailureReason.GONE


def honest() -> Inspection:
    return Inspection(sha256=ASKED.sha256, filename=ASKED.filename, engine=ENGINE_VERSION, ruleset=ASKED.ruleset)


def test_honest_result_is_believed() -> None:
    inspection = inspection_of(Said(encode(honest()), b""), ASKED, HELD)
    assert inspection.sandbox_level == ("rlimits",)


@pytest.mark.parametrize(
    "result",
    [
        b"",
        b"null",
        b"{}",
        b"[" * 100_000,
        encode(honest()) + b" {}",
        encode(honest())[:-1],
        encode(honest()).replace(b'"findings":[]', b'"findings":[{"rule":1}]'),
        encode(honest()).replace(b'"findings":[]', b'"findings":[],"verdict":"clear"'),
        encode(honest()).replace(b"demo", b"\xff\xfe\xfd\xfc"),
        encode(honest()).replace(b'"members":[]', b'"members":[{"name":"a","sha256":"","size":0,"role":"never"}]'),
        encode(Finding(rule="x", kind="text", title="", severity="low", confidence="low")),  # type: ignore[arg-type] # as JSON holds it
    ],
)
def test_result_of_another_shape_is_refused(result: bytes) -> None:
    with pytest.raises(InspectionFailed) as failure:
        inspection_of(Said(result, b""), ASKED, HELD)
    assert failure.value.reason is FailureReason.OUTPUT


def test_detail_is_short_printable_ascii() -> None:
    failure = InspectionFailed(FailureReason.CRASHED, "\u202e\x1b[2J\n" * 10_000)
    assert len(failure.detail) <= 2000
    assert all(character == "\n" or " " <= character <= "~" for character in failure.detail)
