"""What operators give: chains of them, comparisons, and choices between two values."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from scanner.behaviour import folding, texts
from scanner.behaviour.values import COMPUTED, MISSING, UNKNOWN, Value, constant, join

if TYPE_CHECKING:
    from collections.abc import Callable

    from scanner.behaviour.interpreter import Interpreter
    from scanner.behaviour.scopes import Scope

__all__ = ["HIDDEN_NAMES", "OPERATORS", "combined"]

#: Names that nobody writes in pieces without a reason.
HIDDEN_NAMES: Final = frozenset(
    {"exec", "eval", "compile", "__import__", "execfile", "system", "popen", "Popen", "b64decode", "builtins"}
)


def _binary(it: Interpreter, node: ast.BinOp, scope: Scope) -> Value:
    """A chain of operators of the same side is walked in a loop: it may be thousands long."""
    operands: list[ast.BinOp] = []
    left: ast.expr = node
    while isinstance(left, ast.BinOp):
        operands.append(left)
        left = left.left
    value = it.evaluate(left, scope)
    for operation in reversed(operands):
        it.budget.visit()
        value = combined(it, type(operation.op), value, it.evaluate(operation.right, scope))
    return value


def combined(it: Interpreter, kind: type[ast.operator], left: Value, right: Value) -> Value:
    """What is known of `left OP right`."""
    if left.known and right.known:
        const = folding.fold_binary(kind, left.const, right.const, it.budget)
        if const is not MISSING:
            shifted = kind in {ast.BitXor, ast.LShift, ast.RShift} and isinstance(const, int)
            taint = COMPUTED if shifted or (isinstance(const, str) and const in HIDDEN_NAMES) else 0
            return constant(const, left, right, taint=taint)
        return join([left, right])
    if kind is ast.Add:
        return texts.concatenated(it, left, right)
    if kind is ast.Mod and isinstance(left.const, str):
        return texts.formatted_percent(it, left, right)
    if kind is ast.Div and left.ref == "pathlib.Path()":
        path = texts.joined_path([left, right])
        return Value(path.const, "pathlib.Path()", path.taint, path.trail, exact=path.exact)
    return join([left, right])


def _unary(it: Interpreter, node: ast.UnaryOp, scope: Scope) -> Value:
    operand = it.evaluate(node.operand, scope)
    if operand.known:
        const = folding.fold_unary(type(node.op), operand.const, it.budget)
        if const is not MISSING:
            return constant(const, operand)
    return UNKNOWN


def _boolean(it: Interpreter, node: ast.BoolOp, scope: Scope) -> Value:
    values = [it.evaluate(value, scope) for value in node.values]
    telling = [value for value in values if value is not UNKNOWN]
    if not telling:
        return UNKNOWN
    merged = join(telling)
    last = next((v for v in reversed(telling) if v.ref or v.target or v.const is not MISSING), merged)
    return Value(
        last.const, last.ref, merged.taint, merged.trail, exact=False, target=last.target, elements=last.elements
    )


def _compare(it: Interpreter, node: ast.Compare, scope: Scope) -> Value:
    left = it.evaluate(node.left, scope)
    rights = [it.evaluate(right, scope) for right in node.comparators]
    if len(rights) == 1 and left.known and rights[0].known:
        plain = (str, bytes, int, float)
        if isinstance(left.const, plain) and isinstance(rights[0].const, plain):
            verdict = texts.compared(node.ops[0], left.const, rights[0].const)
            if verdict is not None:
                return Value(verdict)
    return UNKNOWN


def _conditional(it: Interpreter, node: ast.IfExp, scope: Scope) -> Value:
    test = it.evaluate(node.test, scope)
    if test.known and isinstance(test.const, bool | int):
        return it.evaluate(node.body if test.const else node.orelse, scope)
    first, second = it.evaluate(node.body, scope), it.evaluate(node.orelse, scope)
    chosen = first if first.ref or first.target or first.const is not MISSING else second
    merged = join([first, second])
    return Value(
        chosen.const,
        chosen.ref,
        merged.taint,
        merged.trail,
        exact=False,
        target=chosen.target,
        elements=chosen.elements,
    )


OPERATORS: Final[dict[type[ast.AST], Callable[..., Value]]] = {
    ast.BinOp: _binary,
    ast.UnaryOp: _unary,
    ast.BoolOp: _boolean,
    ast.Compare: _compare,
    ast.IfExp: _conditional,
}
