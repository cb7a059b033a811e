"""The life of a sandbox: how it starts, what it refuses, what survives whose death."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from scanner.ruleset import Ruleset
from scanner.sandbox import FailureReason, InspectionFailed, Sandbox, SandboxLimits, SandboxUnavailable
from tests.scanner.sandbox.conftest import POISON, WEAK, alive, descendants, eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parents[3]


def test_sandbox_names_the_rules_that_its_server_has_loaded(patient: Sandbox, rules: Path) -> None:
    assert patient.ruleset_hash == Ruleset.load(rules).hash


def test_descriptor_is_read_whole_and_its_offset_is_left_alone(patient: Sandbox, artifact: Path) -> None:
    with artifact.open("rb", buffering=0) as file:
        file.seek(4)
        assert patient.inspect(file.fileno(), "honest-1.0.tar.gz").metadata.summary == "any bytes"
        assert file.tell() == 4


def _missing(path: Path) -> Path:
    return path / "none"


def _folder(path: Path) -> Path:
    return path


def _pipe(path: Path) -> Path:
    os.mkfifo(path / "pipe")
    return path / "pipe"


@pytest.mark.timeout(20)
@pytest.mark.parametrize("make", [_missing, _folder, _pipe])
def test_what_is_no_file_is_refused(patient: Sandbox, tmp_path: Path, make: Callable[[Path], Path]) -> None:
    with pytest.raises(InspectionFailed) as failure:
        patient.inspect(make(tmp_path), "honest-1.0.tar.gz")
    assert failure.value.reason is FailureReason.REFUSED


def test_descriptor_that_can_be_written_to_is_refused(patient: Sandbox, artifact: Path) -> None:
    with artifact.open("r+b") as file, pytest.raises(InspectionFailed) as failure:
        patient.inspect(file.fileno(), "honest-1.0.tar.gz")
    assert failure.value.reason is FailureReason.REFUSED


def test_closed_descriptor_is_refused(patient: Sandbox) -> None:
    with pytest.raises(InspectionFailed) as failure:
        patient.inspect(1_000_000, "honest-1.0.tar.gz")
    assert failure.value.reason is FailureReason.REFUSED


@pytest.mark.parametrize("filename", ["", "x" * 5000])
def test_filename_of_no_sensible_length_is_refused(patient: Sandbox, artifact: Path, filename: str) -> None:
    with pytest.raises(InspectionFailed) as failure:
        patient.inspect(artifact, filename)
    assert failure.value.reason is FailureReason.REFUSED


def test_server_that_dies_fails_what_runs_and_is_replaced(patient: Sandbox, artifact: Path) -> None:
    server = patient.server_pid
    with ThreadPoolExecutor(2) as pool:
        running = [pool.submit(patient.inspect, artifact, "sleep-1.0.tar.gz") for _ in range(2)]
        assert eventually(lambda: len(descendants(server)) == 5)  # two pairs, and the warden that waits
        children = descendants(server)
        os.kill(server, signal.SIGKILL)
        failures = [future.exception(timeout=20) for future in running]
    assert [failure.reason for failure in failures if isinstance(failure, InspectionFailed)] == [FailureReason.GONE] * 2
    assert eventually(lambda: not any(alive(child) for child in children))
    assert patient.inspect(artifact, "honest-1.0.tar.gz").metadata.summary == "any bytes"
    assert patient.server_pid != server


def test_the_next_warden_waits_behind_its_walls(patient: Sandbox) -> None:
    if "netns" not in patient.level:
        pytest.skip("no namespaces here")
    network = Path(f"/proc/{patient.server_pid}/ns/net").readlink()
    assert eventually(lambda: _networks(descendants(patient.server_pid)).isdisjoint({network, None}))


def _networks(processes: set[int]) -> set[Path | None]:
    return {Path(f"/proc/{process}/ns/net").readlink() for process in processes} or {None}


@pytest.mark.parametrize("noticed", [True, False])
def test_a_warden_that_ends_while_it_waits_costs_no_inspection(
    patient: Sandbox, artifact: Path, *, noticed: bool
) -> None:
    server = patient.server_pid
    assert eventually(lambda: len(descendants(server)) == 1)
    (waiting,) = descendants(server)
    if not noticed:
        os.kill(server, signal.SIGSTOP)
    os.kill(waiting, signal.SIGKILL)
    assert eventually(lambda: not alive(waiting))
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(patient.inspect, artifact, "honest-1.0.tar.gz")
        os.kill(server, signal.SIGCONT)
        assert running.result(timeout=20).metadata.summary == "any bytes"
    assert patient.server_pid == server


def test_closing_ends_everything_and_fails_what_runs(rules: Path, artifact: Path) -> None:
    sandbox = Sandbox(rules, limits=SandboxLimits(wall_seconds=3600.0), entry=POISON)
    server = sandbox.server_pid
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(sandbox.inspect, artifact, "sleep-1.0.tar.gz")
        assert eventually(lambda: len(descendants(server)) == 3)
        children = descendants(server)
        sandbox.close()
        failure = running.exception(timeout=20)
    assert isinstance(failure, InspectionFailed)
    assert failure.reason is FailureReason.GONE
    assert not alive(server)
    assert not any(alive(child) for child in children)
    with pytest.raises(InspectionFailed) as after:
        sandbox.inspect(artifact, "honest-1.0.tar.gz")
    assert after.value.reason is FailureReason.GONE


def test_everything_ends_when_the_worker_is_killed(rules: Path, artifact: Path) -> None:
    worker = f"""
import sys, threading
from pathlib import Path
sys.path.insert(0, {str(ROOT)!r})
from scanner.sandbox import Sandbox
with Sandbox(Path({str(rules)!r}), entry={POISON!r}) as sandbox:
    threading.Thread(target=sandbox.inspect, args=(Path({str(artifact)!r}), "sleep-1.0.tar.gz"), daemon=True).start()
    print(sandbox.server_pid, flush=True)
    sys.stdin.read()
"""
    with subprocess.Popen(
        [sys.executable, "-c", worker], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        server = int(process.stdout.readline())
        assert eventually(lambda: len(descendants(server)) == 3)
        family = {server} | descendants(server)
        process.kill()
        process.wait()
    assert eventually(lambda: not any(alive(member) for member in family))


def test_server_that_no_longer_answers_is_replaced(
    rules: Path, artifact: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scanner.sandbox.process._GRACE_SECONDS", 0.5)
    with Sandbox(rules, limits=SandboxLimits(wall_seconds=0.5), entry=POISON) as sandbox:
        server = sandbox.server_pid
        os.kill(server, signal.SIGSTOP)
        with pytest.raises(InspectionFailed) as failure:
            sandbox.inspect(artifact, "honest-1.0.tar.gz")
        assert failure.value.reason is FailureReason.GONE
        assert not alive(server)
        assert sandbox.inspect(artifact, "honest-1.0.tar.gz").metadata.summary == "any bytes"


def test_rules_that_changed_meanwhile_are_not_used(rules: Path, tmp_path: Path, artifact: Path) -> None:
    folder = tmp_path / "rules"
    shutil.copytree(rules, folder)
    with Sandbox(folder, entry=POISON) as sandbox:
        with (folder / "policy.toml").open("a", encoding="utf-8") as policy:
            policy.write("\n# changed\n")
        assert sandbox.inspect(artifact, "honest-1.0.tar.gz").ruleset == sandbox.ruleset_hash
        os.kill(sandbox.server_pid, signal.SIGKILL)
        assert eventually(lambda: not alive(sandbox.server_pid))
        with pytest.raises(InspectionFailed) as failure:
            sandbox.inspect(artifact, "honest-1.0.tar.gz")
    assert failure.value.reason is FailureReason.STALE
    assert "open a new sandbox" in failure.value.detail


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("tests.scanner.sandbox.nowhere:inspect", "ModuleNotFoundError"),
        ("tests.scanner.sandbox.poison:nothing", "AttributeError"),
    ],
)
def test_entry_that_does_not_exist_is_told_at_the_start(rules: Path, entry: str, said: str) -> None:
    with pytest.raises(SandboxUnavailable, match=said):
        Sandbox(rules, entry=entry)


def test_broken_rules_are_told_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(SandboxUnavailable, match="RulesetBroken"):
        Sandbox(tmp_path, entry=POISON)


@pytest.fixture(scope="module")
def weak(rules: Path) -> Iterator[Sandbox]:
    """A sandbox on a machine that can do little, with one second for each inspection."""
    with Sandbox(rules, limits=SandboxLimits(wall_seconds=1.0), entry=WEAK) as sandbox:
        yield sandbox


def test_layers_that_cannot_be_had_are_missing_with_their_reason(weak: Sandbox, artifact: Path) -> None:
    assert weak.level == ("rlimits", "no_new_privs")
    assert weak.inspect(artifact, "honest-1.0.tar.gz").sandbox_level == ("rlimits", "no_new_privs")
    assert set(weak.missing) == {"uid", "netns", "userns", "pidns", "ipcns", "seccomp", "landlock"}
    assert all("no such thing" in reason for layer, reason in weak.missing.items() if layer != "uid")


@pytest.mark.parametrize("deed", ["sleep", "loop"])
def test_time_limit_holds_without_walls(weak: Sandbox, artifact: Path, deed: str) -> None:
    begun = time.monotonic()
    with pytest.raises(InspectionFailed) as failure:
        weak.inspect(artifact, f"{deed}-1.0.tar.gz")
    assert failure.value.reason is FailureReason.TIMEOUT
    assert time.monotonic() - begun < 5


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's processes are not counted by the limit on them")
def test_processes_that_a_child_leaves_are_ended(weak: Sandbox, artifact: Path) -> None:
    with pytest.raises(InspectionFailed, match="filename"):
        weak.inspect(artifact, "litter-1.0.tar.gz")
    assert eventually(lambda: len(descendants(weak.server_pid)) == 1)  # the warden that waits for the next one


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("setpriv") is None, reason="needs root and setpriv")
def test_without_root_the_namespaces_come_from_a_user_namespace(rules: Path, artifact: Path) -> None:
    program = f"""
import sys
from pathlib import Path
sys.path.insert(0, {str(ROOT)!r})
from scanner.sandbox import Sandbox
with Sandbox(Path({str(rules)!r}), entry={POISON!r}) as sandbox:
    print(*sandbox.level)
    assert "seccomp" in sandbox.level
    print(*sandbox.inspect(Path({str(artifact)!r}), "attempts-1.0.tar.gz").capabilities)
"""
    # The capability lets it read an interpreter that lies below root's home.
    drop = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    grant = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search", "--bounding-set=-sys_admin"]
    done = subprocess.run(
        [*drop, *grant, sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    level, succeeded = done.stdout.splitlines()
    assert "uid" not in level.split()
    assert {"rlimits", "no_new_privs", "seccomp"} <= set(level.split())
    assert succeeded == ""
