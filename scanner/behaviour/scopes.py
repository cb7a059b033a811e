"""Names and what they are bound to: scopes, and the functions, classes and containers that a value may be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import field

from scanner.behaviour.records import Record
from scanner.behaviour.values import UNKNOWN, Value

if TYPE_CHECKING:
    import ast

__all__ = ["ClassInfo", "FileHandle", "FunctionInfo", "Instance", "Partial", "Scope", "Target"]


class Scope(Record):
    """One namespace. `conditional` counts the branches and loops around the statement that is executed now."""

    kind: str
    parent: Scope | None = None
    function: FunctionInfo | None = None
    names: dict[str, Value] = field(default_factory=dict)
    outer_names: set[str] = field(default_factory=set)
    returned: list[Value] = field(default_factory=list)
    conditional: int = 0
    unrolling: int = 0
    depth: int = 0

    def find(self, name: str) -> Value | None:
        """What `name` is bound to here or further out; None when nowhere."""
        found = self.names.get(name)
        return found if found is not None else self.find_further_out(name)

    def find_further_out(self, name: str) -> Value | None:
        """The same, where it is known not to be bound here."""
        scope = self.parent
        while scope is not None:
            if scope.kind != "class":
                found = scope.names.get(name)
                if found is not None:
                    return found
            scope = scope.parent
        return None

    def bind(self, name: str, value: Value) -> None:
        """Binds `name`; where the statement may not be executed, what was known of it stays known as taint."""
        scope = self if name not in self.outer_names else self._owner(name)
        if self.conditional and not self.unrolling and (old := scope.names.get(name)) is not None:
            if (old.ref is not None or old.target is not None) and _says_nothing(value):
                return  # `except ImportError: requests = None` tells less than the import before it
            if old.taint:
                value = _merged(value, old)
        scope.names[name] = value

    def mark(self, name: str, value: Value) -> None:
        """Replaces what `name` is bound to, wherever that is."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names:
                scope.names[name] = value
                return
            scope = scope.parent

    def _owner(self, name: str) -> Scope:
        scope = self.parent
        while scope is not None and scope.parent is not None and name not in scope.names:
            scope = scope.parent
        return scope or self


class FunctionInfo(Record):
    """A function of the module: where it stands, and what is known of its calls so far."""

    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    name: str
    scope: Scope
    owner: ClassInfo | None = None
    defaults: dict[str, Value] = field(default_factory=dict)
    evaluations: int = 0
    active: bool = False
    spent: int = 0
    """Visits that its walks have cost, those of what it calls included."""
    result: Value = UNKNOWN
    productive: bool = False
    """Its last walk turned arguments into a known constant, as decoders do."""
    eventful: bool = False
    """It was seen to have effects."""
    fed: tuple[Value, FunctionInfo | None] | None = None
    """What its parameters hold when something outside calls it, and what has handed it over."""
    marks: dict[str, int] = field(default_factory=dict)
    called_from: set[FunctionInfo | None] = field(default_factory=set)


class ClassInfo(Record):
    """A class of the module: its bases, what its body binds, and what its instances hold."""

    name: str
    node: ast.ClassDef
    bases: tuple[Value, ...]
    scope: Scope
    attributes: dict[str, Value] = field(default_factory=dict)

    def find(self, name: str, depth: int = 0) -> Value | None:
        """The attribute `name` of instances, of the class, or of its bases."""
        found = self.attributes.get(name) or self.scope.names.get(name)
        if found is not None or depth > 8:  # noqa: PLR2004 # classes may inherit in circles by mistake
            return found
        for base in self.bases:
            if isinstance(base.target, ClassInfo) and (found := base.target.find(name, depth + 1)) is not None:
                return found
        return None


class Instance(Record):
    """An object of a class of the module."""

    of: ClassInfo


class Partial(Record):
    """A function with some of its arguments: `functools.partial`, or a bound method."""

    function: Value
    arguments: tuple[Value, ...]
    keywords: dict[str, Value]


class FileHandle(Record):
    """An open file: the value of its path, and the expression that gave it."""

    path: Value
    node: ast.expr | None
    mode: str


Target = FunctionInfo | ClassInfo | Instance | Partial | FileHandle


def _says_nothing(value: Value) -> bool:
    return value.ref is None and value.target is None and not value.taint and value.text is None


def _merged(new: Value, old: Value) -> Value:
    return Value(
        new.const,
        new.ref,
        new.taint | old.taint,
        new.trail or old.trail,
        exact=new.exact,
        target=new.target,
        elements=new.elements,
    )
