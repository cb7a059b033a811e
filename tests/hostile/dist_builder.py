"""A small sound wheel and a small sound sdist, which a test changes in one respect."""

from __future__ import annotations

import csv
import hashlib
import io
from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING, Any, Final

from tests.hostile.tar_builder import gz, member, tar
from tests.hostile.zip_builder import Entry, ZipFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["INFO", "METADATA", "SDIST", "TOP", "WHEEL", "record", "sdist", "wheel", "wheel_entries"]

WHEEL: Final = "demo_pkg-1.0-py3-none-any.whl"
SDIST: Final = "demo_pkg-1.0.tar.gz"
INFO: Final = "demo_pkg-1.0.dist-info"
TOP: Final = "demo_pkg-1.0"
METADATA: Final = b"Metadata-Version: 2.1\nName: demo-pkg\nVersion: 1.0\nSummary: A demonstration\n\nText.\n"
WHEEL_FILE: Final = b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
MODULE: Final = "demo_pkg/__init__.py"
SOURCE: Final = b"ANSWER = 42\n"


def record(files: Mapping[str, bytes], *, extra: str = "", replace: Mapping[str, str] | None = None) -> bytes:
    """RECORD of `files`; `replace` gives another row for a file, `extra` is appended."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for name, data in files.items():
        if replace and name in replace:
            out.write(replace[name])
        else:
            digest = urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            writer.writerow([name, f"sha256={digest}", len(data)])
    return f"{out.getvalue()}{extra}".encode()


def wheel_entries(
    files: Mapping[str, bytes] | None = None,
    *,
    metadata: bytes | None = METADATA,
    wheel_file: bytes | None = WHEEL_FILE,
    raw_record: bytes | None = None,
) -> list[Entry]:
    """The members of a sound wheel that also has `files`."""
    contents = {MODULE: SOURCE, **(files or {})}
    if metadata is not None:
        contents[f"{INFO}/METADATA"] = metadata
    if wheel_file is not None:
        contents[f"{INFO}/WHEEL"] = wheel_file
    listed = record(contents, extra=f"{INFO}/RECORD,,\n") if raw_record is None else raw_record
    return [Entry(name=name, data=data) for name, data in {**contents, f"{INFO}/RECORD": listed}.items()]


def wheel(
    files: Mapping[str, bytes] | None = None, *, entries: Iterable[Entry] = (), zip_options: Any = None, **options: Any
) -> bytes:
    """A sound wheel with `files`, and then `entries` that RECORD does not know of."""
    return ZipFile(entries=(*wheel_entries(files, **options), *entries), **(zip_options or {})).build()


def sdist(*parts: bytes, metadata: bytes | None = METADATA, end: bytes | None = None) -> bytes:
    """A sound sdist, and then `parts`."""
    return gz(sdist_tar(*parts, metadata=metadata, end=end))


def sdist_tar(*parts: bytes, metadata: bytes | None = METADATA, end: bytes | None = None) -> bytes:
    info = [] if metadata is None else [member(f"{TOP}/PKG-INFO", metadata)]
    closing = {} if end is None else {"end": end}
    return tar(*info, member(f"{TOP}/{MODULE}", SOURCE), *parts, **closing)
