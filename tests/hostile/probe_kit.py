"""What the probes are made of: markers in many wrappings, and packages that carry them. Nothing here is ever run."""

from __future__ import annotations

import base64
import codecs
import gzip
import importlib.util
import io
import marshal
import tarfile
import zipfile
import zlib
from typing import TYPE_CHECKING, Final

from tests.fixtures.artifacts import Artifact, build_sdist, build_wheel

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "B64",
    "CODE",
    "HEX",
    "PACKED",
    "ROTATED",
    "SETUP",
    "TURNED",
    "compiled",
    "sdist",
    "setup",
    "stored",
    "tarred",
    "wheel",
    "zipped",
]

CODE: Final = "print('pratique-inert-marker: nothing happens here')"
B64: Final = base64.b64encode(CODE.encode()).decode()
HEX: Final = CODE.encode().hex()
PACKED: Final = base64.b64encode(zlib.compress(CODE.encode())).decode()
TURNED: Final = B64[::-1]
ROTATED: Final = codecs.encode(B64, "rot13")
SETUP: Final = "from setuptools import setup\nsetup(name='inert-probe', version='1.0', packages=['inert_probe'])\n"

_NAME: Final = "inert-probe"
_DATE: Final = (2024, 1, 1, 0, 0, 0)


def wheel(files: Mapping[str, bytes | str], *, entry_points: str = "", tag: str = "py3-none-any") -> Artifact:
    """A wheel whose package is empty but for `files`."""
    return build_wheel(
        _NAME, "1.0", {"inert_probe/__init__.py": '"""Example."""\n', **files}, entry_points=entry_points, tag=tag
    )


def sdist(files: Mapping[str, bytes | str], *, pyproject: str | None = None) -> Artifact:
    """An sdist with a plain setup.py and an empty package but for `files`."""
    base: dict[str, bytes | str] = {"setup.py": SETUP, "inert_probe/__init__.py": '"""Example."""\n'}
    return build_sdist(_NAME, "1.0", base | dict(files), pyproject=pyproject)


def setup(code: str, **files: bytes | str) -> Artifact:
    """An sdist whose setup.py begins with `code`; `files` by name, with `__` for a slash and `_dot_` for a dot."""
    named = {name.replace("__", "/").replace("_dot_", "."): text for name, text in files.items()}
    return sdist({"setup.py": f"{code}\n{SETUP}", **named})


def stored(files: Mapping[str, bytes | str]) -> Artifact:
    """The same as `wheel` gives, not compressed: what is very dense is not refused for its ratio."""
    packed = wheel(files)
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(packed.data)) as read, zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for info in read.infolist():
            archive.writestr(zipfile.ZipInfo(info.filename, _DATE), read.read(info))
    return Artifact(packed.filename, out.getvalue())


def zipped(files: Mapping[str, bytes | str]) -> bytes:
    """A ZIP archive of `files`, the same every time."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name, _DATE), data)
    return out.getvalue()


def tarred(files: Mapping[str, bytes]) -> bytes:
    """A gzipped tar archive of `files`, the same every time."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return gzip.compress(out.getvalue(), mtime=0)


def compiled(source: str) -> bytes:
    """`source` as CPython of this version compiles it, with a date and a size."""
    code = compile(source, "module.py", "exec")
    dated = (1_700_000_000).to_bytes(4, "little") + len(source).to_bytes(4, "little")
    return importlib.util.MAGIC_NUMBER + bytes(4) + dated + marshal.dumps(code)
