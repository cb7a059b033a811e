"""What the engine notes while it walks a module: calls with effects, and the values that reach them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from scanner.behaviour.records import Record
from scanner.behaviour.values import PLACEHOLDER, UNKNOWN, Value

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scanner.behaviour.scopes import FunctionInfo

__all__ = ["Blob", "Event", "ModuleReport", "spoken"]

_SPOKEN_LIMIT = 20_000


class Event(Record):
    """One call (or use) with an effect. `what` is an `Effect`, or the name of a trait such as `hidden-name`."""

    what: str
    callee: str
    line: int
    column: int
    arguments: tuple[Value, ...] = ()
    value: Value = UNKNOWN
    text: str = ""
    function: FunctionInfo | None = None
    guarded: bool = False
    """Below `if __name__ == "__main__"`."""
    discarded: bool = False
    """Nothing is done with what the call gives."""


@dataclass(frozen=True, slots=True)
class Blob:
    """A literal that was decoded, and the line where that was seen."""

    data: bytes
    steps: tuple[str, ...]
    line: int
    executed: bool = False


@dataclass(slots=True, eq=False)
class ModuleReport:
    """All that one module was seen to do."""

    events: list[Event] = field(default_factory=list)
    blobs: list[Blob] = field(default_factory=list)
    functions: list[FunctionInfo] = field(default_factory=list)
    hooks: dict[FunctionInfo, str] = field(default_factory=dict)
    """Methods of classes that a build or install command overrides, and the command's name."""
    at_import: set[FunctionInfo | None] = field(default_factory=set)
    """Functions that run when the module runs; None is the module's own body."""
    calls: dict[str, set[FunctionInfo | None]] = field(default_factory=dict)
    """Names outside the module and the standard library that are called, and by which functions."""
    globals: dict[str, Value] = field(default_factory=dict)
    """What the module's names are bound to in the end."""
    literals: list[tuple[str | bytes, int]] = field(default_factory=list)
    """Literals that look encoded, and their lines."""
    written: list[str] = field(default_factory=list)
    """Texts that were written to files: often the next stage."""
    marked: dict[str, int] = field(default_factory=dict)
    """Paths that were seen to name files which were fetched or written."""
    incomplete: str = ""
    """Why the walk ended early, if it did."""
    broken: str = ""
    """The name of the error that ended the walk, if one did: a defect of the engine, perhaps provoked."""

    @property
    def exports(self) -> dict[str, str]:
        """Names that the module has from elsewhere, and the qualified names of what they are."""
        return {name: value.ref for name, value in self.globals.items() if value.ref and value.target is None}

    @property
    def blobs_and_literals(self) -> Iterator[tuple[tuple[str, ...], bytes, bool]]:
        """Decoding steps, bytes, and whether they are decoded already."""
        for blob in self.blobs:
            yield blob.steps, blob.data, True
        for text in self.written:
            yield ("written",), text.encode("utf-8", "surrogatepass"), True
        for literal, _line in self.literals:
            yield (), literal.encode("utf-8", "surrogatepass") if isinstance(literal, str) else literal, False


def spoken(values: Sequence[Value]) -> str:
    """The words of a command or address, as far as they are known."""
    words: list[str] = []
    size = 0
    waiting = list(reversed(values))
    while waiting and size < _SPOKEN_LIMIT:
        value = waiting.pop()
        text = value.text
        if text is None and isinstance(value.elements, list | tuple):
            waiting.extend(reversed(value.elements[:64]))
            continue
        if text is None:
            text = str(value.const) if isinstance(value.const, int) else PLACEHOLDER
        words.append(text[:_SPOKEN_LIMIT])
        size += len(text)
    return " ".join(words)
