"""What a single member of a ZIP archive may be: a file or an empty folder, stored or deflated, with a plain mode."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING, Final

from scanner.archive.codes import Code
from scanner.archive.faults import shown
from scanner.archive.zip_records import DESCRIPTOR_FLAG, UTF8_FLAG

if TYPE_CHECKING:
    from scanner.archive.faults import FaultList
    from scanner.archive.zip_records import DirectoryRecord

__all__ = ["STORED", "check_folder_and_name", "check_mode", "check_packing"]

STORED: Final = 0
_DEFLATED: Final = 8
_NEWEST_VERSION: Final = 63  # APPNOTE 4.4.3.2; plain members ask for 2.0, with ZIP64 for 4.5
_ENCRYPTION_FLAGS: Final = 0x2041  # traditional, strong, masked headers
_COMPRESSION_LEVEL_FLAGS: Final = 0x0006
_KNOWN_FLAGS: Final = _COMPRESSION_LEVEL_FLAGS | DESCRIPTOR_FLAG | UTF8_FLAG


def check_packing(record: DirectoryRecord, faults: FaultList) -> None:
    """The member is plain or deflated, and not encrypted, or a fault is noted."""
    is_right = record.method == _DEFLATED or (record.method == STORED and record.packed == record.size)
    if is_right and not record.flags & ~_KNOWN_FLAGS and record.needed <= _NEWEST_VERSION:
        return  # nearly all
    name = shown(record.name)
    if record.flags & _ENCRYPTION_FLAGS:
        faults.add(Code.ZIP_ENCRYPTED, f"The member {name} is encrypted; a wheel holds plain files.")
    elif record.flags & ~_KNOWN_FLAGS:
        faults.add(
            Code.ZIP_FLAGS, f"The member {name} has the flags {record.flags:#06x}, of which some are not accepted."
        )
    if record.needed > _NEWEST_VERSION:
        faults.add(
            Code.ZIP_VERSION,
            f"The member {name} asks for a reader of version {record.needed / 10}; at most {_NEWEST_VERSION / 10} is "
            "accepted.",
        )
    if record.method not in {STORED, _DEFLATED}:
        faults.add(
            Code.ZIP_METHOD,
            f"The member {name} is compressed by method {record.method}; only 0 (stored) and 8 (deflated) are "
            "accepted.",
        )
    elif record.method == STORED and record.packed != record.size:
        faults.add(
            Code.ZIP_SIZE,
            f"The member {name} is stored, and its two sizes differ: {record.packed} and {record.size}.",
        )


def check_mode(record: DirectoryRecord, faults: FaultList, *, is_folder: bool) -> int | None:
    """The permission bits, None where the archive says none; what is no plain file or folder is noted as a fault."""
    # Installers read the upper half as a Unix mode, whatever system the archive says it was made on.
    mode = record.attributes >> 16
    kind = stat.S_IFMT(mode)
    if kind not in {0, stat.S_IFDIR if is_folder else stat.S_IFREG}:
        faults.add(
            Code.ZIP_FILE_TYPE,
            f"The member {shown(record.name)} is not a plain file or folder: its mode is {mode:o}. Symbolic links "
            "and devices have no place in a wheel.",
        )
    if not is_folder and mode & (stat.S_ISUID | stat.S_ISGID):
        faults.add(
            Code.MODE_SETUID,
            f"The member {shown(record.name)} has the mode {mode:o}: it would run with the rights of its owner. "
            "Clear its set-user-id and set-group-id bits.",
        )
    return stat.S_IMODE(mode) if mode else None


def check_folder_and_name(record: DirectoryRecord, faults: FaultList, *, is_folder: bool) -> None:
    """A folder is empty, and a name that is not ASCII is marked as UTF-8 (APPNOTE 4.4.4), or a fault is noted."""
    if is_folder and record.size:
        faults.add(
            Code.ZIP_FOLDER_DATA,
            f"The folder {shown(record.name)} holds {record.size} bytes of its own; a folder is empty.",
        )
    if not record.flags & UTF8_FLAG and not record.name.isascii():
        faults.add(
            Code.NAME_ENCODING,
            f"The member name {shown(record.name)} is not ASCII and not marked as UTF-8; readers disagree on it. "
            "Name all members in UTF-8.",
        )
