"""What statements do to names, and in which order their parts are walked."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from scanner.behaviour import calls, texts
from scanner.behaviour.clients import CHAT_HANDLER
from scanner.behaviour.containers import assign, spread_elements
from scanner.behaviour.expressions import default_values
from scanner.behaviour.operators import combined
from scanner.behaviour.registry import Call
from scanner.behaviour.scopes import ClassInfo, FileHandle, FunctionInfo, Scope
from scanner.behaviour.sources import sourced
from scanner.behaviour.values import FILE, MISSING, NETWORK, UNKNOWN, Value, join, named, tainted
from scanner.behaviour.vocabulary import canonical

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from scanner.behaviour.interpreter import Interpreter

__all__ = ["STATEMENTS"]

_COMMANDS: Final = frozenset(
    {"install", "develop", "egg_info", "sdist", "build_py", "bdist_egg", "build", "install_lib", "bdist_wheel"}
    | {"install_scripts", "install_data", "editable_wheel", "build_ext", "easy_install", "Command", "dist_info"}
)
_PACKAGERS: Final = frozenset({"setuptools", "distutils", "wheel", "numpy", "hatchling", "pdm", "poetry"})
#: How many turns of a loop over constants are walked one by one, and how many statements such a loop may have.
_TURNS: Final = 70_000
_UNROLLED_NODES: Final = 120
#: After so many turns, a loop that has put nothing together is not followed any longer.
_TRIED: Final = 12


def _expression(it: Interpreter, node: ast.Expr, scope: Scope) -> None:
    if not isinstance(node.value, ast.Constant):
        it.unused = node.value.value if isinstance(node.value, ast.Await) else node.value
        it.evaluate(node.value, scope)


def _assignment(it: Interpreter, node: ast.Assign, scope: Scope) -> None:
    value = it.evaluate(node.value, scope)
    for target in node.targets:
        assign(it, target, value, scope)


def _annotated(it: Interpreter, node: ast.AnnAssign, scope: Scope) -> None:
    if node.value is not None:
        assign(it, node.target, it.evaluate(node.value, scope), scope)


def _augmented(it: Interpreter, node: ast.AugAssign, scope: Scope) -> None:
    it.budget.visit()
    old = it.evaluate(node.target, scope)
    added = it.evaluate(node.value, scope)
    if scope.conditional and not scope.unrolling:
        merged = join([old, added])
        text = texts.concatenated(it, old, added) if isinstance(node.op, ast.Add) and old.text else merged
        value = Value(text.const, None, merged.taint, merged.trail, exact=False, elements=old.elements)
    else:
        value = combined(it, type(node.op), old, added)
    assign(it, node.target, value, scope)


def _branches(it: Interpreter, node: ast.If, scope: Scope) -> None:
    """An `elif` chain may be thousands long, so it is walked in a loop."""
    current: ast.If = node
    scope.conditional += 1
    try:
        while True:
            test = it.evaluate(current.test, scope)
            if scope.unrolling and test.known:
                it.execute(current.body if test.const else current.orelse, scope)
                return
            guarded = it.guarded
            it.guarded = guarded or _is_main_guard(current.test)
            it.execute(current.body, scope)
            it.guarded = guarded
            if len(current.orelse) == 1 and isinstance(current.orelse[0], ast.If):
                current = current.orelse[0]
                continue
            it.execute(current.orelse, scope)
            return
    finally:
        scope.conditional -= 1


def _is_main_guard(test: ast.expr) -> bool:
    return (
        isinstance(test, ast.Compare)
        and isinstance(test.left, ast.Name)
        and test.left.id == "__name__"
        and len(test.ops) == 1
        and isinstance(test.ops[0], ast.Eq)
    )


def _for(it: Interpreter, node: ast.For | ast.AsyncFor, scope: Scope) -> None:
    source = it.evaluate(node.iter, scope)
    if _unrollable(node, source):
        scope.unrolling += 1
        try:
            for turn, choice in enumerate(spread_elements(it, source)):
                if turn == _TRIED and not _collects(node, scope):
                    break
                assign(it, node.target, choice, scope)
                it.execute(node.body, scope)
        finally:
            scope.unrolling -= 1
    else:
        scope.conditional += 1
        try:
            for choice in _choices(it, source, node.lineno):
                assign(it, node.target, choice, scope)
                it.execute(node.body, scope)
        finally:
            scope.conditional -= 1
    _conditionally(it, node.orelse, scope)


def _choices(it: Interpreter, source: Value, line: int) -> Sequence[Value]:
    """What one turn of a loop may see: all that is known in one, and a few single ones that are worth a look each."""
    if isinstance(source.target, FileHandle):
        return [tainted(join([source]), FILE, "lines of a file", it.line or line)]
    if isinstance(source.elements, dict):
        return [Value(key) for key in list(source.elements)[:8]] or [join([source])]
    if isinstance(source.elements, list | tuple) and 0 < len(source.elements) <= 8:  # noqa: PLR2004 # a few only
        return source.elements
    if source.ref is not None:
        return [Value(MISSING, source.ref if source.ref.endswith("()") else None, source.taint, source.trail)]
    return [join([source])]


def _unrollable(node: ast.For | ast.AsyncFor, source: Value) -> bool:
    """Whether the loop runs over constants and only computes, so that it can be followed turn by turn."""
    if not source.known or not isinstance(source.const, str | bytes | list | tuple | range):
        return False
    if not 0 < len(source.const) <= _TURNS:
        return False
    if not all(isinstance(s, ast.Assign | ast.AugAssign | ast.Expr | ast.If) for s in node.body):
        return False
    nodes = sum(1 for statement in node.body for _ in ast.walk(statement))
    return nodes <= _UNROLLED_NODES and (len(source.const) <= 64 or _only_computes(node))  # noqa: PLR2004 # short loops may do anything


def _collects(node: ast.For | ast.AsyncFor, scope: Scope) -> bool:
    """Whether something that the loop puts together is known so far; else it is no decoder of constants."""
    for inner in ast.walk(node):
        target: ast.expr | None = inner.target if isinstance(inner, ast.AugAssign) else None
        if isinstance(inner, ast.Assign):
            target = inner.targets[0]
        if isinstance(inner, ast.Attribute) and inner.attr == "append":
            target = inner.value
        value = scope.find(target.id) if isinstance(target, ast.Name) else None
        if value is not None and value.known and not isinstance(value.const, int):
            return True
    return False


def _only_computes(node: ast.For | ast.AsyncFor) -> bool:
    computing = any(isinstance(s, ast.AugAssign) for s in ast.walk(node))
    growing = any(isinstance(s, ast.Attribute) and s.attr == "append" for s in ast.walk(node))
    return computing or growing


def _while(it: Interpreter, node: ast.While, scope: Scope) -> None:
    it.evaluate(node.test, scope)
    scope.conditional += 1
    try:
        it.execute(node.body, scope)
        it.execute(node.orelse, scope)
    finally:
        scope.conditional -= 1


def _conditionally(it: Interpreter, body: Sequence[ast.stmt], scope: Scope) -> None:
    scope.conditional += 1
    try:
        it.execute(body, scope)
    finally:
        scope.conditional -= 1


def _try(it: Interpreter, node: ast.Try | ast.TryStar, scope: Scope) -> None:
    it.execute(node.body, scope)
    for handler in node.handlers:
        _conditionally(it, handler.body, scope)
    it.execute(node.orelse, scope)
    it.execute(node.finalbody, scope)


def _with(it: Interpreter, node: ast.With | ast.AsyncWith, scope: Scope) -> None:
    for item in node.items:
        value = it.evaluate(item.context_expr, scope)
        if item.optional_vars is not None:
            entered = it.find_class(value)
            enter = entered.find("__enter__") if entered is not None else None
            if enter is not None and isinstance(enter.target, FunctionInfo):
                value = it.call_function(enter.target, (), {}, value)
            assign(it, item.optional_vars, value, scope)
    it.execute(node.body, scope)


def _function(it: Interpreter, node: ast.FunctionDef | ast.AsyncFunctionDef, scope: Scope) -> None:
    info = FunctionInfo(node, node.name, scope)
    info.defaults = default_values(it, node.args, scope)
    it.functions.append(info)
    _bind_decorated(it, node, Value(target=info), scope)


def _bind_decorated(
    it: Interpreter, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, value: Value, scope: Scope
) -> None:
    """Decorators are calls; where one gives nothing known, the name stays what it was."""
    scope.bind(node.name, value)
    if not node.decorator_list:
        return
    for decorator in reversed(node.decorator_list):
        function = it.evaluate(decorator, scope)
        if function is UNKNOWN or (function.ref or "") in {"builtins.property", "builtins.staticmethod"}:
            continue
        if isinstance(value.target, FunctionInfo) and function.ref is not None and CHAT_HANDLER.fullmatch(function.ref):
            message = tainted(UNKNOWN, NETWORK, "message of a chat", it.line or node.lineno)
            value.target.fed = (message, it.current)
        result = calls.invoke(it, Call(decorator, scope, function, [value], {}))
        if result.target is not None or result.taint or result.known:
            value = result
    scope.bind(node.name, value)


def _class(it: Interpreter, node: ast.ClassDef, scope: Scope) -> None:
    bases = tuple(it.evaluate(base, scope) for base in node.bases)
    inner = Scope("class", scope)
    info = ClassInfo(node.name, node, bases, inner)
    it.execute(node.body, inner)
    command = next((name for name in map(_command, bases) if name), "")
    for value in inner.names.values():
        if isinstance(value.target, FunctionInfo) and value.target.owner is None:
            value.target.owner = info
            if command:
                it.report.hooks[value.target] = command
    _bind_decorated(it, node, Value(target=info), scope)


def _command(base: Value) -> str:
    """The build or install command that a base class is, if it is one."""
    if isinstance(base.target, ClassInfo):
        return next((name for name in map(_command, base.target.bases) if name), "")
    first, _, _ = (base.ref or "").partition(".")
    last = (base.ref or "").rpartition(".")[2]
    return last if first in _PACKAGERS and last in _COMMANDS else ""


def _import(_it: Interpreter, node: ast.Import, scope: Scope) -> None:
    for alias in node.names:
        if alias.asname:
            scope.bind(alias.asname, named(canonical(alias.name)))
        else:
            first = alias.name.partition(".")[0]
            scope.bind(first, named(canonical(first)))


def _import_from(it: Interpreter, node: ast.ImportFrom, scope: Scope) -> None:
    module = "." * node.level + (node.module or "")
    for alias in node.names:
        if alias.name == "*":
            it.stars.append(canonical(module))
            continue
        scope.bind(alias.asname or alias.name, _imported(it, module, alias.name, it.line or node.lineno))


def _imported(it: Interpreter, module: str, name: str, line: int) -> Value:
    ref = canonical(f"{canonical(module)}.{name}")
    return sourced(named(it.aliases.get(ref, ref)), line)


def _return(it: Interpreter, node: ast.Return, scope: Scope) -> None:
    if node.value is not None:
        scope.returned.append(it.evaluate(node.value, scope))


def _outer(_it: Interpreter, node: ast.Global | ast.Nonlocal, scope: Scope) -> None:
    scope.outer_names.update(node.names)


def _raise(it: Interpreter, node: ast.Raise, scope: Scope) -> None:
    if node.exc is not None:
        it.evaluate(node.exc, scope)


def _assert(it: Interpreter, node: ast.Assert, scope: Scope) -> None:
    it.evaluate(node.test, scope)


def _match(it: Interpreter, node: ast.Match, scope: Scope) -> None:
    it.evaluate(node.subject, scope)
    for case in node.cases:
        _conditionally(it, case.body, scope)


STATEMENTS: Final[dict[type[ast.AST], Callable[..., None]]] = {
    ast.Expr: _expression,
    ast.Assign: _assignment,
    ast.AnnAssign: _annotated,
    ast.AugAssign: _augmented,
    ast.If: _branches,
    ast.For: _for,
    ast.AsyncFor: _for,
    ast.While: _while,
    ast.Try: _try,
    ast.TryStar: _try,
    ast.With: _with,
    ast.AsyncWith: _with,
    ast.FunctionDef: _function,
    ast.AsyncFunctionDef: _function,
    ast.ClassDef: _class,
    ast.Import: _import,
    ast.ImportFrom: _import_from,
    ast.Return: _return,
    ast.Global: _outer,
    ast.Nonlocal: _outer,
    ast.Raise: _raise,
    ast.Assert: _assert,
    ast.Match: _match,
}
