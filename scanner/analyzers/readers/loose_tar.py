"""Tar files inside artifacts, read header by header within bounds. Damaged ones end where they are damaged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MAX_ENTRIES", "TarUnreadable", "is_tar", "read_tar"]

#: Headers of one archive that are read.
MAX_ENTRIES: Final = 20_000
_BLOCK: Final = 512
_MAGIC: Final = slice(257, 262)
_FILES: Final = frozenset(b"0\x007")
_LONG_NAME: Final = ord("L")
_PAX: Final = ord("x")


class TarUnreadable(Exception):
    """A tar file that cannot be read further; the message says why."""


def is_tar(data: bytes) -> bool:
    """Whether `data` begins with the header of a tar file."""
    return data[_MAGIC] == b"ustar" and _number(data[148:156]) is not None


def read_tar(data: bytes) -> Iterator[tuple[str, memoryview]]:
    """Name and bytes of every file.

    Raises:
        TarUnreadable: a header is damaged, or there are more than `MAX_ENTRIES`.
    """
    view = memoryview(data)
    at, long_name = 0, ""
    for _ in range(MAX_ENTRIES):
        header = data[at : at + _BLOCK]
        if len(header) < _BLOCK or not any(header):
            return
        size = _number(header[124:136])
        if header[_MAGIC] != b"ustar" or size is None:
            raise TarUnreadable(f"the header at byte {at} is damaged")
        at += _BLOCK
        if size > len(data) - at:
            raise TarUnreadable("cut short")
        kind = header[156]
        content = view[at : at + size]
        if kind == _LONG_NAME:
            long_name = _text(bytes(content[:4096]))
        elif kind == _PAX:
            long_name = _pax_path(bytes(content[:65536])) or long_name
        else:
            if kind in _FILES:
                prefix = _text(header[345:500])
                name = _text(header[:100])
                yield long_name or (f"{prefix}/{name}" if prefix else name), content
            long_name = ""
        at += size + -size % _BLOCK
    raise TarUnreadable(f"more than {MAX_ENTRIES} members")


def _number(field: bytes) -> int | None:
    if field[:1] == b"\x80":
        return int.from_bytes(field[1:], "big")
    digits = field.strip(b"\0 ")
    if not digits:
        return 0
    return int(digits, 8) if digits.isdigit() and not set(digits) & set(b"89") else None


def _text(field: bytes) -> str:
    return field.partition(b"\0")[0].decode("utf-8", "replace")


def _pax_path(records: bytes) -> str:
    for record in records.split(b"\n"):
        _, _, setting = record.partition(b" ")
        if setting.startswith(b"path="):
            return setting.removeprefix(b"path=").decode("utf-8", "replace")
    return ""
