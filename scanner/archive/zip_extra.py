"""Extra fields of ZIP records (APPNOTE 4.5): the ZIP64 values, and nothing that gives a member a second identity."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from scanner.archive.codes import Code
from scanner.archive.faults import shown

if TYPE_CHECKING:
    from scanner.archive.faults import FaultList

__all__ = ["Extra", "read_extra"]

_EXTRA: Final = struct.Struct("<2H")

_ZIP64_EXTRA: Final = 0x0001
_UNICODE_NAME_EXTRA: Final = 0x7075
#: Extra fields that give a member another type, content or protection than its header says: PKWARE and ASi Unix (link
#: targets), certificates and encryption of PKWARE, WinZip AES.
_REFUSED_EXTRAS: Final = frozenset({0x000D, 0x0014, 0x0015, 0x0016, 0x0017, 0x0019, 0x756E, 0x9901})


@dataclass(frozen=True, slots=True, kw_only=True)
class Extra:
    """What a record's extra field says: the values of the ZIP64 field, None without one."""

    zip64: tuple[int, ...] | None = None


_NOTHING: Final = Extra()


def read_extra(raw: bytes, name: bytes, faults: FaultList) -> Extra:
    """What the extra field `raw` of the member `name` says, so far as it matters; its faults are noted."""
    if not raw:
        return _NOTHING
    at, zip64, seen = 0, None, set()
    while at < len(raw):
        if at + _EXTRA.size > len(raw):
            break
        tag, length = _EXTRA.unpack_from(raw, at)
        body = raw[at + _EXTRA.size : at + _EXTRA.size + length]
        at += _EXTRA.size + length
        if tag in _REFUSED_EXTRAS or (tag in seen and tag in {_ZIP64_EXTRA, _UNICODE_NAME_EXTRA}):
            faults.add(
                Code.ZIP_EXTRA,
                f"The member {shown(name)} has the extra field {tag:#06x}, or has it twice; build it without extra "
                "fields.",
            )
        seen.add(tag)
        if tag == _UNICODE_NAME_EXTRA and body[5:] != name:
            faults.add(
                Code.ZIP_EXTRA,
                f"The member {shown(name)} has a second name, {shown(body[5:])}, in an extra field; drop it.",
            )
        if tag == _ZIP64_EXTRA and len(body) % 8 == 0:
            zip64 = struct.unpack(f"<{len(body) // 8}Q", body)
        elif tag == _ZIP64_EXTRA:
            faults.refuse(Code.ZIP_ZIP64, f"The ZIP64 field of {shown(name)} has {len(body)} bytes, no multiple of 8.")
    if at != len(raw):
        faults.add(Code.ZIP_EXTRA, f"The extra field of {shown(name)} is malformed; build it without extra fields.")
    return Extra(zip64=zip64)
