"""Expressions of the listing of bytecode, as text."""

from __future__ import annotations

import ast
import keyword
import math
from typing import Final

from scanner.analyzers.readers.pyc_format import Code

__all__ = [
    "MAX_EXPRESSION",
    "Literals",
    "assignable",
    "attribute",
    "bound",
    "called",
    "function_name",
    "grouped",
    "identifier",
    "is_plain",
    "names_in",
]

#: Characters of one expression; a longer one is written as `_`.
MAX_EXPRESSION: Final = 400_000
_LONG_NUMBER: Final = 256
_LONGEST_NAMES: Final = 10_000
_LONGEST_TUPLE: Final = 2_000
_DEEPEST: Final = 12


def is_plain(name: str) -> bool:
    """Whether Python takes `name` for a name."""
    return name.isidentifier() and not keyword.iskeyword(name)


def identifier(name: str) -> str:
    """`name`, or a name that says the same where it is none (compilers make `.0` and `<lambda>`)."""
    if is_plain(name):
        return name
    return "_" + "".join(character if character.isalnum() and character.isascii() else "_" for character in name[:60])


def function_name(code: Code) -> str:
    """Under which name the listing defines `code`."""
    return code.name if is_plain(code.name) else f"{identifier(code.name)}_{code.first_line & 0xFFFFFF}"


class Literals:
    """Writes one constant. Constants may hold one another many times over, so what is written has an end."""

    def __init__(self) -> None:
        self._left = MAX_EXPRESSION

    def text(self, value: object, depth: int = 0) -> str:
        """The constant as an expression."""
        written = self._written(value, depth) if self._left > 0 else "_"
        self._left -= len(written)
        return written

    def _written(self, value: object, depth: int) -> str:
        if isinstance(value, Code):
            return function_name(value)
        if isinstance(value, tuple) and depth < _DEEPEST:
            inner = ", ".join(self.text(item, depth + 1) for item in value[:_LONGEST_TUPLE])
            return f"({inner},)" if len(value) == 1 else f"({inner})"
        if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > _LONG_NUMBER:
            return hex(value)
        if value is None or isinstance(value, bool | int | str | bytes | complex):
            return repr(value)
        if isinstance(value, float):
            return repr(value) if math.isfinite(value) else "0.0"
        return "..." if value is ... else "_"


def names_in(text: str) -> tuple[str, ...]:
    """The strings of a tuple that was written as a constant."""
    if len(text) > _LONGEST_NAMES:
        return ()
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return ()
    return tuple(map(str, value)) if isinstance(value, tuple) else ()


def grouped(text: str) -> str:
    """`text` so that something may follow it: numbers and signs in brackets."""
    return f"({text})" if text[:1] in "-+~0123456789" else text


def attribute(base: str, name: str) -> str:
    """`base.name`."""
    return f"{grouped(base)}.{name}" if is_plain(name) else f"getattr({base}, {name!r})"


def assignable(target: str) -> bool:
    """Whether `target` begins like something that takes a value."""
    return (target[:1].isalpha() or target[:1] == "_") and not target.endswith(")")


def called(function: str, arguments: list[str]) -> str:
    """The call. What builds a class is written as the class."""
    if function == "__build_class__" and arguments:
        return arguments[0]
    return f"{grouped(function)}({', '.join(arguments)})"


def bound(text: str) -> str:
    """One side of a slice."""
    return "" if text in {"None", "_"} else text
