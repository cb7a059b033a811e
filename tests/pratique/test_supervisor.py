"""The supervisor restarts what dies and ends with everything it started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.servers.instance import until

#: Two programs: one that waits, and one that ignores SIGTERM when it is asked to.
SCRIPT = """
import sys
from pathlib import Path
from index.logs import configure_logging
from index.settings import Settings
from pratique.supervisor import Program, Supervisor

folder, stubborn = Path(sys.argv[1]), sys.argv[2] == "stubborn"
child = '''
import os, pathlib, signal, sys, time
name = sys.argv[1]
if "stubborn" in sys.argv: signal.signal(signal.SIGTERM, signal.SIG_IGN)
with open(name, "a") as sink: sink.write(f"{os.getpid()}\\\\n")
time.sleep(600)
'''
configure_logging(Settings(log_format="json"), "test")
programs = [
    Program(name, [sys.executable, "-c", child, str(folder / name), *(["stubborn"] if stubborn else [])])
    for name in ("one", "two")
]
sys.exit(Supervisor(programs).run(when_started=(folder / "started").touch))
"""


def pids(place: Path) -> list[int]:
    return [int(line) for line in place.read_text().split()] if place.exists() else []


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def start(folder: Path, manner: str) -> subprocess.Popen[bytes]:
    process = subprocess.Popen([sys.executable, "-c", SCRIPT, str(folder), manner])
    until(lambda: pids(folder / "one") and pids(folder / "two"), seconds=20, what="both run")
    return process


def test_a_program_that_dies_is_started_again(tmp_path: Path) -> None:
    process = start(tmp_path, "gentle")
    first = pids(tmp_path / "one")[0]

    os.kill(first, signal.SIGKILL)

    until(lambda: len(pids(tmp_path / "one")) == 2, seconds=10, what="it runs again")
    assert len(pids(tmp_path / "two")) == 1, "the other one was left alone"
    process.terminate()
    assert process.wait(10) == 0


@pytest.mark.parametrize(
    ("number", "manner"), [(signal.SIGTERM, "gentle"), (signal.SIGINT, "gentle"), (signal.SIGTERM, "stubborn")]
)
def test_a_signal_ends_everything_within_ten_seconds(number: signal.Signals, manner: str, tmp_path: Path) -> None:
    process = start(tmp_path, manner)
    started = [*pids(tmp_path / "one"), *pids(tmp_path / "two")]
    asked = time.monotonic()

    process.send_signal(number)

    assert process.wait(12) == 0
    assert time.monotonic() - asked < 10
    assert not [pid for pid in started if alive(pid)]
