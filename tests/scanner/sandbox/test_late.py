"""What the standard library imports only when it is called is there in the child, which can open no file."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from scanner.sandbox import Sandbox
from tests.scanner.sandbox.late import CALLS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the walls are Linux's")


@pytest.fixture(scope="module")
def sandbox(rules: Path) -> Iterator[Sandbox]:
    with Sandbox(rules, entry="tests.scanner.sandbox.late:inspect") as opened:
        yield opened


@pytest.mark.parametrize("call", [call for call in CALLS if call != "nobody"])
def test_a_call_that_imports_late_succeeds_in_the_child(sandbox: Sandbox, artifact: Path, call: str) -> None:
    assert sandbox.inspect(artifact, f"{call}-1.0.tar.gz").metadata.summary == "no error"


def test_a_module_that_nobody_loaded_cannot_be_imported_in_the_child(sandbox: Sandbox, artifact: Path) -> None:
    # Without this the test above would also pass where the child could read the standard library.
    assert sandbox.inspect(artifact, "nobody-1.0.tar.gz").metadata.summary in {
        "ModuleNotFoundError",
        "ImportError",
        "PermissionError",
    }


@pytest.mark.parametrize(("call", "module"), [("heapq", "heapq"), ("strptime", "_strptime")])
def test_the_call_does_import_it_late(call: str, module: str) -> None:
    program = (
        "import sys\nfrom tests.scanner.sandbox.late import CALLS\n"
        f"assert {module!r} not in sys.modules\nCALLS[{call!r}]()\nassert {module!r} in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
