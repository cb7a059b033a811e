"""Sandboxes with poison in them, and how to see the processes that they leave."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from scanner.ruleset import DEFAULT_RULES
from scanner.sandbox import Sandbox, SandboxLimits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

POISON = "tests.scanner.sandbox.poison:inspect"
WEAK = "tests.scanner.sandbox.weak:inspect"

_RULE = """rule any_marker {
    meta:
        id = "any-marker"
        title = "Marker of a test"
        meaning = "Nothing; a ruleset has at least one rule."
        severity = "low"
        confidence = "low"
        kind = "text"
        technique = "T1059"
        reference = "https://example.org/"
        false_positives = "Every text that names it."
    strings:
        $marker = "PRATIQUE-SANDBOX-TEST-MARKER"
    condition:
        $marker
}
"""


@pytest.fixture(scope="session")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small ruleset of these tests' own."""
    folder = tmp_path_factory.mktemp("rules")
    shutil.copy(DEFAULT_RULES / "policy.toml", folder)
    (folder / "yara").mkdir()
    (folder / "yara" / "marker.yar").write_text(_RULE, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def poisoned(rules: Path) -> Iterator[Sandbox]:
    """A sandbox whose child does what the filename says, within two seconds and 256 MiB."""
    limits = SandboxLimits(wall_seconds=2.0, memory_bytes=256 * 1024**2, result_bytes=2_000_000)
    with Sandbox(rules, limits=limits, entry=POISON) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def patient(rules: Path) -> Iterator[Sandbox]:
    """The same with an hour of time, for what must end for another reason."""
    with Sandbox(rules, limits=SandboxLimits(wall_seconds=3600.0), entry=POISON) as sandbox:
        yield sandbox


@pytest.fixture
def artifact(tmp_path: Path) -> Path:
    path = tmp_path / "artifact"
    path.write_bytes(b"any bytes")
    return path


def eventually(condition: Callable[[], bool], seconds: float = 20.0) -> bool:
    """Whether `condition` became true in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.01)
    return False


def descendants(pid: int) -> set[int]:
    """The processes that `pid` and its children have started and that live, by /proc."""
    children: dict[int, set[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:
            continue
        if fields[0] != "Z":
            children.setdefault(int(fields[1]), set()).add(int(stat.parent.name))
    found: set[int] = set()
    todo = [pid]
    while todo:
        below = children.get(todo.pop(), set()) - found
        found |= below
        todo += below
    return found


def alive(pid: int) -> bool:
    """Whether `pid` runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
