"""Whatever a function is called, the engine knows which one it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.scanner.behaviour.reading import fixtures

if TYPE_CHECKING:
    from collections.abc import Callable

    from scanner.behaviour.events import ModuleReport

MARKER = "echo marker"

SPELLINGS = fixtures("spellings.txt")


@pytest.mark.parametrize("source", [s for _, s in SPELLINGS], ids=[name for name, _ in SPELLINGS])
def test_the_call_is_seen_under_every_spelling(source: str, report: Callable[[str], ModuleReport]) -> None:
    started = [(event.callee, event.text) for event in report(source).events if event.what == "process"]
    assert ("os.system", MARKER) in started


@pytest.mark.parametrize(
    "source",
    [
        "import os\nos.path.join('a', 'b')",
        "class os:\n    @staticmethod\n    def system(x):\n        return x\nos.system('echo marker')",
        "system = print\nsystem('echo marker')",
        "import os\nos = print\nos('echo marker')",
        "x = 'os.system(\"echo marker\")'",
        "# os.system('echo marker')",
        '"""\nimport os\nos.system("echo marker")\n"""',
    ],
)
def test_what_is_no_process_is_none(source: str, report: Callable[[str], ModuleReport]) -> None:
    assert [event for event in report(source).events if event.what == "process"] == []


def test_a_function_that_nothing_calls_is_walked_but_does_not_run(report: Callable[[str], ModuleReport]) -> None:
    seen = report("import os\ndef never():\n    os.system('echo marker')")
    (event,) = seen.events
    assert event.function is not None
    assert event.function not in seen.at_import


def test_a_function_that_the_module_calls_runs_at_import(report: Callable[[str], ModuleReport]) -> None:
    seen = report("import os\ndef inner():\n    os.system('x')\ndef outer():\n    inner()\nouter()")
    (event,) = seen.events
    assert event.function in seen.at_import


def test_what_stands_below_the_main_guard_does_not_run_at_import(report: Callable[[str], ModuleReport]) -> None:
    seen = report(
        "import os\ndef run():\n    os.system('x')\nif __name__ == '__main__':\n    run()\n    os.system('y')"
    )
    by_text = {event.text: event for event in seen.events}
    assert by_text["x"].function not in seen.at_import
    assert by_text["y"].guarded
