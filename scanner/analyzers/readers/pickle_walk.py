"""A pickle's instructions walked as its reader would, with names in place of objects. Nothing is imported or called.

The walk keeps a stack of what is known (texts, callables, results of calls), so that a callable is found however its
name came onto the stack: written out, through the memo, or by `getattr`. A pickle that breaks off in the middle has run
up to there when it is loaded, so what was seen before counts.
"""

from __future__ import annotations

import io
import pickletools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["MAX_OPCODES", "Call", "Name", "PickleFacts", "pickles_in", "walk_pickle"]

#: Instructions of one member's pickles that are walked.
MAX_OPCODES: Final = 400_000
_MAX_TEXTS: Final = 4_000
_MAX_ALL_TEXTS: Final = 4 * 1024 * 1024
_MAX_TEXT: Final = 512 * 1024
_MAX_CALLS: Final = 2_000
_CALLS_OF_EACH: Final = 8
_DEEPEST: Final = 40


@dataclass(frozen=True, slots=True)
class Name:
    """A callable that the pickle looks up. An empty module means that the name was not written anywhere."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}" if self.module else "a computed name"


@dataclass(frozen=True, slots=True)
class Call:
    """A call that the pickle makes: of a name, or of what another call gave back."""

    function: object
    arguments: tuple[object, ...]
    depth: int = 0


@dataclass(slots=True)
class PickleFacts:
    """What a pickle looks up, calls and holds; `broken` says why the walk ended before the end, if it did."""

    names: dict[Name, int] = field(default_factory=dict)
    """The names that are looked up, with the offset of the first time."""
    calls: list[Call] = field(default_factory=list)
    texts: list[bytes] = field(default_factory=list)
    size: int = 0
    steps: int = 0
    broken: str = ""
    exhausted: bool = False


class _Broken(Exception):
    """The pickle does what no pickler does; its reader stops there."""


_MARK: Final = object()
_UNKNOWN: Final = object()


def walk_pickle(data: bytes, most: int = MAX_OPCODES) -> PickleFacts:
    """What the pickle at the beginning of `data` would do, as far as `most` instructions tell."""
    walk = _Walk(PickleFacts())
    try:
        for opcode, argument, position in pickletools.genops(io.BytesIO(data)):
            walk.facts.size = (position or 0) + 1
            walk.step(opcode, argument, position or 0)
            walk.facts.steps += 1
            if walk.facts.steps >= most:
                walk.facts.exhausted = True
                break
    except _Broken as error:
        walk.facts.broken = str(error)
    except Exception as error:  # noqa: BLE001 # pickletools breaks on hostile bytes in many ways; each ends the walk
        walk.facts.broken = f"{type(error).__name__}: {error}"[:120]
    return walk.facts


def pickles_in(data: bytes, most: int = 64) -> Iterator[PickleFacts]:
    """Each of the pickles that stand one behind the other at the beginning of `data`."""
    at, left = 0, MAX_OPCODES
    for _ in range(most):
        if at >= len(data) or (at and data[at : at + 1] != b"\x80"):
            return
        facts = walk_pickle(data[at:] if at else data, left)
        left -= facts.steps
        yield facts
        if facts.broken or facts.exhausted or not facts.size:
            return
        at += facts.size


class _Walk:
    """The machine: a stack and a memo of what is known."""

    def __init__(self, facts: PickleFacts) -> None:
        self.facts = facts
        self._stack: list[object] = []
        self._memo: dict[int, object] = {}
        self._counts: dict[object, int] = {}
        self._text_left = _MAX_ALL_TEXTS

    def step(self, opcode: pickletools.OpcodeInfo, argument: object, position: int) -> None:
        name = opcode.name
        if isinstance(argument, str | bytes | bytearray) and name not in {"GLOBAL", "INST", "PERSID"}:
            self._keep(argument)
        special = _SPECIAL.get(name)
        if special is not None:
            special(self, argument, position)
        elif name in _RECALLS:
            self._stack.append(self._memo.get(_number(argument), _UNKNOWN))
        elif name in _MEMORIZES:
            index = len(self._memo) if name == "MEMOIZE" else _number(argument)
            self._memo[index] = self._top()
        else:
            self._generic(name, argument)

    def _generic(self, opcode: str, argument: object) -> None:
        below, from_mark, after = _PLANS[opcode]
        items = self._to_mark() if from_mark else []
        popped = self._pop(below)
        if opcode in _GROUPS:
            self._stack.append(tuple(items) if from_mark else popped)
        elif opcode in _KEEPS:
            self._stack.append(popped[0])
        elif opcode == "MARK":
            self._stack.append(_MARK)
        elif after:
            known = argument if isinstance(argument, str | bytes) and not below else _UNKNOWN
            self._stack += [known] * after

    # The instructions that name and call

    def look_up(self, argument: object, position: int) -> None:
        module, _, name = str(argument).partition(" ")
        self._named(Name(module, name), position)

    def look_up_from_stack(self, _: object, position: int) -> None:
        module, name = self._pop(2)
        known = isinstance(module, str) and isinstance(name, str)
        self._named(Name(str(module), str(name)) if known else Name("", ""), position)

    def extension(self, argument: object, position: int) -> None:
        self._named(Name("copyreg", f"extension {_number(argument)}"), position)

    def reduce(self, *_: object) -> None:
        function, arguments = self._pop(2)
        self._called(function, arguments if isinstance(arguments, tuple) else (arguments,))

    def new_with_keywords(self, *_: object) -> None:
        function, arguments, keywords = self._pop(3)
        plain = arguments if isinstance(arguments, tuple) else (arguments,)
        self._called(function, (*plain, keywords))

    def instance(self, argument: object, position: int) -> None:
        arguments = tuple(self._to_mark())
        module, _, name = str(argument).partition(" ")
        self._named(Name(module, name), position)
        self._called(self._pop(1)[0], arguments)

    def make_object(self, *_: object) -> None:
        items = self._to_mark()
        if not items:
            raise _Broken("an object without a class")
        self._called(items[0], tuple(items[1:]))

    def build(self, *_: object) -> None:
        self._pop(1)
        self._top()

    def duplicate(self, *_: object) -> None:
        self._stack.append(self._top())

    def pop(self, *_: object) -> None:
        self._pop(1)

    # The stack

    def _named(self, name: Name, position: int) -> None:
        self.facts.names.setdefault(name, position)
        self._stack.append(name)

    def _called(self, function: object, arguments: tuple[object, ...]) -> None:
        depth = 1 + max((part.depth for part in (function, *arguments) if isinstance(part, Call)), default=0)
        if depth > _DEEPEST:
            function, arguments, depth = _UNKNOWN, (), 0
        call = Call(function, arguments, depth)
        key = function if isinstance(function, Name) else _UNKNOWN
        self._counts[key] = self._counts.get(key, 0) + 1
        if self._counts[key] <= _CALLS_OF_EACH and len(self.facts.calls) < _MAX_CALLS:
            self.facts.calls.append(call)
        self._stack.append(call)

    def _top(self) -> object:
        if not self._stack:
            raise _Broken("nothing on the stack")
        return self._stack[-1]

    def _pop(self, count: int) -> tuple[object, ...]:
        if not count:
            return ()
        if len(self._stack) < count:
            raise _Broken("too little on the stack")
        taken = tuple(self._stack[-count:])
        del self._stack[-count:]
        return taken

    def _to_mark(self) -> list[object]:
        for index in range(len(self._stack) - 1, -1, -1):
            if self._stack[index] is _MARK:
                items = self._stack[index + 1 :]
                del self._stack[index:]
                return items
        raise _Broken("no mark on the stack")

    def _keep(self, argument: str | bytes | bytearray) -> None:
        text = argument.encode("utf-8", "surrogatepass") if isinstance(argument, str) else bytes(argument)
        if len(text) <= min(_MAX_TEXT, self._text_left) and len(self.facts.texts) < _MAX_TEXTS:
            self._text_left -= len(text)
            self.facts.texts.append(text)


def _number(argument: object) -> int:
    return argument if isinstance(argument, int) else -1


_RECALLS: Final = frozenset({"GET", "BINGET", "LONG_BINGET"})
_MEMORIZES: Final = frozenset({"PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"})
_GROUPS: Final = frozenset({"LIST", "DICT", "FROZENSET", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3"})
#: What they add to stays on the stack.
_KEEPS: Final = frozenset({"APPEND", "APPENDS", "SETITEM", "SETITEMS", "ADDITEMS", "READONLY_BUFFER"})


def _plan(opcode: pickletools.OpcodeInfo) -> tuple[int, bool, int]:
    """How many things the instruction takes, whether also all up to the mark, and how many it leaves."""
    from_mark = pickletools.markobject in opcode.stack_before
    taken = opcode.stack_before.index(pickletools.markobject) if from_mark else len(opcode.stack_before)
    return taken, from_mark, len(opcode.stack_after)


_PLANS: Final = {opcode.name: _plan(opcode) for opcode in pickletools.opcodes}
_SPECIAL: Final[dict[str, Callable[[_Walk, object, int], None]]] = {
    "GLOBAL": _Walk.look_up,
    "STACK_GLOBAL": _Walk.look_up_from_stack,
    "EXT1": _Walk.extension,
    "EXT2": _Walk.extension,
    "EXT4": _Walk.extension,
    "REDUCE": _Walk.reduce,
    "NEWOBJ": _Walk.reduce,
    "NEWOBJ_EX": _Walk.new_with_keywords,
    "INST": _Walk.instance,
    "OBJ": _Walk.make_object,
    "BUILD": _Walk.build,
    "DUP": _Walk.duplicate,
    "POP": _Walk.pop,
}
