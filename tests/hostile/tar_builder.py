"""Tar archives made block by block, right by default and wrong where a test asks for it."""

from __future__ import annotations

import gzip
from typing import Final

__all__ = ["END", "gz", "header", "member", "pax", "tar"]

#: The two zero blocks that close an archive.
END: Final = bytes(1024)
USTAR: Final = b"ustar\00000"
GNU: Final = b"ustar  \0"
V7: Final = bytes(8)


def header(  # a header has that many fields, all named
    name: str | bytes,
    *,
    size: int = 0,
    kind: bytes = b"0",
    mode: int = 0o644,
    magic: bytes = USTAR,
    prefix: bytes = b"",
    target: str | bytes = b"",
    raw_size: bytes | None = None,
    checksum: int | None = None,
) -> bytes:
    raw = bytearray(512)
    raw[:100] = _encoded(name).ljust(100, b"\0")
    raw[100:108] = b"%07o\0" % mode
    raw[108:124] = b"0000000\0" * 2
    raw[124:136] = raw_size if raw_size is not None else b"%011o\0" % size
    raw[136:148] = b"00000000000\0"
    raw[148:156] = b" " * 8
    raw[156:157] = kind
    raw[157:257] = _encoded(target).ljust(100, b"\0")
    raw[257:265] = magic
    raw[345:500] = prefix.ljust(155, b"\0")
    raw[148:156] = b"%06o\0 " % (sum(raw) if checksum is None else checksum)
    return bytes(raw)


def member(name: str | bytes, data: bytes = b"", *, kind: bytes = b"0", mode: int = 0o644, target: str = "") -> bytes:
    return header(name, size=len(data), kind=kind, mode=mode, target=target) + padded(data)


def pax(records: dict[str, str] | bytes, *, kind: bytes = b"x") -> bytes:
    raw = records if isinstance(records, bytes) else b"".join(pax_record(k, v) for k, v in records.items())
    return header("PaxHeaders/x", size=len(raw), kind=kind) + padded(raw)


def pax_record(key: str, value: str) -> bytes:
    body = f" {key}={value}\n".encode()
    length = len(body) + 1
    while length != len(str(length)) + len(body):
        length = len(str(length)) + len(body)
    return str(length).encode() + body


def long_name(name: bytes, *, kind: bytes = b"L") -> bytes:
    raw = name + b"\0"
    return header("././@LongLink", size=len(raw), kind=kind, magic=GNU) + padded(raw)


def padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 512)


def tar(*parts: bytes, end: bytes = END) -> bytes:
    return b"".join(parts) + end


def gz(data: bytes) -> bytes:
    return gzip.compress(data, 6, mtime=0)


def _encoded(name: str | bytes) -> bytes:
    return name if isinstance(name, bytes) else name.encode()
