"""The stack of the listing of bytecode: expressions as text. What is taken from an empty stack is `_`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from scanner.analyzers.readers.pyc_text import MAX_EXPRESSION, Literals, identifier

if TYPE_CHECKING:
    from scanner.analyzers.readers.pyc_format import Code

__all__ = ["MAX_LISTING", "NULL", "Budget", "Stack"]

#: Characters of a listing; what comes after them is left out.
MAX_LISTING: Final = 900_000
#: Functions in a listing, and slices remembered of one.
_MAX_CODES: Final = 4_000
#: Instructions that are followed, and characters that are put on the stack: code may use one constant many times.
_MAX_STEPS: Final = 600_000
_MAX_PUSHED: Final = 24_000_000
_MAX_TAKEN: Final = 1024

#: The mark that Python 3.11 and later put beside a callable.
NULL: Final = ""


@dataclass(slots=True)
class Budget:
    """What one listing may still take."""

    text: int = MAX_LISTING
    codes: int = _MAX_CODES
    steps: int = _MAX_STEPS
    pushed: int = _MAX_PUSHED


class Stack:
    """One code object's stack, and the statements that fell off it."""

    def __init__(self, code: Code, version: tuple[int, int], budget: Budget) -> None:
        self.code = code
        self.version = version
        self.unknown = 0
        self.keywords: tuple[str, ...] = ()
        """Names of the keyword arguments of the next call."""
        self._budget = budget
        self._items: list[str] = []
        self._written: list[str] = []
        self._slices: dict[str, str] = {}

    def written(self) -> list[str]:
        """The statements that were written since the last time."""
        out, self._written = self._written, []
        return out

    def push(self, text: str) -> None:
        """`text` lies on top."""
        self._budget.pushed -= len(text)
        self._items.append(text if len(text) <= MAX_EXPRESSION and self._budget.pushed > 0 else "_")

    def push_mark(self) -> None:
        """A mark lies on top."""
        self._items.append(NULL)

    def push_constant(self, index: int) -> None:
        """The constant of that number lies on top."""
        constants = self.code.constants
        known = index < len(constants) and self._budget.pushed > 0
        self.push(Literals().text(constants[index]) if known else "_")

    def pop(self) -> str:
        """The topmost expression; marks above it are dropped."""
        while self._items:
            if (text := self._items.pop()) != NULL:
                return text
        return "_"

    def pop_item(self) -> str:
        """The topmost thing, a mark as well as an expression."""
        return self._items.pop() if self._items else NULL

    def take(self, count: int) -> list[str]:
        """The `count` topmost things in the order in which they were put there."""
        count = min(count, _MAX_TAKEN)
        if not count:
            return []
        taken = self._items[-count:]
        del self._items[-count:]
        return ["_"] * (count - len(taken)) + [text or "_" for text in taken]

    def peek(self, depth: int = 1) -> str:
        """The thing that lies `depth` from the top."""
        return self._items[-depth] or "_" if 0 < depth <= len(self._items) else "_"

    def swap(self, depth: int) -> None:
        """The topmost thing and the one at `depth` change places."""
        if 0 < depth <= len(self._items):
            self._items[-1], self._items[-depth] = self._items[-depth], self._items[-1]

    def sink(self, depth: int) -> None:
        """The topmost thing lies at `depth`."""
        if len(self._items) >= depth:
            self._items.insert(1 - depth or len(self._items), self._items.pop())

    def name(self, index: int) -> str:
        """The name of that number."""
        return self.code.names[index] if index < len(self.code.names) else "_"

    def variable(self, index: int) -> str:
        """The local variable of that number, as a name that Python takes."""
        return identifier(self.code.variables[index]) if index < len(self.code.variables) else "_"

    def cell(self, index: int) -> str:
        """The cell or free variable of that number, as Python up to 3.10 counts them."""
        return identifier(self.code.cells[index]) if index < len(self.code.cells) else "_"

    def remember_slice(self, text: str, written: str) -> None:
        """`text` is written as `written` when it is a subscript."""
        if len(self._slices) < _MAX_CODES:
            self._slices[text] = written

    def subscript(self, text: str) -> str:
        """`text` as it stands between brackets."""
        return self._slices.get(text, text)

    def write(self, text: str) -> None:
        """`text` is a statement."""
        self._written.append(text)

    def write_call(self, text: str) -> None:
        """`text` is a statement, if it does anything."""
        if "(" in text:
            self.write(text)

    def assign(self, target: str, value: str) -> None:
        """`target = value` is a statement."""
        if target != value:
            self.write(f"{target} = {value}")

    def flush(self) -> None:
        """Nothing lies on the stack, and the calls that did are statements."""
        for text in self._items:
            self.write_call(text)
        self._items.clear()
