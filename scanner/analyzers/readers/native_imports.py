"""The functions that a native program takes from its system: import table of PE, dynamic symbols of ELF and Mach-O."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MAX_SYMBOLS", "imports_of"]

#: Symbols of one program that are read.
MAX_SYMBOLS: Final = 60_000
_MAX_LIBRARIES: Final = 500
_MAX_SECTIONS: Final = 200
_LONGEST: Final = 200


def imports_of(data: bytes) -> frozenset[str]:
    """The names that the program imports. Damaged and stripped tables give what can be read of them."""
    reader = _elf if data.startswith(b"\x7fELF") else _pe if data.startswith(b"MZ") else _macho
    found: set[str] = set()
    try:
        for name in reader(data):
            found.add(name)
            if len(found) >= MAX_SYMBOLS:
                break
    except (struct.error, IndexError, ValueError, OverflowError):
        pass
    return frozenset(found)


def _text(data: bytes, at: int) -> str:
    if at < 0 or at >= len(data):
        return ""
    end = data.find(b"\0", at, at + _LONGEST)
    return data[at:end].decode("ascii", "replace") if end > at else ""


# ELF (System V ABI): sections of type SHT_DYNSYM, with the string table that they link to.


def _elf(data: bytes) -> Iterator[str]:
    wide = data[4] == 2  # noqa: PLR2004 # ELFCLASS64
    order = ">" if data[5] == 2 else "<"  # noqa: PLR2004 # ELFDATA2MSB
    offset = struct.unpack_from(order + ("Q" if wide else "L"), data, 0x28 if wide else 0x20)[0]
    size, count = struct.unpack_from(f"{order}2H", data, 0x3A if wide else 0x2E)
    layout = struct.Struct(order + ("2L4Q2L2Q" if wide else "10L"))
    headers = [layout.unpack_from(data, offset + size * index) for index in range(min(count, _MAX_SECTIONS))]
    if not any(header[1] == 11 for header in headers):  # noqa: PLR2004 # SHT_DYNSYM
        yield from _elf_without_sections(data)
        return
    entry = struct.Struct(order + ("L2BH2Q" if wide else "3L2BH"))
    for header in headers:
        if header[1] != 11 or header[6] >= len(headers):  # noqa: PLR2004 # SHT_DYNSYM
            continue
        strings = headers[header[6]][4]
        for index in range(min(header[5] // entry.size, MAX_SYMBOLS)):
            symbol = entry.unpack_from(data, header[4] + index * entry.size)
            section = symbol[3] if wide else symbol[5]
            if section == 0 and symbol[0]:
                yield _text(data, strings + symbol[0])


def _elf_without_sections(data: bytes) -> Iterator[str]:
    """Where the section headers were stripped: every word of the first string table that looks like a name."""
    at = data.find(b"\0libc.so.6\0")
    if at < 0:
        return
    start = max(0, at - 64 * 1024)
    for word in data[start : at + 64 * 1024].split(b"\0"):
        if 2 < len(word) < _LONGEST and word.isascii() and word.replace(b"_", b"").isalnum():  # noqa: PLR2004 # shortest
            yield word.decode("ascii")


# PE (Microsoft PE and COFF specification): data directories 1 (imports) and 13 (delayed imports).


@dataclass(frozen=True, slots=True)
class _Sections:
    """Where the parts of a PE file lie, in memory and in the file."""

    parts: tuple[tuple[int, int, int], ...]

    def offset(self, address: int) -> int:
        """Where in the file the memory address lies; -1 for nowhere."""
        for start, size, where in self.parts:
            if start <= address < start + size:
                return where + address - start
        return -1


def _pe(data: bytes) -> Iterator[str]:
    header = int.from_bytes(data[0x3C:0x40], "little")
    if data[header : header + 4] != b"PE\0\0":
        return
    count = int.from_bytes(data[header + 6 : header + 8], "little")
    optional = header + 24
    wide = data[optional : optional + 2] == b"\x0b\2"
    directories = optional + (112 if wide else 96)
    table = optional + int.from_bytes(data[header + 20 : header + 22], "little")
    parts = []
    for index in range(min(count, _MAX_SECTIONS)):
        size, address, raw, where = struct.unpack_from("<4L", data, table + 40 * index + 8)
        parts.append((address, max(size, raw), where))
    sections = _Sections(tuple(parts))
    for number, step, name_at, thunks_at in ((1, 20, 12, 0), (13, 32, 4, 16)):
        start = sections.offset(struct.unpack_from("<L", data, directories + 8 * number)[0])
        if start > 0:
            yield from _descriptors(data, sections, start, (step, name_at, thunks_at, wide))


def _descriptors(data: bytes, sections: _Sections, start: int, shape: tuple[int, int, int, bool]) -> Iterator[str]:
    step, name_at, thunks_at, wide = shape
    for index in range(_MAX_LIBRARIES):
        at = start + step * index
        name, thunks = (struct.unpack_from("<L", data, at + field)[0] for field in (name_at, thunks_at))
        if not name:
            return
        yield _text(data, sections.offset(name)).lower()
        if not thunks and thunks_at == 0:
            thunks = struct.unpack_from("<L", data, at + 16)[0]
        yield from _thunks(data, sections, sections.offset(thunks), wide=wide)


def _thunks(data: bytes, sections: _Sections, at: int, *, wide: bool) -> Iterator[str]:
    size = 8 if wide else 4
    if at < 0:
        return
    for index in range(MAX_SYMBOLS):
        value = int.from_bytes(data[at + size * index : at + size * (index + 1)], "little")
        if not value:
            return
        if not value >> (size * 8 - 1):  # else imported by number
            yield _text(data, sections.offset(value & 0x7FFFFFFF) + 2)


# Mach-O: the symbol table of LC_SYMTAB, in which what is undefined is imported.


def _macho(data: bytes) -> Iterator[str]:
    if data[:4] == b"\xca\xfe\xba\xbe":
        for index in range(min(int.from_bytes(data[4:8], "big"), 8)):
            offset, size = struct.unpack_from(">2L", data, 8 + 20 * index + 8)
            if size <= len(data) and data[offset : offset + 4] != b"\xca\xfe\xba\xbe":
                yield from _macho(data[offset : offset + size])
        return
    order = "<" if data[:1] in b"\xce\xcf" else ">"
    wide = b"\xcf" in data[:4]
    count = struct.unpack_from(f"{order}L", data, 16)[0]
    at = 32 if wide else 28
    for _ in range(min(count, _MAX_SECTIONS)):
        command, size = struct.unpack_from(f"{order}2L", data, at)
        if command == 2:  # noqa: PLR2004 # LC_SYMTAB
            yield from _macho_symbols(data, order, struct.unpack_from(f"{order}4L", data, at + 8), wide=wide)
        if size < 8:  # noqa: PLR2004 # a command has its header
            return
        at += size


def _macho_symbols(data: bytes, order: str, table: tuple[int, ...], *, wide: bool) -> Iterator[str]:
    symbols, count, strings, _ = table
    step = 16 if wide else 12
    for index in range(min(count, MAX_SYMBOLS)):
        name, kind = struct.unpack_from(f"{order}LB", data, symbols + step * index)
        if kind & 0x0E == 0 and kind & 1:  # undefined and external
            yield _text(data, strings + name).removeprefix("_")
