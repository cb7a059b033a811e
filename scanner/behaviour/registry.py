"""One call, and the register of calls that have a meaning of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from scanner.behaviour.records import Record
from scanner.behaviour.values import UNKNOWN, Value

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable, Sequence

    from scanner.behaviour.interpreter import Interpreter
    from scanner.behaviour.scopes import Scope

__all__ = ["SPECIALS", "Call", "Special", "register"]


class Call(Record):
    """One call: what is called, with what, and where it stands."""

    node: ast.expr
    scope: Scope
    function: Value
    arguments: list[Value]
    keywords: dict[str, Value]
    owner: Value = UNKNOWN
    method: str = ""
    argument_nodes: Sequence[ast.expr] = ()
    depth: int = 0

    def argument(self, position: int, name: str = "") -> Value:
        """The argument at a position, or under a name."""
        if position < len(self.arguments):
            return self.arguments[position]
        return self.keywords.get(name, UNKNOWN)

    def argument_node(self, position: int) -> ast.expr | None:
        """The expression of the argument at a position."""
        return self.argument_nodes[position] if position < len(self.argument_nodes) else None

    @property
    def command(self) -> list[Value]:
        """All arguments of a call that starts a process, but for the environment, which every child is given."""
        return [*self.arguments, *(value for name, value in self.keywords.items() if name != "env")]

    @property
    def all(self) -> list[Value]:
        """All arguments; not to be changed."""
        return [*self.arguments, *self.keywords.values()] if self.keywords else self.arguments


Special = "Callable[[Interpreter, Call], Value | None]"
SPECIALS: Final[dict[str, Callable[[Interpreter, Call], Value | None]]] = {}


def register(*names: str) -> Callable[[Callable[..., Value | None]], Callable[..., Value | None]]:
    """Makes the decorated function say what calls of `names` mean; it gives None where it has nothing to say."""

    def note(function: Callable[..., Value | None]) -> Callable[..., Value | None]:
        SPECIALS.update(dict.fromkeys(names, function))
        return function

    return note
