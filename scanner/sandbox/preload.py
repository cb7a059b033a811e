"""Brings everything into memory that an inspection may need, because a child can open no file.

A module that Python imports only when first used is imported by using it: a small release of ours, with a bit of
everything in it, is inspected before the first fork.
"""

from __future__ import annotations

import encodings
import importlib
import io
import pkgutil
import tarfile
import zipfile
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from scanner.engine import memory_key
from scanner.memory import Memory

if TYPE_CHECKING:
    from scanner.model import Inspection
    from scanner.ruleset import Ruleset

__all__ = ["DEFAULT_ENTRY", "Inspector", "load_entry", "preload_codecs", "preload_late", "warm_up"]

#: What runs in the child: bytes, filename, rules and perhaps a memory in; facts out.
Inspector = Callable[..., "Inspection"]

#: `Counter.most_common`, `strptime`, the idna codec, messages that are written out, warnings that are shown, and their
#: like import these when they are called.
_LATE: Final = (
    *("_strptime", "bisect", "decimal", "email.generator", "fractions", "heapq", "ipaddress", "statistics"),
    *("stringprep", "tracemalloc"),
)

#: The function that inspects, as `module:function`.
DEFAULT_ENTRY: Final = "scanner.inspect:inspect"

_SOURCE: Final = b'''# -*- coding: latin-1 -*-
"""Warms the scanner up."""
import base64, os, subprocess, zlib
from urllib.request import urlopen as fetch

async def run(text: str, *words, **named) -> None:
    match words:
        case [first, *_] if first:
            exec(zlib.decompress(base64.b64decode(text)))
        case _:
            subprocess.Popen(f"echo {text!r:>10}", shell=True)
    with open(os.environ["HOME"] + "/x", "wb") as out:
        out.write(fetch("http://localhost/").read())
    return [w for w in words] or {k: v for k, v in named.items()} or (lambda: 1)()
'''
_METADATA: Final = b"""Metadata-Version: 2.4
Name: warm-up
Version: 1.0
Summary: W\xc3\xa4rmt den Scanner
Requires-Python: >=3.8
Requires-Dist: packaging>=24; python_version < "3.12" and extra == "x"
Provides-Extra: x
Project-URL: Home, https://example.org
Description-Content-Type: text/markdown

# Warm-up
"""
_WHEEL: Final = b"Wheel-Version: 1.0\nGenerator: pratique\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
_PYPROJECT: Final = b'[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'


def load_entry(entry: str) -> Inspector:
    """The function that `entry` names: `module:function`.

    Raises:
        ImportError: there is no such module.
        AttributeError: it has no such function.
    """
    module, _, name = entry.partition(":")
    function: Inspector = getattr(importlib.import_module(module), name)
    return function


def preload_late() -> None:
    """What the standard library itself imports only when a function is called is loaded."""
    for name in _LATE:
        importlib.import_module(name)


def preload_codecs() -> None:
    """Every codec of Python is loaded, so that a source in a rare encoding reads alike inside and outside."""
    for module in pkgutil.iter_modules(encodings.__path__, "encodings."):
        try:
            importlib.import_module(module.name)
        except ImportError:
            continue  # codecs of another system: mbcs, oem


def warm_up(inspect: Inspector, ruleset: Ruleset) -> None:
    """`inspect` has seen a wheel and an sdist, and has loaded what it loads late.

    Raises:
        Exception: whatever `inspect` raises on a harmless release; then it could judge nothing else either.
    """
    memory = Memory(memory_key(ruleset.hash))
    inspect(_wheel(), "warm_up-1.0-py3-none-any.whl", ruleset, memory)
    inspect(_wheel(), "warm_up-1.0-py3-none-any.whl", ruleset, Memory(memory_key(ruleset.hash), memory.encoded()))
    inspect(_sdist(), "warm_up-1.0.tar.gz", ruleset)


def _wheel() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("warm_up/__init__.py", _SOURCE)
        archive.writestr("warm_up/broken.py", b"def broken(:\n")
        archive.writestr("warm_up.pth", b"import warm_up\n")
        archive.writestr("warm_up-1.0.dist-info/METADATA", _METADATA)
        archive.writestr("warm_up-1.0.dist-info/WHEEL", _WHEEL)
        archive.writestr("warm_up-1.0.dist-info/entry_points.txt", b"[console_scripts]\nwarm = warm_up:run\n")
        archive.writestr("warm_up-1.0.dist-info/RECORD", b"")
    return buffer.getvalue()


def _sdist() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", format=tarfile.PAX_FORMAT) as archive:
        for name, content in (
            ("PKG-INFO", _METADATA),
            ("pyproject.toml", _PYPROJECT),
            ("setup.py", b"from setuptools import setup\nsetup()\n"),
            ("warm_up/__init__.py", _SOURCE),
        ):
            entry = tarfile.TarInfo(f"warm_up-1.0/{name}")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()
