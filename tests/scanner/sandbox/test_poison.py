"""Whatever the child does costs its own inspection; the next one works."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from scanner.model import ENGINE_VERSION
from scanner.sandbox import FailureReason, InspectionFailed, Sandbox
from tests.scanner.sandbox.conftest import descendants, eventually
from tests.scanner.sandbox.poison import ATTEMPTS

if TYPE_CHECKING:
    from pathlib import Path

CASES = {
    "segfault": (FailureReason.CRASHED, "SIGSEGV"),
    "abort": (FailureReason.CRASHED, "ended by SIG"),
    "loop": (FailureReason.TIMEOUT, "2"),
    "sleep": (FailureReason.TIMEOUT, "2 s"),
    "allocate": (FailureReason.MEMORY, "268435456 bytes"),
    "creep": (FailureReason.MEMORY, "268435456 bytes"),
    "raise": (FailureReason.CRASHED, "RuntimeError"),
    "exit": (FailureReason.CRASHED, "SystemExit"),
    "terminate": (FailureReason.CRASHED, "exit code 9"),
    "vanish": (FailureReason.OUTPUT, "no inspection"),
    "flood": (FailureReason.OUTPUT, "more than 2000000 bytes"),
    "huge": (FailureReason.OUTPUT, "more than 2000000 bytes"),
    "garbage": (FailureReason.OUTPUT, "no inspection"),
    "nested": (FailureReason.OUTPUT, "no inspection"),
    "twice": (FailureReason.OUTPUT, "no inspection"),
    "wronghash": (FailureReason.OUTPUT, "sha256"),
    "wrongname": (FailureReason.OUTPUT, "filename"),
    "wrongengine": (FailureReason.OUTPUT, "engine"),
    "wrongrules": (FailureReason.OUTPUT, "ruleset"),
}


@pytest.mark.parametrize(("deed", "reason", "detail"), [(deed, *expected) for deed, expected in CASES.items()])
def test_poison_costs_its_own_inspection_only(
    poisoned: Sandbox, artifact: Path, deed: str, reason: FailureReason, detail: str
) -> None:
    server = poisoned.server_pid
    with pytest.raises(InspectionFailed) as failure:
        poisoned.inspect(artifact, f"{deed}-1.0.tar.gz")
    assert failure.value.reason is reason
    assert detail in failure.value.detail
    assert poisoned.inspect(artifact, "honest-1.0.tar.gz").metadata.summary == "any bytes"
    assert poisoned.server_pid == server
    assert eventually(lambda: len(descendants(server)) == 1)  # the warden that waits for the next one


def test_result_is_about_the_artifact_and_carries_the_layers_that_held(poisoned: Sandbox, artifact: Path) -> None:
    inspection = poisoned.inspect(artifact, "boast-1.0.tar.gz")
    assert inspection.sha256 == sha256(b"any bytes").hexdigest()
    assert (inspection.filename, inspection.engine) == ("boast-1.0.tar.gz", ENGINE_VERSION)
    assert inspection.ruleset == poisoned.ruleset_hash
    assert inspection.sandbox_level == poisoned.level
    assert "moon" not in inspection.sandbox_level


@pytest.mark.skipif(sys.platform != "linux", reason="the walls are Linux's")
def test_walls_that_every_linux_has_hold(poisoned: Sandbox) -> None:
    assert {"rlimits", "no_new_privs", "seccomp"} <= set(poisoned.level)
    assert ("uid" in poisoned.level) == (os.geteuid() == 0)
    assert set(poisoned.level).isdisjoint(poisoned.missing)


@pytest.mark.skipif(sys.platform != "linux", reason="the walls are Linux's")
def test_child_can_reach_nothing(poisoned: Sandbox, artifact: Path) -> None:
    # First: without a filter the attempts would do harm to this machine.
    assert "seccomp" in poisoned.level
    assert poisoned.inspect(artifact, "attempts-1.0.tar.gz").capabilities == ()
    assert artifact.read_bytes() == b"any bytes"


def test_attempts_do_succeed_outside_of_the_sandbox() -> None:
    # Without this, a mistake in an attempt would look like a wall.
    for name in ("socket", "unix socket", "socket pair", "read own code", "list", "stat", "pipe", "thread", "spawn"):
        ATTEMPTS[name]()


def test_child_sees_no_environment_and_one_thread(poisoned: Sandbox, artifact: Path) -> None:
    seen = dict(fact.split(":") for fact in poisoned.inspect(artifact, "see-1.0.tar.gz").capabilities)
    assert int(seen["environ"]) <= 1  # LC_CTYPE, which Python sets itself
    assert seen["threads"] == "1"
    if "pidns" in poisoned.level:
        assert seen["pid"] == "1"
    if "uid" in poisoned.level:
        assert seen["uid"] == "65534"


def test_failure_shows_no_control_characters_of_the_artifact(poisoned: Sandbox, artifact: Path) -> None:
    with pytest.raises(InspectionFailed) as failure:
        poisoned.inspect(artifact, "raise-1.0.tar.gz")
    shown = str(failure.value)
    assert "\\x1b[31mall clear" in shown
    assert all(character == "\n" or " " <= character <= "~" for character in shown)


def test_threads_share_one_sandbox_and_each_gets_its_own_answer(poisoned: Sandbox, tmp_path: Path) -> None:
    deeds = ["honest", "segfault", "honest", "garbage", "sleep", "honest", "raise", "honest"] * 4

    def run(number: int, deed: str) -> str:
        path = tmp_path / str(number)
        path.write_bytes(f"artifact {number}".encode())
        try:
            return poisoned.inspect(path, f"{deed}-{number}.tar.gz").metadata.summary
        except InspectionFailed as failure:
            return failure.reason.value

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(run, range(len(deeds)), deeds))
    expected = {"segfault": "crashed", "garbage": "output", "sleep": "timeout", "raise": "crashed"}
    assert answers == [expected.get(deed, f"artifact {number}") for number, deed in enumerate(deeds)]


def test_large_artifact_arrives_whole(patient: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "large"
    path.write_bytes(os.urandom(1024) * 60 * 1024)
    assert patient.inspect(path, "honest-1.0.tar.gz").sha256 == sha256(path.read_bytes()).hexdigest()
