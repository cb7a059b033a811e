"""Sequences, mappings and comprehensions, and what it means to assign to parts of something."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any, Final

from scanner.behaviour.scopes import FunctionInfo, Scope
from scanner.behaviour.values import MISSING, UNKNOWN, Value, join

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from scanner.behaviour.interpreter import Interpreter

__all__ = ["CONTAINERS", "assign", "spread_elements"]

_ELEMENTS: Final = 70_000
_TRIED: Final = 16


def _sequence(it: Interpreter, node: ast.List | ast.Tuple | ast.Set, scope: Scope) -> Value:
    elements: list[Value] = []
    for element in node.elts:
        if isinstance(element, ast.Starred):
            spread = it.evaluate(element.value, scope)
            elements.extend(spread_elements(it, spread))
        else:
            elements.append(it.evaluate(element, scope))
    merged = join(elements)
    const: Any = MISSING
    if len(elements) <= _ELEMENTS and all(element.known for element in elements):
        const = [element.const for element in elements]
        const = tuple(const) if isinstance(node, ast.Tuple) else const
    return Value(const, None, merged.taint, merged.trail, elements=elements)


def spread_elements(it: Interpreter, value: Value) -> Sequence[Value]:
    """The elements of a sequence, as far as they are known."""
    if isinstance(value.elements, list | tuple):
        return value.elements
    if value.known and isinstance(value.const, str | bytes | list | tuple | range) and len(value.const) <= _ELEMENTS:
        it.budget.visit(len(value.const) // 2)
        return [Value(item, None, value.taint, value.trail) for item in value.const]
    return [join([value])]


def _dict(it: Interpreter, node: ast.Dict, scope: Scope) -> Value:
    keys = [UNKNOWN if key is None else it.evaluate(key, scope) for key in node.keys]
    values = [it.evaluate(value, scope) for value in node.values]
    merged = join([*keys, *values])
    hashable = (str, bytes, int, float)
    known = all(k.known and isinstance(k.const, hashable) for k in keys)
    const: Any = MISSING
    elements: Any = values
    if known:
        elements = {key.const: value for key, value in zip(keys, values, strict=True)}
        if all(value.known for value in values):
            const = {key.const: value.const for key, value in zip(keys, values, strict=True)}
    return Value(const, None, merged.taint, merged.trail, elements=elements)


def _comprehension(
    it: Interpreter, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp, scope: Scope
) -> Value:
    inner = Scope("comprehension", scope)
    elements: list[Value] = []
    element = node.value if isinstance(node, ast.DictComp) else node.elt
    exact = True
    for known in _turns(it, node.generators, inner):
        exact = exact and known
        value = it.evaluate(element, inner)
        if isinstance(node, ast.DictComp):
            key = it.evaluate(node.key, inner)
            value = join([key, value]) if value.taint or key.taint else value
        elements.append(value)
        if len(elements) > _ELEMENTS or (len(elements) == _TRIED and not any(v.known or v.taint for v in elements)):
            exact = False  # too long, or not a computation with constants: the first elements say all there is to say
            break
    merged = join(elements)
    const: Any = MISSING
    if exact and not isinstance(node, ast.DictComp) and all(value.known for value in elements):
        const = [value.const for value in elements]
    return Value(const, None, merged.taint, merged.trail, elements=elements if exact else elements[:1])


def _turns(it: Interpreter, generators: Sequence[ast.comprehension], scope: Scope) -> Iterator[bool]:
    """Binds the targets for each turn; gives whether the turn is one that certainly happens."""
    first, *rest = generators
    source = it.evaluate(first.iter, scope)
    known = source.known and isinstance(source.const, str | bytes | list | tuple | range | dict)
    choices: Sequence[Value] = spread_elements(it, source) if known or source.elements else [join([source])]
    if isinstance(source.elements, dict):
        choices = [Value(key) for key in source.elements]
    elif not known and isinstance(source.elements, list | tuple) and len(source.elements) > 64:  # noqa: PLR2004 # enough to see
        choices = source.elements[:64]
    for choice in choices:
        assign(it, first.target, choice, scope)
        tests = [it.evaluate(test, scope) for test in first.ifs]
        if any(test.known and not test.const for test in tests):
            continue
        certain = known and all(test.known for test in tests)
        if rest:
            yield from (certain and inner for inner in _turns(it, rest, scope))
        else:
            yield certain


def assign(it: Interpreter, target: ast.expr, value: Value, scope: Scope) -> None:
    """Binds what stands left of `=` to `value`."""
    if isinstance(target, ast.Name):
        scope.bind(target.id, value)
    elif isinstance(target, ast.Tuple | ast.List):
        _unpack(it, target.elts, value, scope)
    elif isinstance(target, ast.Starred):
        assign(it, target.value, join([value]), scope)
    elif isinstance(target, ast.Attribute):
        base = it.evaluate(target.value, scope)
        if base.ref is not None and isinstance(value.target, FunctionInfo):
            it.emit("patch", f"{base.ref}.{target.attr}", target, (value,))
        if (owner := it.find_class(base)) is not None:
            owner.attributes[target.attr] = value
        elif value is not UNKNOWN and (base.ref is None or value.taint):
            it.attributes[target.attr] = value
    elif isinstance(target, ast.Subscript):
        _store(it, target, value, scope)


def _unpack(it: Interpreter, targets: Sequence[ast.expr], value: Value, scope: Scope) -> None:
    elements = spread_elements(it, value)
    star = next((place for place, target in enumerate(targets) if isinstance(target, ast.Starred)), None)
    if star is not None and len(targets) <= len(elements) + 1 and value.elements:
        after = len(targets) - star - 1
        ends = len(elements) - after
        elements = [*elements[:star], join(elements[star:ends]), *elements[ends:]]
        star = None
    if len(elements) == len(targets) and star is None:
        for target, element in zip(targets, elements, strict=True):
            assign(it, target, element, scope)
        return
    # A call's result that is unpacked keeps its name: `conn, address = server.accept()`.
    rest = join([value]) if value.ref is None else Value(MISSING, value.ref, value.taint, value.trail)
    for target in targets:
        assign(it, target, rest, scope)


def _store(it: Interpreter, target: ast.Subscript, value: Value, scope: Scope) -> None:
    base = it.evaluate(target.value, scope)
    index = it.evaluate(target.slice, scope) if not isinstance(target.slice, ast.Slice) else UNKNOWN
    key = index.const if index.known else None
    if base.ref in {"globals()", "locals()"} and isinstance(key, str):
        it.module.names[key] = value
        return
    if value is UNKNOWN or not isinstance(target.value, ast.Name | ast.Attribute):
        return
    if isinstance(base.elements, dict) and isinstance(key, str | int):
        base.elements[key] = value
    if value.taint & ~base.taint and base.ref is None:
        merged = join([base, value])
        stained = Value(MISSING, None, merged.taint, merged.trail, elements=base.elements)
        if isinstance(target.value, ast.Name):
            scope.mark(target.value.id, stained)
        else:
            assign(it, target.value, stained, scope)


CONTAINERS: Final[dict[type[ast.AST], Callable[..., Value]]] = {
    ast.List: _sequence,
    ast.Tuple: _sequence,
    ast.Set: _sequence,
    ast.Dict: _dict,
    ast.ListComp: _comprehension,
    ast.SetComp: _comprehension,
    ast.GeneratorExp: _comprehension,
    ast.DictComp: _comprehension,
}
