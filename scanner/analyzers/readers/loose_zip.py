"""ZIP files inside artifacts, read by their central directory: what a program that opens them would see.

The strict reader refuses what two tools may read differently; that is right for an upload and too much for a model or a
document inside one. This reader takes what is there, within bounds, and says what it could not read.
"""

from __future__ import annotations

import bz2
import lzma
import struct
import zlib
from dataclasses import dataclass
from typing import Final

__all__ = ["MAX_ENTRIES", "ZipMember", "ZipUnreadable", "member_start", "read_directory", "unpack"]

#: Entries of one directory that are read.
MAX_ENTRIES: Final = 20_000
_END: Final = struct.Struct("<4s4H2LH")
_CENTRAL: Final = struct.Struct("<4s6H3L5H2L")
_LOCAL: Final = struct.Struct("<4s5H3L2H")
_END64: Final = struct.Struct("<4sQ2H2L4Q")
_TAIL: Final = 22 + 0xFFFF
_ENCRYPTED: Final = 0x1
_FULL32: Final = 0xFFFFFFFF
_STORED, _DEFLATED, _BZIP2, _LZMA = 0, 8, 12, 14


class ZipUnreadable(Exception):
    """A ZIP file, or a member of one, that cannot be read; the message says why."""


@dataclass(frozen=True, slots=True)
class ZipMember:
    """One entry of the directory."""

    name: str
    method: int
    packed: int
    size: int
    offset: int
    encrypted: bool


def read_directory(data: bytes) -> list[ZipMember]:
    """The members that the central directory lists, folders left out.

    Raises:
        ZipUnreadable: there is no directory, or it has more than `MAX_ENTRIES` entries.
    """
    start, count, shift = _find(data)
    if count > MAX_ENTRIES:
        raise ZipUnreadable(f"{count} members; at most {MAX_ENTRIES} are read")
    members = []
    for _ in range(count):
        if start + _CENTRAL.size > len(data):
            raise ZipUnreadable("the directory is cut short")
        fields = _CENTRAL.unpack_from(data, start)
        if fields[0] != b"PK\1\2":
            raise ZipUnreadable("the directory is damaged")
        flags, method, packed, size, offset = fields[3], fields[4], fields[8], fields[9], fields[16]
        name_at = start + _CENTRAL.size
        raw = data[name_at : name_at + fields[10]]
        start = name_at + fields[10] + fields[11] + fields[12]
        if _FULL32 in {size, packed, offset}:
            size, packed, offset = _wide(data[name_at + fields[10] : start], size, packed, offset)
        name = raw.decode("utf-8", "replace")
        if not name.endswith("/"):
            members.append(ZipMember(name, method, packed, size, offset + shift, bool(flags & _ENCRYPTED)))
    return members


def unpack(data: bytes, member: ZipMember, most: int) -> bytes:
    """The bytes of `member`, as many as the directory says, at most `most`.

    Raises:
        ZipUnreadable: it is encrypted, damaged, larger, or packed in a way that is not known here.
    """
    if member.encrypted:
        raise ZipUnreadable("encrypted")
    if member.size > most:
        raise ZipUnreadable(f"{member.size} bytes; at most {most} are unpacked here")
    start = member_start(data, member)
    packed = data[start : start + member.packed]
    if member.method == _STORED:
        return packed[: member.size]
    try:
        return _inflated(packed, member.method, member.size)
    except (zlib.error, OSError, EOFError, ValueError, lzma.LZMAError) as error:
        raise ZipUnreadable(f"damaged: {error}") from error


def member_start(data: bytes, member: ZipMember) -> int:
    """Where the packed bytes of `member` begin.

    Raises:
        ZipUnreadable: no member begins where the directory says.
    """
    at = member.offset
    if at < 0 or at + _LOCAL.size > len(data) or data[at : at + 4] != b"PK\3\4":
        raise ZipUnreadable("the directory points at no member")
    fields = _LOCAL.unpack_from(data, at)
    return at + _LOCAL.size + int(fields[9]) + int(fields[10])


def _inflated(packed: bytes, method: int, most: int) -> bytes:
    if method == _DEFLATED:
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        result = inflater.decompress(packed, most + 1)
    elif method == _BZIP2:
        result = bz2.BZ2Decompressor().decompress(packed, most + 1)
    elif method == _LZMA and len(packed) > 9:  # noqa: PLR2004 # version, size of the properties, properties
        properties = _lzma_filter(packed[4:9])
        result = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[properties]).decompress(packed[9:], most + 1)
    else:
        raise ZipUnreadable(f"the packing method {method} is not known here")
    if len(result) > most:
        raise ZipUnreadable(f"more than the {most} bytes that its entry says")
    return result


def _lzma_filter(properties: bytes) -> dict[str, int]:
    first = properties[0]
    size = int.from_bytes(properties[1:5], "little")
    return {
        "id": lzma.FILTER_LZMA1,
        "dict_size": min(max(size, 4096), 64 * 1024 * 1024),
        "lc": first % 9,
        "lp": first // 9 % 5,
        "pb": first // 45,
    }


def _find(data: bytes) -> tuple[int, int, int]:
    """Where the directory begins, its number of entries, and how many bytes stand before the archive."""
    tail = max(0, len(data) - _TAIL)
    at = data.rfind(b"PK\5\6", tail)
    if at < 0 or at + _END.size > len(data):
        raise ZipUnreadable("no end of a directory")
    fields = _END.unpack_from(data, at)
    count, size, offset = fields[4], fields[5], fields[6]
    locator = at - 20
    if locator >= 0 and data[locator : locator + 4] == b"PK\6\7":
        where = locator - _END64.size
        if where >= 0 and data[where : where + 4] == b"PK\6\6":
            wide = _END64.unpack_from(data, where)
            count, size, offset, at = wide[7], wide[8], wide[9], where
    start = at - size
    if start < 0 or start < offset:
        raise ZipUnreadable("the end of the directory contradicts itself")
    return start, count, start - offset


def _wide(extra: bytes, size: int, packed: int, offset: int) -> tuple[int, int, int]:
    """The three values with those of the ZIP64 field put in."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        if kind == 1:
            values = [int.from_bytes(extra[i : i + 8], "little") for i in range(at + 4, at + 4 + length, 8)]
            size = values.pop(0) if size == _FULL32 and values else size
            packed = values.pop(0) if packed == _FULL32 and values else packed
            offset = values.pop(0) if offset == _FULL32 and values else offset
            break
        at += 4 + length
    return size, packed, offset
