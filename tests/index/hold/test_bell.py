"""The doorbell's own thread: nobody waits for it, nothing is forgotten, and a burst does not flood the broker."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from index.hold.bell import Bell

_ROOT = Path(__file__).parents[3]


class Counting:
    """Counts; each ring waits until it may."""

    def __init__(self, *, open_from_the_start: bool = True) -> None:
        self.count = 0
        self.may = threading.Event()
        self.threads: set[int] = set()
        if open_from_the_start:
            self.may.set()

    def __call__(self) -> None:
        assert self.may.wait(30)
        self.count += 1
        self.threads.add(threading.get_ident())


@pytest.mark.parametrize("calls", [1, 2, 3])
def test_a_few_calls_ring_as_often(calls: int) -> None:
    rings = Counting()
    bell = Bell(rings, most=3, pause=0.01)
    for _ in range(calls):
        bell()
    bell.close()
    assert rings.count == calls


def test_a_burst_rings_a_few_times_and_once_more_after_its_last_call() -> None:
    rings = Counting(open_from_the_start=False)
    bell = Bell(rings, most=2, pause=0.01)
    for _ in range(1000):
        bell()
    before = rings.count
    rings.may.set()
    bell.close()
    assert before == 0, "nobody has waited for the broker"
    assert 2 <= rings.count <= 4


def test_the_callers_thread_never_talks_to_the_broker() -> None:
    rings = Counting()
    bell = Bell(rings, most=1, pause=0)
    bell()
    bell.close()
    assert threading.get_ident() not in rings.threads


def test_a_bell_that_nobody_rang_closes_at_once_and_has_no_thread() -> None:
    rings = Counting()
    before = threading.active_count()
    Bell(rings, most=1).close()
    assert (rings.count, threading.active_count()) == (0, before)


_SHORT_LIFE = """
from index.hold.bell import Bell
bell = Bell(lambda: print("rung", flush=True), most=5, pause=60)
bell()
while bell._wanted: pass
bell()
"""


def test_a_process_that_ends_has_rung_for_its_last_call() -> None:
    done = subprocess.run([sys.executable, "-c", _SHORT_LIFE], cwd=_ROOT, capture_output=True, check=True, timeout=30)
    assert done.stdout.split() == [b"rung", b"rung"]
