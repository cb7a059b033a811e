"""A module that was walked before, without its walk: as much of it as the calls between modules need.

What a module does by itself is found by walking it. Whether more of it runs than it says itself is decided by other
modules. A skeleton stands in for the module while that is decided; only where the answer is new is the module walked.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from scanner.behaviour.events import ModuleReport
from scanner.behaviour.facts import Facts
from scanner.behaviour.scopes import ClassInfo, FunctionInfo, Scope
from scanner.behaviour.values import Value
from scanner.memory import FunctionNote, ModuleNote

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scanner.behaviour.shipped import Shipped
    from scanner.memory import MemberNote
    from scanner.view import MemberView

__all__ = ["Skeleton", "numbered", "recalled", "reduced", "skeleton"]

_BODY: Final = -1
_MOST_METHODS: Final = 20_000
_NOWHERE: Final = ast.Lambda(
    args=ast.arguments(posonlyargs=[], args=[], kwonlyargs=[], kw_defaults=[], defaults=[]), body=ast.Constant(None)
)
_NO_CLASS: Final = ast.ClassDef(name="", bases=[], keywords=[], body=[], decorator_list=[])


@dataclass(eq=False)
class Skeleton(Facts):
    """Facts of a module that was not walked this time."""

    acting: frozenset[str] = frozenset()
    kept: ModuleReport = field(default_factory=ModuleReport)
    """What is known of its walk, whether or not that counts this time."""

    @property
    def acting_functions(self) -> set[str]:
        """As the walk told them."""
        return set(self.acting) if self.walked else set()


def skeleton(member: MemberView, note: MemberNote, shipped: Shipped, *, is_build_script: bool) -> Facts | None:
    """Facts by what is known of the member; None where too little is."""
    if note.idle is None:
        return None
    if note.module is None:
        return Facts(member, ModuleReport(), is_build_script, shipped, walked=False) if note.idle else None
    try:
        kept = restored(note.module)
    except IndexError:
        return None
    report = ModuleReport() if note.idle else kept
    return Skeleton(
        member, report, is_build_script, shipped, not note.idle, acting=frozenset(note.module.acting), kept=kept
    )


def recalled(facts: Facts) -> ModuleReport | None:
    """What a walk of the module would report, as far as links need it; None where it was never walked."""
    return facts.kept if isinstance(facts, Skeleton) else None


def reduced(facts: Facts) -> ModuleNote:
    """What is kept of a module that was walked.

    Raises:
        KeyError: a function is named somewhere that is not among the module's functions.
        ValueError: the classes have more methods, inherited ones included, than are kept.
    """
    report = facts.report
    number = {info: index for index, info in enumerate(report.functions)}
    classes, functions, left = [], [], _MOST_METHODS
    for name, value in report.globals.items():
        if isinstance(value.target, FunctionInfo):
            functions.append((name, number[value.target]))
        elif isinstance(value.target, ClassInfo):
            methods = _methods(value.target, number)
            left -= len(methods)
            if left < 0:
                raise ValueError(f"more than {_MOST_METHODS} methods")
            classes.append((name, methods))
    return ModuleNote(
        functions=tuple(FunctionNote(info.name, numbered(info.called_from, number)) for info in report.functions),
        at_import=numbered(report.at_import, number),
        hooks=numbered(report.hooks, number),
        calls=tuple((ref, numbered(callers, number)) for ref, callers in report.calls.items()),
        exports=tuple(report.exports.items()),
        named=tuple(functions),
        methods=tuple(classes),
        acting=tuple(sorted(facts.acting_functions)),
    )


def numbered(infos: Iterable[FunctionInfo | None], number: dict[FunctionInfo, int]) -> tuple[int, ...]:
    """The functions as numbers, in order; the module's body is -1.

    Raises:
        KeyError: one has no number.
    """
    return tuple(sorted(_BODY if info is None else number[info] for info in infos))


def restored(note: ModuleNote) -> ModuleReport:
    """A report without events that links as the one from which `note` was made.

    Raises:
        IndexError: the note names a function that it does not have.
    """
    scope = Scope("module")
    functions = [FunctionInfo(_NOWHERE, function.name, scope) for function in note.functions]

    def found(number: int) -> FunctionInfo | None:
        if not _BODY <= number < len(functions):
            raise IndexError(f"function {number} of {len(functions)}")
        return None if number == _BODY else functions[number]

    for info, function in zip(functions, note.functions, strict=True):
        info.called_from = {found(number) for number in function.callers}
    names: dict[str, Value] = {name: Value(ref=ref) for name, ref in note.exports}
    names.update({name: Value(target=found(number)) for name, number in note.named})
    for name, methods in note.methods:
        attributes = {method: Value(target=found(number)) for method, number in methods}
        names[name] = Value(target=ClassInfo(name, _NO_CLASS, (), scope, attributes))
    return ModuleReport(
        functions=functions,
        hooks={hook: "" for number in note.hooks if (hook := found(number)) is not None},
        at_import={found(number) for number in note.at_import},
        calls={ref: {found(number) for number in callers} for ref, callers in note.calls},
        globals=names,
    )


def _methods(info: ClassInfo, number: dict[FunctionInfo, int]) -> tuple[tuple[str, int], ...]:
    """What a call of each attribute of the class or its bases runs."""
    found = {}
    for name in _attributes(info):
        value = info.find(name)
        if value is not None and isinstance(value.target, FunctionInfo):
            found[name] = number[value.target]
    return tuple(sorted(found.items()))


def _attributes(info: ClassInfo) -> set[str]:
    names: set[str] = set()
    waiting, seen = [info], {info}
    while waiting:
        one = waiting.pop()
        names.update(one.attributes, one.scope.names)
        for base in one.bases:
            if isinstance(base.target, ClassInfo) and base.target not in seen:
                seen.add(base.target)
                waiting.append(base.target)
    return names
