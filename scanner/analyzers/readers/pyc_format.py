"""Compiled Python files read as data: header (PEP 552) and marshalled code, for Python 3.6 to 3.15. Nothing is loaded.

`marshal.loads` crashes the interpreter on hostile bytes and would make code objects; this reader makes tuples.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

__all__ = ["MAX_OBJECTS", "Bytecode", "BytecodeUnreadable", "Code", "read_code", "read_pyc"]

#: Marshalled objects of one file that are read.
MAX_OBJECTS: Final = 400_000
_DEEPEST: Final = 120
_LONGEST_INTEGER: Final = 2_000
_LONGEST_NAME: Final = 200
_HEADER: Final = 16
_OLD_HEADER: Final = 12
_MAGIC_END: Final = b"\r\n"

#: The first magic number of each version of Python; each version's numbers end before the next one's.
_MAGICS: Final = (
    (3360, (3, 6)),
    (3390, (3, 7)),
    (3400, (3, 8)),
    (3420, (3, 9)),
    (3430, (3, 10)),
    (3450, (3, 11)),
    (3500, (3, 12)),
    (3550, (3, 13)),
    (3600, (3, 14)),
    (3650, (3, 15)),
    (3700, None),
)
_FLAG_REF: Final = 0x80
_INT32: Final = struct.Struct("<i")
_INT64: Final = struct.Struct("<q")
_DOUBLE: Final = struct.Struct("<d")


class BytecodeUnreadable(Exception):
    """Bytes that are no compiled Python of a known version, or too much of it; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """A code object as data. `constants` may hold further ones."""

    name: str
    arguments: int
    flags: int
    first_line: int
    instructions: bytes
    constants: tuple[object, ...]
    names: tuple[str, ...]
    variables: tuple[str, ...]
    """Local variables, then cells and free variables, numbered as the instructions number them."""
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Bytecode:
    """A compiled file: the version that wrote it, the size of its source where the header says it, and the code."""

    version: tuple[int, int]
    source_size: int | None
    code: Code


def read_pyc(data: bytes) -> Bytecode:
    """The compiled file `data`.

    Raises:
        BytecodeUnreadable: it is none, is damaged, or comes from a version that is not known here.
    """
    if len(data) < _OLD_HEADER or data[2:4] != _MAGIC_END:
        raise BytecodeUnreadable("no header of compiled Python")
    magic = int.from_bytes(data[:2], "little")
    version = _version(magic)
    if version is None:
        raise BytecodeUnreadable(f"compiled by a Python with the magic number {magic}, which is not read here")
    old = version < (3, 7)
    start = _OLD_HEADER if old else _HEADER
    timed = old or not data[4] & 1
    size = int.from_bytes(data[start - 4 : start], "little") if timed else None
    return Bytecode(version, size, read_code(data[start:], version))


def read_code(data: bytes, version: tuple[int, int]) -> Code:
    """The marshalled code object `data`, as `version` writes it.

    Raises:
        BytecodeUnreadable: it is none, is damaged or too large.
    """
    try:
        code = _Reader(data, version).read()
    except (struct.error, IndexError, UnicodeDecodeError, ValueError, OverflowError) as error:
        raise BytecodeUnreadable(f"damaged: {error}"[:150]) from error
    if not isinstance(code, Code):
        raise BytecodeUnreadable(f"a marshalled {type(code).__name__} and no code")
    return code


def _version(magic: int) -> tuple[int, int] | None:
    found = None
    for first, version in _MAGICS:
        if magic >= first:
            found = version
    return found


class _Reader:
    """Reads marshalled objects one after another; what is shared is kept by number, as marshal does."""

    def __init__(self, data: bytes, version: tuple[int, int]) -> None:
        self._data = data
        self._version = version
        self._at = 0
        self._shared: list[object] = []
        self._count = 0
        self._depth = 0

    def read(self) -> object:
        """The next object.

        Raises:
            BytecodeUnreadable: there are too many, they are nested too deeply, or of an unknown kind.
        """
        self._count += 1
        if self._count > MAX_OBJECTS:
            raise BytecodeUnreadable(f"more than {MAX_OBJECTS} objects")
        kind = self._data[self._at]
        self._at += 1
        letter = chr(kind & ~_FLAG_REF)
        slot = None
        if kind & _FLAG_REF and letter != "r":
            slot = len(self._shared)
            self._shared.append(None)
        if self._depth >= _DEEPEST:
            raise BytecodeUnreadable(f"objects nested more than {_DEEPEST} deep")
        self._depth += 1
        value = self._value(letter)
        self._depth -= 1
        if slot is not None:
            self._shared[slot] = value
        return value

    def _value(self, letter: str) -> object:
        if letter in _SINGLE:
            return _SINGLE[letter]
        if letter in _LONG_TEXT:
            return self._text(self._size(), ascii_only=letter in "aA")
        if letter in "zZ":
            return self._text(self._byte(), ascii_only=True)
        if letter in "([<>":
            return tuple(self.read() for _ in range(self._count_of(self._size())))
        if letter == ")":
            return tuple(self.read() for _ in range(self._byte()))
        other = getattr(self, f"_read_{_OTHERS[letter]}", None) if letter in _OTHERS else None
        if other is None:
            raise BytecodeUnreadable(f"an object of the unknown kind {letter!r}")
        return other()

    def _read_bytes(self) -> bytes:
        return self._take(self._size())

    def _read_int(self) -> int:
        return int(_INT32.unpack(self._take(4))[0])

    def _read_int64(self) -> int:
        return int(_INT64.unpack(self._take(8))[0])

    def _read_long(self) -> int:
        count = self._read_int()
        digits = struct.unpack(f"<{abs(count)}H", self._take(2 * abs(count)))
        value = 0
        for digit in reversed(digits[:_LONGEST_INTEGER]):
            value = (value << 15) | digit
        return -value if count < 0 else value

    def _read_float(self) -> float:
        return float(_DOUBLE.unpack(self._take(8))[0])

    def _read_complex(self) -> complex:
        return complex(*struct.unpack("<dd", self._take(16)))

    def _read_float_text(self) -> str:
        return self._take(self._byte()).decode("ascii")

    def _read_complex_text(self) -> tuple[str, str]:
        return self._read_float_text(), self._read_float_text()

    def _read_slice(self) -> tuple[object, ...]:
        return self.read(), self.read(), self.read()

    def _read_dict(self) -> tuple[object, ...]:
        pairs: list[object] = []
        while (key := self.read()) is not _NULL:
            pairs.append((key, self.read()))
        return tuple(pairs)

    def _read_shared(self) -> object:
        return self._shared[self._size()]

    def _read_code(self) -> Code:
        old = self._version < (3, 11)
        arguments = self._read_int()
        if self._version >= (3, 8):
            self._read_int()  # of them positional-only
        arguments += self._read_int()
        if old:
            self._read_int()  # number of local variables
        self._read_int()  # stack size
        flags = self._read_int()
        instructions, constants, names = self.read(), self.read(), _texts(self.read())
        variables = _texts(self.read())
        if old:
            free, cells = _texts(self.read()), _texts(self.read())
            cells += free
        else:
            kinds = self.read()
            cells = tuple(n for n, kind in zip(variables, _bytes(kinds), strict=False) if kind & _CELL_KINDS)
        self.read()  # the name of the source file
        name = self.read()
        if not old:
            self.read()  # the qualified name
        first_line = self._read_int()
        self.read()  # line numbers
        if not old:
            self.read()  # table of exceptions
        return Code(
            name=name[:_LONGEST_NAME] if isinstance(name, str) else "",
            arguments=arguments,
            flags=flags,
            first_line=first_line,
            instructions=_bytes(instructions),
            constants=constants if isinstance(constants, tuple) else (),
            names=names,
            variables=variables,
            cells=cells,
        )

    def _take(self, size: int) -> bytes:
        if size < 0 or size > len(self._data) - self._at:
            raise BytecodeUnreadable(f"{size} bytes are announced, and {len(self._data) - self._at} are left")
        taken = self._data[self._at : self._at + size]
        self._at += size
        return taken

    def _text(self, size: int, *, ascii_only: bool) -> str:
        return self._take(size).decode(
            "latin-1" if ascii_only else "utf-8", "surrogatepass" if not ascii_only else "strict"
        )

    def _byte(self) -> int:
        return self._take(1)[0]

    def _size(self) -> int:
        return int.from_bytes(self._take(4), "little")

    def _count_of(self, size: int) -> int:
        if size > len(self._data) - self._at:  # an object has one byte or more
            raise BytecodeUnreadable(f"{size} objects are announced, and {len(self._data) - self._at} bytes are left")
        return size


def _texts(value: object) -> tuple[str, ...]:
    return (
        tuple(item[:_LONGEST_NAME] if isinstance(item, str) else "" for item in value)
        if isinstance(value, tuple)
        else ()
    )


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else b""


_NULL: Final = object()
#: Kinds of local variables (Python 3.11): cells and free variables.
_CELL_KINDS: Final = 0x40 | 0x80
_SINGLE: Final = {"0": _NULL, "N": None, "T": True, "F": False, ".": ..., "S": StopIteration}
_LONG_TEXT: Final = "utaA"
_OTHERS: Final = {
    "s": "bytes",
    "i": "int",
    "I": "int64",
    "l": "long",
    "g": "float",
    "f": "float_text",
    "y": "complex",
    "x": "complex_text",
    "{": "dict",
    "r": "shared",
    "c": "code",
    ":": "slice",
}
