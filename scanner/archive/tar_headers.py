"""One tar header: 512 bytes that become typed fields, or a fault (POSIX.1-1988 ustar, GNU and the older V7 form)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from scanner.archive.codes import Code
from scanner.archive.faults import shown

if TYPE_CHECKING:
    from scanner.archive.faults import FaultList

__all__ = ["BLOCK", "TarHeader", "is_tar_header", "read_tar_header"]

#: Everything in a tar archive comes in blocks of this many bytes.
BLOCK: Final = 512

_OCTAL: Final = re.compile(rb" *([0-7]+)[ \0]*")
_CHECKSUM: Final = slice(148, 156)
_USTAR: Final = b"ustar\00000"
_GNU: Final = b"ustar  \0"
_V7: Final = bytes(8)


@dataclass(frozen=True, slots=True, kw_only=True)
class TarHeader:
    """A header whose checksum is right. `name` and `target` are bytes up to their first NUL, the prefix put before."""

    name: bytes
    mode: int
    size: int
    kind: bytes
    target: bytes


def is_tar_header(block: bytes) -> bool:
    """True when `block` is what a tar reader takes for a header: its checksum is right."""
    return len(block) == BLOCK and _octal(block[_CHECKSUM]) == _checksum(block)


def read_tar_header(block: bytes, at: int, faults: FaultList) -> TarHeader:
    """The header in `block`, which stands at byte `at` of the tar stream.

    Raises:
        ArchiveRefused: it is damaged, of a format that is not known, or says a size that is not a plain octal number.
    """
    if not is_tar_header(block):
        faults.refuse(
            Code.TAR_CHECKSUM,
            f"The tar header at byte {at} has a wrong checksum: the archive is damaged, or is no tar archive. Tar "
            "readers disagree on what follows. Build the sdist again.",
        )
    magic = block[257:265]
    if magic not in {_USTAR, _GNU, _V7}:
        faults.refuse(
            Code.TAR_HEADER,
            f"The tar header at byte {at} has the format {shown(magic)}; ustar, pax and GNU are accepted.",
        )
    prefix = _text(block[345:500])
    if magic != _USTAR and any(block[345:500]):
        faults.refuse(
            Code.TAR_HEADER,
            f"The tar header at byte {at} uses bytes for a name prefix that its format has not; readers disagree on "
            "its name.",
        )
    name = _text(block[:100])
    return TarHeader(
        name=prefix + b"/" + name if prefix else name,
        mode=_number(block[100:108], "mode", at, faults),
        size=_number(block[124:136], "size", at, faults),
        kind=block[156:157],
        target=_text(block[157:257]),
    )


def _number(field: bytes, what: str, at: int, faults: FaultList) -> int:
    value = _octal(field)
    if value is None:
        # The first bit announces a base-256 number: huge or negative, and never needed here.
        faults.refuse(
            Code.TAR_SIZE if what == "size" else Code.TAR_HEADER,
            f"The tar header at byte {at} says the {what} {shown(field)}; an octal number is expected.",
        )
    return value


def _octal(field: bytes) -> int | None:
    match = _OCTAL.fullmatch(field)
    return int(match[1], 8) if match else None


def _checksum(block: bytes) -> int:
    return sum(block[:148]) + 8 * ord(" ") + sum(block[156:])


def _text(field: bytes) -> bytes:
    return field.partition(b"\0")[0]
