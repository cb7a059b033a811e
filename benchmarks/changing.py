"""A next release of a distribution: the same archive with one Python member in a hundred changed."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import tarfile
import zipfile
from typing import Final

__all__ = ["next_release"]

_SHARE: Final = 100


def next_release(data: bytes, filename: str) -> tuple[bytes, int, int]:
    """The archive with every hundredth Python member changed (at least one), how many those are, and of how many."""
    return _wheel(data) if filename.endswith(".whl") else _sdist(data)


def _chosen(names: list[str]) -> set[str]:
    python = sorted(name for name in names if name.endswith(".py"))
    return set(python[:: max(1, min(_SHARE, len(python)))])


def _changed(content: bytes) -> bytes:
    return content + b"\nCHANGED_IN_THIS_RELEASE = True\n"


def _wheel(data: bytes) -> tuple[bytes, int, int]:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        names = old.namelist()
        chosen = _chosen(names)
        rows: dict[str, str] = {}
        for entry in old.infolist():
            content = _changed(old.read(entry)) if entry.filename in chosen else old.read(entry)
            if entry.filename in chosen:
                digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
                rows[entry.filename] = f"{entry.filename},sha256={digest},{len(content)}"
            elif entry.filename.endswith(".dist-info/RECORD"):
                record = content.decode().splitlines()
                continue
            new.writestr(entry, content, zipfile.ZIP_DEFLATED)
        lines = [rows.get(line.partition(",")[0], line) for line in record]
        name = next(name for name in names if name.endswith(".dist-info/RECORD"))
        new.writestr(name, "\n".join(lines) + "\n", zipfile.ZIP_DEFLATED)
    return out.getvalue(), len(chosen), len(names)


def _sdist(data: bytes) -> tuple[bytes, int, int]:
    out = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(data)) as old,
        gzip.GzipFile("", "wb", fileobj=out, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as new,
    ):
        entries = old.getmembers()
        chosen = _chosen([entry.name for entry in entries if entry.isfile()])
        for entry in entries:
            file = old.extractfile(entry) if entry.isfile() else None
            content = file.read() if file is not None else b""
            if entry.name in chosen:
                content = _changed(content)
                entry.size = len(content)
            new.addfile(entry, io.BytesIO(content) if file is not None else None)
    return out.getvalue(), len(chosen), sum(entry.isfile() for entry in entries)
