"""Pax extended headers (POSIX.1-2001): records whose lengths are exact and that change a name, and nothing else."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from scanner.archive.codes import Code
from scanner.archive.faults import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanner.archive.faults import FaultList

__all__ = ["PaxHeader", "read_global_pax", "read_pax"]

_RECORD: Final = re.compile(rb"([1-9][0-9]{0,5}) ([^=\n\0]+)=")
_UTF8_CHARSET: Final = b"ISO-IR 10646 2000 UTF-8"
#: What makes a reader see other bytes than the member's own: sparse files in the dialects of GNU, star and Solaris.
_SPARSE: Final = (b"GNU.sparse.", b"SCHILY.realsize", b"SCHILY.filetype", b"SUN.holesdata")
_PER_MEMBER: Final = frozenset({b"path", b"linkpath", b"size"})


@dataclass(frozen=True, slots=True)
class PaxHeader:
    """What a pax header says about the next member: its name, its link target, its size; None where it does not."""

    path: bytes | None = None
    linkpath: bytes | None = None
    size: bytes | None = None


def read_pax(raw: bytes, at: int, faults: FaultList) -> PaxHeader:
    """The pax header `raw`, which stands at byte `at` of the tar stream.

    Raises:
        ArchiveRefused: a record's length is wrong, a record is there twice, or it asks for what is not accepted.
    """
    values = _checked(raw, at, faults)
    return PaxHeader(values.get(b"path"), values.get(b"linkpath"), values.get(b"size"))


def read_global_pax(raw: bytes, at: int, faults: FaultList) -> None:
    """The global pax header `raw` says nothing that concerns a member (Git writes its commit there).

    Raises:
        ArchiveRefused: it does, or is malformed.
    """
    for key in _checked(raw, at, faults):
        if key in _PER_MEMBER:
            faults.refuse(
                Code.TAR_PAX,
                f"The global pax header at byte {at} sets {shown(key)} for all members; that belongs to one member's "
                "header.",
            )


def _checked(raw: bytes, at: int, faults: FaultList) -> dict[bytes, bytes]:
    values: dict[bytes, bytes] = {}
    for key, value in _records(raw, at, faults):
        if key.startswith(_SPARSE):
            faults.refuse(
                Code.TAR_SPARSE, f"The pax header at byte {at} has {shown(key)}: sparse members are not accepted."
            )
        if key in values or (key in _PER_MEMBER and not value):
            faults.refuse(Code.TAR_PAX, f"The pax header at byte {at} says {shown(key)} twice, or leaves it empty.")
        if key == b"hdrcharset" and value != _UTF8_CHARSET:
            faults.refuse(Code.TAR_PAX, f"The pax header at byte {at} is written in {shown(value)}; UTF-8 is expected.")
        values[key] = value
    return values


def _records(raw: bytes, at: int, faults: FaultList) -> Iterator[tuple[bytes, bytes]]:
    start = 0
    while start < len(raw):
        match = _RECORD.match(raw, start)
        end = start + int(match[1]) if match else 0
        if match is None or match.end() >= end or end > len(raw) or raw[end - 1 : end] != b"\n":
            faults.refuse(
                Code.TAR_PAX,
                f"The pax header at byte {at} has a malformed record, {shown(raw[start : start + 40])}: its length "
                "has to count the record exactly, with the newline that ends it.",
            )
        yield match[2], raw[match.end() : end - 1]
        start = end
