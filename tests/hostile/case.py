"""One hostile artifact and what happens to it; and the classes of hostile artifacts that have to be covered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from scanner.archive import DEFAULT_LIMITS, Limits

__all__ = ["CLASSES", "Case", "accepted", "refused"]

#: Classes whose answer the bytes or the filename alone decide. Those that need the scanner or the index are elsewhere.
CLASSES: Final = {
    1: "ratio or total size of a bomb",
    2: "overlapping ZIP entries",
    3: "nested archive",
    4: "ZIP method other than stored and deflated",
    5: "gzip bomb, gzip in gzip",
    6: "traversal, absolute, drive or backslash in a name",
    7: "NUL or control character in a name",
    8: "name that is not UTF-8 or not marked so",
    9: "duplicate name in a ZIP archive",
    10: "names that differ in case only",
    11: "names that differ in Unicode normalization only",
    12: "Windows device or trailing dot",
    13: "symbolic link in a ZIP archive",
    14: "link out of a tar archive",
    15: "link inside a tar archive",
    16: "device or fifo in a tar archive",
    17: "set-user-id or set-group-id mode",
    18: "too many entries",
    19: "ZIP64 records that lie",
    20: "local header that differs from the central directory",
    21: "prepended data",
    22: "appended data",
    23: "several end records, comments",
    24: "directory size or count that lies",
    25: "multi-disk archive",
    26: "encrypted entry",
    27: "checksum error",
    28: "impossible date",
    29: "folder with data",
    30: "ZIP and tar at once",
    31: "pax record that lies or is huge",
    32: "pax size that differs from the header's",
    33: "huge GNU long name",
    34: "sparse member",
    35: "wrong checksum in the middle of a tar archive",
    36: "data after the end",
    37: "truncated gzip or tar",
    38: "negative or base-256 size",
    39: "top folder or PKG-INFO of an sdist",
    40: "sdist metadata that differ from the filename",
    41: "sdist without pyproject.toml",
    42: "duplicate name in a tar archive",
    43: "wheel without WHEEL, METADATA or RECORD",
    44: "RECORD that does not fit",
    45: "RECORD that lists itself with a hash, RECORD.jws",
    46: "wheel metadata that differ from the filename",
    47: "filename that is not normalized",
    48: "odd, long or exploding filename",
    49: "metadata that break the specification",
    50: "huge metadata",
    51: "requirement of a URL",
    52: "metadata that make parsers recurse",
}


@dataclass(frozen=True, kw_only=True)
class Case:
    """An artifact of class `number`: refused with exactly `codes`, or accepted when there are none."""

    number: int
    id: str
    filename: str
    data: bytes
    codes: frozenset[str] = frozenset()
    limits: Limits = DEFAULT_LIMITS


def refused(number: int, id_: str, upload: tuple[str, bytes], *codes: str, limits: Limits = DEFAULT_LIMITS) -> Case:
    """A case that has to be refused with exactly these codes."""
    assert codes
    filename, data = upload
    return Case(number=number, id=id_, filename=filename, data=data, codes=frozenset(codes), limits=limits)


def accepted(number: int, id_: str, upload: tuple[str, bytes]) -> Case:
    """A case that the archive lets pass: it is a matter for the scanner, or harmless."""
    filename, data = upload
    return Case(number=number, id=id_, filename=filename, data=data)
