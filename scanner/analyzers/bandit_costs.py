"""What Bandit's own loops cost on hostile trees: told beforehand, or made linear."""

from __future__ import annotations

import ast
from typing import Any, Final

__all__ = ["Keys", "chain_work", "literals", "search_work"]

_SQL_WORDS: Final = ("select", "insert", "update")


class Keys(list[Any]):
    """The keys of a long dict display: B105 asks for membership and position of each, which a list makes quadratic."""

    def __init__(self, keys: list[Any]) -> None:
        super().__init__(keys)
        self._places: dict[int, int] = {id(key): place for place, key in reversed(list(enumerate(keys)))}

    def __contains__(self, key: object) -> bool:
        return id(key) in self._places

    def index(self, key: Any, *_: Any) -> int:
        """The first place of the key."""
        return self._places[id(key)]


def chain_work(root: ast.BinOp) -> int:
    """What it costs to join a chain of operators once, and to search what it gives."""
    terms: list[ast.expr] = []
    stack: list[ast.expr] = [root]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.BinOp):
            stack += (node.left, node.right)
        else:
            terms.append(node)
    return len(terms) + search_work(literals(terms))


def literals(nodes: list[ast.expr]) -> list[str]:
    """The texts among `nodes`."""
    return [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]


def search_work(texts: list[str]) -> int:
    """B608's expression reads on to the end of the text from each of its first words."""
    size = sum(map(len, texts))
    if size < 1000:  # noqa: PLR2004 # too short to matter
        return 0
    starts = 1 + sum(text.lower().count(word) for text in texts for word in _SQL_WORDS)
    return starts * size // 200
