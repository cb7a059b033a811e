"""ZIP archives made byte by byte, right by default and wrong where a test asks for it."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field
from typing import Final

__all__ = ["Entry", "ZipFile"]

STORED: Final = 0
DEFLATED: Final = 8
UTF8: Final = 0x0800
DESCRIPTOR: Final = 0x0008


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One member. `local` and `central` replace fields of one of its headers, `packed` its compressed bytes."""

    name: str | bytes
    data: bytes = b""
    method: int = DEFLATED
    flags: int = UTF8
    mode: int = 0o100644
    packed: bytes | None = None
    comment: bytes = b""
    local_extra: bytes = b""
    central_extra: bytes = b""
    descriptor: bytes | None = None
    gap_before: bytes = b""
    local: dict[str, int | bytes] = field(default_factory=dict)
    central: dict[str, int | bytes] = field(default_factory=dict)

    @property
    def raw_name(self) -> bytes:
        return self.name if isinstance(self.name, bytes) else self.name.encode()

    def compressed(self) -> bytes:
        if self.packed is not None:
            return self.packed
        return deflate(self.data) if self.method == DEFLATED else self.data

    def fields(self) -> dict[str, int | bytes]:
        return {
            "needed": 20,
            "flags": self.flags,
            "method": self.method,
            "date": 0x21,
            "crc": zlib.crc32(self.data),
            "packed": len(self.compressed()),
            "size": len(self.data),
            "name": self.raw_name,
            "disk": 0,
            "attributes": self.mode << 16,
        }


@dataclass(frozen=True, kw_only=True)
class ZipFile:
    """A whole archive: `end` replaces fields of its end record, `zip64` puts a ZIP64 end record and locator before."""

    entries: tuple[Entry, ...]
    prefix: bytes = b""
    before_directory: bytes = b""
    after_directory: bytes = b""
    comment: bytes = b""
    suffix: bytes = b""
    end: dict[str, int] = field(default_factory=dict)
    zip64: dict[str, int] | None = None
    relative: bool = False

    def build(self) -> bytes:
        out = bytearray(self.prefix)
        base = len(self.prefix) if self.relative else 0
        directory = bytearray()
        for entry in self.entries:
            out += entry.gap_before
            offset = len(out) - base
            out += _local(entry) + entry.compressed() + (entry.descriptor or b"")
            directory += _central(entry, offset)
        out += self.before_directory
        start = len(out) - base
        out += directory + self.after_directory
        return bytes(out) + self._ends(len(directory), start, len(out)) + self.comment + self.suffix

    def _ends(self, size: int, start: int, at: int) -> bytes:
        count = len(self.entries)
        values = {"disk": 0, "directory_disk": 0, "here": count, "count": count, "size": size, "start": start}
        end = {**values, **self.end}
        out = b""
        if self.zip64 is not None:
            wide = {**values, "record_size": 44, "locator": at, "disks": 1, **self.zip64}
            out += struct.pack("<4sQ2H2L4Q", b"PK\6\6", wide["record_size"], 45, 45, *(wide[key] for key in values))
            out += struct.pack("<4sLQL", b"PK\6\7", 0, wide["locator"], wide["disks"])
        return out + struct.pack("<4s4H2LH", b"PK\5\6", *(end[key] for key in values), len(self.comment))


def deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def descriptor(data: bytes, packed: int, *, wide: bool = False, signature: bytes = b"PK\7\x08") -> bytes:
    return signature + struct.pack("<L2Q" if wide else "<3L", zlib.crc32(data), packed, len(data))


def zip64_extra(*values: int) -> bytes:
    return struct.pack(f"<2H{len(values)}Q", 1, 8 * len(values), *values)


def _local(entry: Entry) -> bytes:
    f = {**entry.fields(), **entry.local}
    name = f["name"]
    assert isinstance(name, bytes)
    numbers = (f["needed"], f["flags"], f["method"], 0, f["date"], f["crc"], f["packed"], f["size"])
    return struct.pack("<4s5H3L2H", b"PK\3\4", *numbers, len(name), len(entry.local_extra)) + name + entry.local_extra


def _central(entry: Entry, offset: int) -> bytes:
    f = {**entry.fields(), "offset": offset, **entry.central}
    name = f["name"]
    assert isinstance(name, bytes)
    numbers = (0x0314, f["needed"], f["flags"], f["method"], 0, f["date"], f["crc"], f["packed"], f["size"])
    lengths = (len(name), len(entry.central_extra), len(entry.comment))
    head = struct.pack("<4s6H3L5H2L", b"PK\1\2", *numbers, *lengths, f["disk"], 0, f["attributes"], f["offset"])
    return head + name + entry.central_extra + entry.comment
