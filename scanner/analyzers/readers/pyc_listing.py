"""Compiled code written out as Python again, roughly: what it imports, calls and assigns, in the order of the code.

Jumps are ignored: both ways of an `if` stand one behind the other, a loop's body stands once. That is enough to see
what is called with what. The text is only ever analysed.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from scanner.analyzers.readers.pyc_expressions import EXPRESSIONS
from scanner.analyzers.readers.pyc_format import Code
from scanner.analyzers.readers.pyc_names import NAMES
from scanner.analyzers.readers.pyc_opcodes import opcodes
from scanner.analyzers.readers.pyc_stack import Budget, Stack
from scanner.analyzers.readers.pyc_text import Literals, function_name, identifier

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanner.analyzers.readers.pyc_format import Bytecode

__all__ = ["Listing", "all_codes", "listing", "words"]

_DEEPEST: Final = 12
_HANDLERS: Final = {**NAMES, **EXPRESSIONS}
_VARIABLE_ARGUMENTS: Final = 0x0C
#: Names and constants of one file that are looked at. One code object may be in it many times.
_MAX_WORDS: Final = 200_000
_MAX_WORDS_TEXT: Final = 900_000


@dataclass(frozen=True, slots=True)
class Listing:
    """The text, and how many instructions in it have a number that means nothing to the version."""

    text: str
    unknown: int


def listing(bytecode: Bytecode) -> Listing:
    """The code as Python source, which parses and is not meant to run."""
    writer = _Writer(bytecode.version)
    text = "\n".join(writer.body(bytecode.code, 0)) + "\n"
    return Listing(text, writer.unknown)


def all_codes(code: Code) -> Iterator[Code]:
    """`code` and the code in it."""
    waiting, left = [code], _MAX_WORDS
    while waiting and left > 0:
        current = waiting.pop()
        left -= 1 + len(current.names) + len(current.constants)
        yield current
        waiting += [constant for constant in current.constants if isinstance(constant, Code)]


def words(code: Code) -> str:
    """Names and constants of code whose instructions are not known; names that follow one another are joined, too."""
    lines: list[str] = []
    size = 0
    for current in all_codes(code):
        names = [name for name in current.names if name]
        lines += names
        lines += [f"{first}.{second}(" for first, second in pairwise(names)]
        lines += [Literals().text(constant) for constant in current.constants if isinstance(constant, str | bytes)]
        size += sum(map(len, lines[-3 * len(names) - len(current.constants) :]))
        if size > _MAX_WORDS_TEXT:
            break
    return "\n".join(lines)[:_MAX_WORDS_TEXT]


class _Writer:
    """Writes code objects, functions before the code that makes them, within one budget."""

    def __init__(self, version: tuple[int, int]) -> None:
        self._version = version
        self._opcodes = opcodes(version)
        self._budget = Budget()
        self.unknown = 0

    def body(self, code: Code, depth: int) -> Iterator[str]:
        """The statements of `code`, indented by `depth`."""
        pad = " " * depth
        for constant in code.constants:
            if not isinstance(constant, Code):
                continue
            self._budget.codes -= 1
            if self._budget.codes < 0 or depth >= _DEEPEST:
                break
            yield from self._definition(constant, depth)
        stack = Stack(code, self._version, self._budget)
        for statement in self._statements(stack):
            self._budget.text -= len(statement) + depth
            if self._budget.text < 0:
                break
            yield pad + statement
        self.unknown += stack.unknown

    def _definition(self, code: Code, depth: int) -> Iterator[str]:
        pad = " " * depth
        if "__qualname__" in code.names and "__module__" in code.names:
            yield f"{pad}class {function_name(code)}:"
        else:
            arguments = ", ".join(dict.fromkeys(map(identifier, code.variables[: min(max(code.arguments, 0), 255)])))
            star = ", *_args, **_keywords" if code.flags & _VARIABLE_ARGUMENTS else ""
            yield f"{pad}def {function_name(code)}({(arguments + star).lstrip(', ')}):"
        yield f"{pad} pass"
        yield from self.body(code, depth + 1)

    def _statements(self, stack: Stack) -> Iterator[str]:
        raw = stack.code.instructions
        extended = 0
        for at in range(0, len(raw) - 1, 2):
            word, operator = self._opcodes.get(raw[at], ("UNKNOWN", ""))
            argument = extended << 8 | raw[at + 1]
            extended = argument & 0xFFFFFF if word == "EXTENDED_ARG" else 0
            self._budget.steps -= 1
            if self._budget.steps < 0:
                break
            if raw[at] == 0 or word in {"NOP", "EXTENDED_ARG"}:
                continue
            handler = _HANDLERS.get(word)
            if handler is None:
                stack.unknown += 1
                stack.flush()
            else:
                handler(stack, argument, operator)
            yield from stack.written()
        stack.flush()
        yield from stack.written()
