"""One member of a ZIP archive whose records have been checked, and what its packed bytes unpack to."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final, NamedTuple

from scanner.archive.codes import Code
from scanner.archive.faults import shown
from scanner.archive.zip_checks import STORED

if TYPE_CHECKING:
    from scanner.model import MemberName

__all__ = ["Damaged", "PackedMember", "ZipEntry", "unpacked"]

#: Method, checksum and size: what unpacking goes by, beside the packed bytes.
_UNPACKING: Final = struct.Struct("<HLQ")


class ZipEntry(NamedTuple):
    """One member whose records have been checked; its packed bytes are `data[start:start + packed]`."""

    name: MemberName
    start: int
    packed: int
    size: int
    method: int
    crc: int
    mode: int | None
    is_folder: bool


@dataclass(frozen=True, eq=False, slots=True)
class PackedMember:
    """A member before it is unpacked."""

    entry: ZipEntry
    packed: memoryview

    @property
    def name(self) -> MemberName:
        """Its name."""
        return self.entry.name

    @property
    def size(self) -> int:
        """How many bytes it has by its headers."""
        return self.entry.size

    @property
    def key(self) -> bytes:
        """A hash of the packed bytes and of all that unpacking goes by.

        Members with one key unpack to the same, or neither unpacks.
        """
        key = sha256(self.packed)
        key.update(_UNPACKING.pack(self.entry.method, self.entry.crc, self.entry.size))
        return key.digest()

    @property
    def data(self) -> bytes:
        """The bytes, unpacked and checked now.

        Raises:
            Damaged: they are not what the headers say.
        """
        return unpacked(self.packed, self.entry)


class Damaged(ValueError):
    """The packed bytes of a member are not what its headers say."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code = code


def unpacked(packed: memoryview, entry: ZipEntry) -> bytes:
    """The bytes of `entry`, which are `packed`, of the size and checksum that its headers say.

    Raises:
        Damaged: they are not.
    """
    data = bytes(packed) if entry.method == STORED else _inflated(packed, entry)
    found = zlib.crc32(data)
    if found != entry.crc:
        raise Damaged(
            Code.ZIP_CRC,
            f"The checksum of the member {shown(entry.name)} is {found:#010x}, and its header says {entry.crc:#010x}; "
            "the file was damaged or changed. Build the wheel again.",
        )
    return data


def _inflated(packed: memoryview, entry: ZipEntry) -> bytes:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    problem = ""
    data = b""
    try:
        data = inflater.decompress(packed, entry.size + 1)
    except zlib.error as error:
        problem = f"cannot be unpacked ({error})"
    else:
        if len(data) > entry.size:
            problem = f"unpacks to more than the {entry.size} bytes that its header says"
        elif not inflater.eof:
            problem = "ends before its compressed data does"
        elif len(data) < entry.size:
            problem = f"unpacks to {len(data)} bytes, and its header says {entry.size}"
        elif inflater.unused_data:
            problem = f"has {len(inflater.unused_data)} bytes after the end of its compressed data"
    if problem:
        raise Damaged(
            Code.ZIP_DEFLATE,
            f"The member {shown(entry.name)} {problem}; the file was damaged. Build the wheel again.",
        )
    return data
