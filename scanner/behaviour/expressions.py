"""What expressions give: constants, names, attributes, subscripts, formatted texts, and functions without a name."""

from __future__ import annotations

import ast
import builtins
import string
from typing import TYPE_CHECKING, Final

from scanner.behaviour import folding, texts
from scanner.behaviour.containers import CONTAINERS
from scanner.behaviour.operators import HIDDEN_NAMES, OPERATORS
from scanner.behaviour.scopes import FunctionInfo, Instance, Partial, Scope
from scanner.behaviour.sources import sourced
from scanner.behaviour.values import (
    COMPUTED,
    ENCODED,
    FILE,
    MISSING,
    PLACEHOLDER,
    PROSE,
    UNKNOWN,
    Value,
    constant,
    join,
    named,
    tainted,
)
from scanner.behaviour.vocabulary import ASSUMED_MODULES, canonical

if TYPE_CHECKING:
    from collections.abc import Callable

    from scanner.behaviour.interpreter import Interpreter

__all__ = ["EXPRESSIONS", "attribute", "default_values", "subscript"]

_BUILTINS: Final = frozenset(dir(builtins)) | {"__builtins__", "execfile", "unicode", "unichr", "raw_input"}
_SHARED: Final[dict[object, Value]] = {}
_TEXTS: Final = (str, bytes)
_ENCODED_LENGTH: Final = 40
_LITERALS: Final = 256


def _constant(it: Interpreter, node: ast.Constant, _scope: Scope) -> Value:
    const = node.value
    if isinstance(const, _TEXTS) and len(const) >= _ENCODED_LENGTH and texts.looks_encoded(const):
        if not it.muted and len(it.report.literals) < _LITERALS:
            it.report.literals.append((const, it.line or node.lineno))
        return Value(const, None, ENCODED, (None, "encoded literal", it.line or node.lineno))
    return Value(const)


def _name(it: Interpreter, node: ast.Name, scope: Scope) -> Value:
    name = node.id
    found = scope.names.get(name) or scope.find_further_out(name)
    if found is not None:
        return found
    if name == "__doc__":
        return prose(UNKNOWN, it.line or node.lineno)
    if name in _BUILTINS:
        known = _SHARED.get(name)
        if known is None:
            ref = "builtins" if name == "__builtins__" else f"builtins.{name}"
            if name == "unichr":
                ref = "builtins.chr"
            known = _SHARED[name] = named(ref)
        return known
    for module in it.stars:
        ref = canonical(f"{module}.{name}")
        if texts.is_telling(ref):
            return sourced(named(ref), it.line or node.lineno)
    # A module that is used without having been imported here comes from a star import, or from code that was not seen.
    return named(name) if name in ASSUMED_MODULES else UNKNOWN


def prose(value: Value, line: int) -> Value:
    """The documentation string of `value`."""
    return tainted(join([value]), PROSE, "documentation string", line)


def _attribute(it: Interpreter, node: ast.Attribute, scope: Scope) -> Value:
    return attribute(it, it.evaluate(node.value, scope), node.attr, it.line or node.lineno)


def attribute(it: Interpreter, base: Value, name: str, line: int) -> Value:
    """The attribute `name` of `base`."""
    if base.target is not None and (owner := it.find_class(base)) is not None:
        found = owner.find(name)
        if found is not None:
            return _bound(found, base)
    if name == "__globals__":
        return named("globals()")
    if name == "__builtins__":  # whatever module it is that has it
        return named("builtins")
    if name == "__doc__" and not (base.ref or "").startswith("builtins."):
        return prose(base, line)
    if base.ref is not None:
        return _of_reference(it, base, name, line)
    if (
        base.const is not MISSING
        and base.known
        and type(base.const) in {str, bytes, int, list, tuple, dict}
        and name.startswith("__")
    ):
        return Value(None, f"builtins.{type(base.const).__name__}.{name}")
    known = it.attributes.get(name)
    if base.taint:
        return join([base, known]) if known is not None else join([base])
    return known if known is not None else UNKNOWN


def _of_reference(it: Interpreter, base: Value, name: str, line: int) -> Value:
    owner = base.ref or ""
    ref = f"{owner}.{name}"
    if ref in it.aliases:
        return named(it.aliases[ref])
    if len(ref) > 200:  # noqa: PLR2004 # no table knows such a name
        return join([base])
    if name in {"parent", "root", "anchor"} and owner == "pathlib.Path()":
        return Value(PLACEHOLDER, owner, base.taint, base.trail, exact=False)
    if owner == "string" and isinstance(const := getattr(string, name, None), str):
        return constant(const)
    if name in {"__doc__", "__name__"} and owner.startswith("builtins."):
        const = getattr(getattr(builtins, owner[9:], None), name, None)
        if isinstance(const, str):
            return constant(const, taint=COMPUTED)
    ref = canonical(ref)
    return sourced(Value(MISSING, ref, base.taint, base.trail, elements=base.elements), line)


def _bound(found: Value, owner: Value) -> Value:
    info = found.target
    if isinstance(info, FunctionInfo) and info.owner is not None and isinstance(owner.target, Instance):
        static = any(isinstance(d, ast.Name) and d.id == "staticmethod" for d in _decorators(info))
        return found if static else Value(target=Partial(found, (owner,), {}))
    return found


def _decorators(info: FunctionInfo) -> list[ast.expr]:
    return [] if isinstance(info.node, ast.Lambda) else info.node.decorator_list


def _formatted(it: Interpreter, node: ast.JoinedStr, scope: Scope) -> Value:
    parts: list[str] = []
    sources: list[Value] = []
    exact = True
    for part in node.values:
        inner = part.value if isinstance(part, ast.FormattedValue) else part
        value = it.evaluate(inner, scope)
        sources.append(value)
        plain = isinstance(part, ast.Constant) or (isinstance(part, ast.FormattedValue) and part.format_spec is None)
        if plain and isinstance(value.const, str | int) and (value.exact or isinstance(value.const, str)):
            parts.append(str(value.const))
            exact = exact and value.exact
        else:
            parts.append(PLACEHOLDER)
            exact = False
    return texts.made(it, "".join(parts), sources, exact=exact)


def _subscript(it: Interpreter, node: ast.Subscript, scope: Scope) -> Value:
    base = it.evaluate(node.value, scope)
    if isinstance(node.slice, ast.Slice):
        return _sliced(it, base, node.slice, scope)
    return subscript(it, base, it.evaluate(node.slice, scope), it.line or node.lineno, scope)


def subscript(it: Interpreter, base: Value, index: Value, line: int, scope: Scope) -> Value:
    """`base[index]`."""
    if index.known and index.const == "__doc__":
        return prose(base, line)
    if base.ref is not None and (found := _looked_up(it, base, index, line, scope)) is not None:
        return found
    if index.known:
        if base.known:
            const = folding.fold_subscript(base.const, index.const, it.budget)
            if const is not MISSING:
                return constant(const, base, index)
        elements = base.elements
        try:
            if isinstance(elements, dict | list | tuple):
                element = elements[index.const]
                return element if isinstance(element, Value) else join([base])
        except (LookupError, TypeError):
            return join([base])
    if base.elements:
        options = base.elements.values() if isinstance(base.elements, dict) else base.elements
        telling = [o for o in options if o.target is not None or o.ref is not None]
        if telling:
            return Value(taint=base.taint, trail=base.trail, target=telling[0].target, ref=telling[0].ref)
    return join([base])


def _looked_up(it: Interpreter, base: Value, index: Value, line: int, scope: Scope) -> Value | None:
    """Look-ups that are names in disguise: `globals()["x"]`, `vars(os)["system"]`, `sys.modules["os"]`."""
    key = index.const if index.known and isinstance(index.const, str) else None
    if key in HIDDEN_NAMES and base.ref in {"globals()", "locals()", "builtins", "builtins.__dict__", "os.__dict__"}:
        it.emit("hidden-name", f"{base.ref}[{key!r}]", ast.Pass(lineno=line, col_offset=0), (index,))
    if base.ref in {"globals()", "locals()"}:
        if key is None:
            return join([base, index])
        found = scope.find(key) if base.ref == "locals()" else it.module.names.get(key)
        if found is not None:
            return found
        return named("builtins" if key == "__builtins__" else f"builtins.{key}") if key in _BUILTINS else UNKNOWN
    if base.ref == "sys.modules" and key is not None:
        return named(canonical(key))
    if base.ref in {"os.environ", "os.environb"}:
        return texts.environment(key, line)
    if base.ref is not None and base.ref.endswith(".__dict__") and key is not None:
        return attribute(it, Value(ref=base.ref[:-9]), key, line)
    if base.ref in {"builtins", "builtins.__dict__"} and key is not None:
        return named(canonical(f"builtins.{key}"))
    if key is None and base.ref is not None and base.ref.endswith("()"):
        return Value(MISSING, base.ref, base.taint, base.trail)
    return None


def _sliced(it: Interpreter, base: Value, node: ast.Slice, scope: Scope) -> Value:
    bounds = [UNKNOWN if part is None else it.evaluate(part, scope) for part in (node.lower, node.upper, node.step)]
    given = [
        part is None or bound.known for part, bound in zip((node.lower, node.upper, node.step), bounds, strict=True)
    ]
    if base.known and all(given):
        parts = [None if bound is UNKNOWN else bound.const for bound in bounds]
        if all(part is None or isinstance(part, int) for part in parts):
            const = folding.fold_subscript(base.const, slice(*parts), it.budget)
            if const is not MISSING:
                turned = parts[2] is not None and isinstance(const, str | bytes)
                return constant(const, base, taint=COMPUTED if turned else 0)
    if base.ref is not None:
        return Value(MISSING, base.ref, base.taint, base.trail)
    if base.taint & FILE:
        return tainted(join([base]), PROSE, "a piece of it", it.line or 0)
    return join([base])


def _lambda(it: Interpreter, node: ast.Lambda, scope: Scope) -> Value:
    info = FunctionInfo(node, "<lambda>", scope)
    info.defaults = default_values(it, node.args, scope)
    it.functions.append(info)
    return Value(target=info)


def default_values(it: Interpreter, parameters: ast.arguments, scope: Scope) -> dict[str, Value]:
    """What parameters are bound to when a call leaves them out."""
    if not parameters.defaults and not parameters.kw_defaults:
        return {}
    names = [p.arg for p in (*parameters.posonlyargs, *parameters.args)]
    defaults = {
        name: it.evaluate(default, scope)
        for name, default in zip(names[len(names) - len(parameters.defaults) :], parameters.defaults, strict=True)
    }
    for parameter, value in zip(parameters.kwonlyargs, parameters.kw_defaults, strict=True):
        if value is not None:
            defaults[parameter.arg] = it.evaluate(value, scope)
    return defaults


def _named_expression(it: Interpreter, node: ast.NamedExpr, scope: Scope) -> Value:
    value = it.evaluate(node.value, scope)
    scope.bind(node.target.id, value)
    return value


def _inner(it: Interpreter, node: ast.Await | ast.Starred | ast.YieldFrom, scope: Scope) -> Value:
    return it.evaluate(node.value, scope)


def _yield(it: Interpreter, node: ast.Yield, scope: Scope) -> Value:
    if node.value is not None:
        owner: Scope | None = scope
        while owner is not None and owner.kind == "comprehension":
            owner = owner.parent
        (owner or scope).returned.append(join([it.evaluate(node.value, scope)]))
    return UNKNOWN


EXPRESSIONS: Final[dict[type[ast.AST], Callable[..., Value]]] = {
    **CONTAINERS,
    **OPERATORS,
    ast.Constant: _constant,
    ast.Name: _name,
    ast.Attribute: _attribute,
    ast.JoinedStr: _formatted,
    ast.Subscript: _subscript,
    ast.Lambda: _lambda,
    ast.NamedExpr: _named_expression,
    ast.Await: _inner,
    ast.Starred: _inner,
    ast.YieldFrom: _inner,
    ast.Yield: _yield,
}
