"""What lies in an archive that the strict walkers refuse: read loosely, within bounds, so that it is judged as well.

Such an artifact is never published. Reading on tells a person whether its form is an accident or hides an attack.
"""

from __future__ import annotations

import zlib
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from scanner.analyzers.readers.loose_tar import TarUnreadable, is_tar, read_tar
from scanner.analyzers.readers.loose_zip import ZipUnreadable, read_directory, unpack
from scanner.model import MemberName

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MOST_BYTES", "MOST_MEMBERS", "read_refused"]

#: What is read of one refused archive.
MOST_BYTES: Final = 32 * 1024 * 1024
MOST_MEMBERS: Final = 5_000
_LONGEST: Final = 240
_ZIP: Final = b"PK\3\4"
_GZIP: Final = b"\x1f\x8b\x08"


def read_refused(data: bytes) -> Iterator[tuple[MemberName, bytes]]:
    """The files of the archive that can still be read, under names without `.`, `..` and what no name has."""
    left = MOST_BYTES
    for count, (raw, content) in enumerate(_files(data)):
        left -= len(content)
        if left < 0 or count >= MOST_MEMBERS:
            return
        name = _plain(raw)
        if name:
            yield name, content


def _files(data: bytes) -> Iterator[tuple[str, bytes]]:
    if data.startswith(_ZIP):
        yield from _zip_files(data)
    elif data.startswith(_GZIP):
        yield from _tar_files(data)


def _zip_files(data: bytes) -> Iterator[tuple[str, bytes]]:
    try:
        members = read_directory(data)
    except ZipUnreadable:
        return
    for member in members:
        try:
            yield member.name, unpack(data, member, MOST_BYTES)
        except ZipUnreadable:
            continue


def _tar_files(data: bytes) -> Iterator[tuple[str, bytes]]:
    inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        tar = inflater.decompress(data, MOST_BYTES)
    except zlib.error:
        return
    if not is_tar(tar):
        return
    try:
        for name, content in read_tar(tar):
            yield name, bytes(content)
    except TarUnreadable:
        return


def _plain(raw: str) -> MemberName | None:
    """The name as a relative path with single slashes; None when nothing is left of it."""
    text = "".join(c for c in raw.replace("\\", "/")[:_LONGEST] if c.isprintable())
    parts = [part for part in PurePosixPath(text).parts if part not in {"/", ".", ".."}]
    return MemberName("/".join(parts)) if parts else None
