"""What a member's first bytes say it is, whatever its name says."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final, Literal

__all__ = ["NO_CONTENT", "Content", "content"]

_ELF_MACHINES: Final = {3: "i686", 21: "ppc64", 22: "s390x", 40: "arm", 62: "x86_64", 183: "aarch64", 243: "riscv64"}
_PE_MACHINES: Final = {0x014C: "i686", 0x8664: "x86_64", 0xAA64: "aarch64"}
_MACHO_MACHINES: Final = {0x01000007: "x86_64", 0x0100000C: "aarch64", 7: "i686", 12: "arm"}
_ARCHIVES: Final = (
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!\x1a\x07", "rar"),
    (b"MSCF\0\0\0\0", "cab"),
)
_TAR_MAGIC: Final = slice(257, 262)
_PE_OFFSET: Final = slice(0x3C, 0x40)
_FAT_ARCHITECTURES: Final = 20


@dataclass(frozen=True, slots=True)
class Content:
    """The format of a native program (`elf`, `pe`, `macho`) with its machine, or of an archive; empty for the rest."""

    native: str = ""
    machine: str = ""
    archive: str = ""


#: Of nearly all members.
NO_CONTENT: Final = Content()


def content(data: bytes) -> Content:
    """What `data` is by its content. Truncated and odd headers still name the format, without a machine."""
    if data.startswith(b"\x7fELF"):
        return Content("elf", _ELF_MACHINES.get(_elf_machine(data), ""))
    if data.startswith(b"MZ"):
        return _portable_executable(data)
    if data[:4] in {b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe"}:
        order: Literal["big", "little"] = "big" if data.startswith(b"\xfe") else "little"
        return Content("macho", _MACHO_MACHINES.get(int.from_bytes(data[4:8], order), ""))
    if data.startswith(b"\xca\xfe\xba\xbe") and int.from_bytes(data[4:8], "big") < _FAT_ARCHITECTURES:
        return Content("macho", "universal2")  # a Java class has its version, 45 or more, in that place
    for magic, name in _ARCHIVES:
        if data.startswith(magic):
            return Content(archive=name)
    return Content(archive="tar") if data[_TAR_MAGIC] == b"ustar" else NO_CONTENT


def _elf_machine(data: bytes) -> int:
    return int.from_bytes(data[18:20], "big" if data[5:6] == b"\x02" else "little")


def _portable_executable(data: bytes) -> Content:
    if len(data) < _PE_OFFSET.stop:
        return NO_CONTENT
    (offset,) = struct.unpack("<I", data[_PE_OFFSET])
    if data[offset : offset + 4] != b"PE\0\0":
        return NO_CONTENT
    return Content("pe", _PE_MACHINES.get(int.from_bytes(data[offset + 4 : offset + 6], "little"), ""))
