"""One module: from its syntax tree to the report of what it was seen to do."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from scanner.behaviour import effects, effects_files, specials
from scanner.behaviour.calls import evaluate_call
from scanner.behaviour.expressions import EXPRESSIONS
from scanner.behaviour.interpreter import Interpreter
from scanner.behaviour.statements import STATEMENTS
from scanner.behaviour.values import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from scanner.behaviour.events import ModuleReport
    from scanner.behaviour.values import Value

__all__ = ["walk"]


def _kinds(kind: type[ast.AST]) -> Iterator[type[ast.AST]]:
    """The kind of node, and all kinds below it."""
    yield kind
    for inner in kind.__subclasses__():
        yield from _kinds(inner)


def _nothing(*_: object) -> Value:
    """What is known of an expression that no table knows."""
    return UNKNOWN


#: Every kind of expression has an entry, so that the walk need not ask whether there is one.
_EXPRESSIONS: Final[dict[type[ast.AST], Callable[..., Value]]] = {
    **dict.fromkeys(_kinds(ast.expr), _nothing),
    **EXPRESSIONS,
    ast.Call: evaluate_call,
}
_REGISTERED = (
    effects.__name__,
    effects_files.__name__,
    specials.__name__,
)  # importing them registers calls with a meaning of their own


def walk(tree: ast.Module, aliases: Mapping[str, str] | None = None) -> ModuleReport:
    """What the module does, as far as abstract values tell. Never raises for what the tree holds.

    `aliases` gives the qualified names of things that other modules of the artifact hand on under names of their own.
    """
    interpreter = Interpreter(_EXPRESSIONS, STATEMENTS)
    interpreter.aliases = aliases or {}
    return interpreter.run(tree)
