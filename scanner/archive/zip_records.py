"""The records of a ZIP file (APPNOTE 6.3.10), each read at the one place where it has to be.

Nothing here searches: a reader that looks for magic numbers can be shown another archive than its neighbour.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from scanner.archive.codes import Code
from scanner.archive.faults import shown
from scanner.archive.zip_extra import read_extra

if TYPE_CHECKING:
    from scanner.archive.faults import FaultList
    from scanner.archive.zip_extra import Extra

__all__ = [
    "DESCRIPTOR_FLAG",
    "UTF8_FLAG",
    "Directory",
    "DirectoryRecord",
    "LocalRecord",
    "descriptor_size",
    "find_directory",
    "read_directory_record",
    "read_local_record",
]

_LOCAL: Final = struct.Struct("<4s5H3L2H")
_CENTRAL: Final = struct.Struct("<4s6H3L5H2L")
_END: Final = struct.Struct("<4s4H2LH")
_END64: Final = struct.Struct("<4sQ2H2L4Q")
_LOCATOR64: Final = struct.Struct("<4sLQL")
_DESCRIPTOR: Final = struct.Struct("<4s3L")
_DESCRIPTOR64: Final = struct.Struct("<4sL2Q")

_END_MAGIC: Final = b"PK\5\6"
_FULL16: Final = 0xFFFF
_FULL32: Final = 0xFFFFFFFF
#: Fields of the end record: this disk, disk of the directory, entries here, entries, directory size, its offset.
_END_FULL: Final = (_FULL16, _FULL16, _FULL16, _FULL16, _FULL32, _FULL32)

DESCRIPTOR_FLAG: Final = 0x0008
UTF8_FLAG: Final = 0x0800


@dataclass(frozen=True, slots=True)
class Directory:
    """Where the central directory lies, as every end record says: from `start` up to `end`, with `count` entries."""

    start: int
    end: int
    count: int


# Of these two there is one for every member: a named tuple is made many times faster than a frozen dataclass.
class LocalRecord(NamedTuple):
    """A local file header; `end` is where the member's data starts."""

    flags: int
    method: int
    crc: int
    packed: int
    size: int
    name: bytes
    extra: Extra
    end: int


class DirectoryRecord(NamedTuple):
    """An entry of the central directory, with its ZIP64 values put in."""

    needed: int
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    offset: int
    name: bytes
    attributes: int
    end: int


def find_directory(data: memoryview, faults: FaultList) -> Directory:
    """The central directory that the end records point at, which end the file and contradict neither it nor each other.

    Raises:
        ArchiveRefused: they do, or there is none.
    """
    at = len(data) - _END.size
    if at < 0 or bytes(data[at : at + 4]) != _END_MAGIC:
        _explain_missing_end(data, faults)
    fields = _END.unpack_from(data, at)
    if fields[7]:
        faults.refuse(Code.ZIP_COMMENT, f"The ZIP archive says it has a comment of {fields[7]} bytes; remove it.")
    values = tuple(fields[1:7])
    locator = at - _LOCATOR64.size
    if locator >= 0 and bytes(data[locator : locator + 4]) == b"PK\6\7":
        values, at = _read_end64(data, locator, values, faults)
    disk, directory_disk, here, count, size, start = values
    if disk or directory_disk or here != count:
        faults.refuse(
            Code.ZIP_MULTI_DISK,
            f"The ZIP archive says that it is part {disk} of several, with {here} of {count} entries; send one whole "
            "file.",
        )
    if start + size != at:
        faults.refuse(
            Code.ZIP_DIRECTORY if start + size > at else Code.ZIP_PREPENDED,
            f"The central directory should end at byte {at}, and by the end record it ends at {start + size}: bytes "
            "were put before the archive or into it, or the record lies. Send the archive as its tool wrote it.",
        )
    return Directory(start, at, count)


def _read_end64(
    data: memoryview, locator: int, short: tuple[int, ...], faults: FaultList
) -> tuple[tuple[int, ...], int]:
    """The values of the ZIP64 end record, which says the same as the short one, and where it starts."""
    _, record_disk, offset, disks = _LOCATOR64.unpack_from(data, locator)
    at = locator - _END64.size
    problem = ""
    values: tuple[int, ...] = ()
    if record_disk or disks != 1 or offset != at or at < 0:
        problem = f"its locator points at byte {offset}, and the record has to be at {max(at, 0)}"
    else:
        magic, size, _made, _needed, *rest = _END64.unpack_from(data, at)
        values = tuple(rest)
        if magic != b"PK\6\6" or size != _END64.size - 12:
            problem = f"its record has the signature {shown(magic)} and says {size} bytes, and 44 are expected"
        elif any(s not in {v, full} for s, v, full in zip(short, values, _END_FULL, strict=True)):
            problem = f"it says {values}, and the end record says {short}"
    if problem:
        faults.refuse(
            Code.ZIP_ZIP64, f"The ZIP64 end of the archive is contradictory: {problem}. Build the archive again."
        )
    return values, at


def _explain_missing_end(data: memoryview, faults: FaultList) -> None:
    """Refuse a file that does not end with an end record, and say what seems to have happened. Decides nothing else."""
    tail = bytes(data[-(_END.size + _FULL16) :])
    found = tail.rfind(_END_MAGIC)
    if found < 0 or len(tail) - found < _END.size:
        faults.refuse(
            Code.ZIP_NOT_A_ZIP,
            "The file does not end as a ZIP archive does; it is cut short, or is something else. Build the wheel "
            "again.",
        )
    comment = _END.unpack_from(tail, found)[7]
    after = len(tail) - found - _END.size
    if comment == after:
        faults.refuse(Code.ZIP_COMMENT, f"The ZIP archive has a comment of {comment} bytes; remove it.")
    faults.refuse(
        Code.ZIP_APPENDED, f"{after} bytes follow the end of the ZIP archive; send the archive as its tool wrote it."
    )


def read_directory_record(data: memoryview, at: int, end: int, faults: FaultList) -> DirectoryRecord:
    """The entry of the central directory at `at`, all of it before `end`.

    Raises:
        ArchiveRefused: there is none, or it contradicts itself.
    """
    fields = _CENTRAL.unpack_from(data, at) if at + _CENTRAL.size <= end else ()
    if not fields or fields[0] != b"PK\1\2":
        faults.refuse(
            Code.ZIP_DIRECTORY,
            f"The central directory has no entry at byte {at}, where one has to be: its count, its size or an entry's "
            "length is wrong. Build the archive again.",
        )
    _, _made, needed, flags, method, _time, _date, crc, packed, size, *others = fields
    name_length, extra_length, comment_length, disk, _internal, attributes, offset = others
    extra_at = at + _CENTRAL.size + name_length
    comment_at = extra_at + extra_length
    if comment_at + comment_length > end:
        faults.refuse(Code.ZIP_DIRECTORY, f"The entry at byte {at} reaches beyond the central directory's end, {end}.")
    name = bytes(data[at + _CENTRAL.size : extra_at])
    if comment_length or disk:
        _check_plain(name, comment_length, disk, faults)
    extra = read_extra(bytes(data[extra_at:comment_at]), name, faults)
    if extra.zip64 is not None or _FULL32 in (size, packed, offset):
        packed, size, offset = _widened(name, (size, packed, offset), extra, faults)
    return DirectoryRecord(
        needed=needed & 0xFF,
        flags=flags,
        method=method,
        crc=crc,
        packed=packed,
        size=size,
        offset=offset,
        name=name,
        attributes=attributes,
        end=comment_at + comment_length,
    )


def _check_plain(name: bytes, comment_length: int, disk: int, faults: FaultList) -> None:
    """The member has no comment and lies in this file, or a fault is noted."""
    if comment_length:
        faults.add(Code.ZIP_COMMENT, f"The member {shown(name)} has a comment of {comment_length} bytes; remove it.")
    if disk:
        faults.add(
            Code.ZIP_MULTI_DISK, f"The member {shown(name)} says that it is on disk {disk}; send one whole file."
        )


def _widened(name: bytes, short: tuple[int, int, int], extra: Extra, faults: FaultList) -> tuple[int, int, int]:
    """Packed size, size and offset: each value that is all ones stands, in this order, in the ZIP64 field alone."""
    wide = list(extra.zip64 or ())
    if len(wide) != short.count(_FULL32):
        faults.refuse(
            Code.ZIP_ZIP64,
            f"The member {shown(name)} has {len(wide)} values in its ZIP64 field, and its entry in the central "
            f"directory asks for {short.count(_FULL32)}. Build the archive again.",
        )
    size, packed, offset = (wide.pop(0) if value == _FULL32 else value for value in short)
    return packed, size, offset


def read_local_record(data: memoryview, at: int, end: int, faults: FaultList) -> LocalRecord:
    """The local file header at `at`, all of it before `end`.

    Raises:
        ArchiveRefused: there is none, or it contradicts itself.
    """
    fields = _LOCAL.unpack_from(data, at) if at + _LOCAL.size <= end else ()
    if not fields or fields[0] != b"PK\3\4":
        faults.refuse(
            Code.ZIP_MISMATCH,
            f"The central directory says that a member starts at byte {at}, and no local header is there.",
        )
    _, _needed, flags, method, _time, _date, crc, packed, size, name_length, extra_length = fields
    extra_at = at + _LOCAL.size + name_length
    data_at = extra_at + extra_length
    if data_at > end:
        faults.refuse(Code.ZIP_MISMATCH, f"The local header at byte {at} reaches into the central directory.")
    name = bytes(data[at + _LOCAL.size : extra_at])
    extra = read_extra(bytes(data[extra_at:data_at]), name, faults)
    if extra.zip64 is not None:
        # APPNOTE 4.5.3: both sizes, in place of the plain ones. Some tools repeat what the plain ones say.
        replaces = len(extra.zip64) == 2 and packed == size == _FULL32  # noqa: PLR2004 # both sizes
        repeats = extra.zip64 == (size, packed) and not flags & DESCRIPTOR_FLAG
        if not replaces and not repeats:
            faults.refuse(
                Code.ZIP_ZIP64,
                f"The local header of {shown(name)} says the sizes {size} and {packed}, and its ZIP64 field says "
                f"{extra.zip64[:4]}; the field has to say both, or not be there. Build the archive again.",
            )
        size, packed = extra.zip64
    return LocalRecord(
        flags=flags, method=method, crc=crc, packed=packed, size=size, name=name, extra=extra, end=data_at
    )


def descriptor_size(data: memoryview, at: int, expected: tuple[int, int, int], *, wide: bool) -> int | None:
    """The length of the data descriptor at `at` that says the (crc, packed, size) `expected`; None when it does not."""
    record = _DESCRIPTOR64 if wide else _DESCRIPTOR
    if at + record.size > len(data):
        return None
    magic, *values = record.unpack_from(data, at)
    return record.size if magic == b"PK\7\10" and tuple(values) == expected else None
