"""Formatted strings of PEP 701 for parsers that know only the older ones.

A formatted string that this interpreter refuses is written as a call, `_(text, _[(expression), conversion, format])`,
which every version parses; in the tree the call becomes the node that it stands for.
"""

from __future__ import annotations

import ast
import unicodedata
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

from scanner.syntax.lexing import Kind, Literal, NotPython, Pieces, Token

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

__all__ = ["Joiner"]


@dataclass(frozen=True, slots=True)
class Joiner:
    """Writes strings as calls of `name`, and makes strings of these calls again."""

    name: str

    @classmethod
    def unlike(cls, text: str) -> Joiner:
        """One whose name is nowhere in `text`, so that every call of it is ours."""
        plain = unicodedata.normalize("NFKC", text)
        return cls(next(name for number in count() if (name := f"_formatted{number}_") not in plain))

    def call(self, text: str, run: Sequence[Token], inner: Callable[[Sequence[Token]], str]) -> str:
        """The adjacent strings of `run` as one call; what stands between them stays."""
        parts, position = [f"{self.name}("], run[0].start
        for token in run:
            parts.append(text[position : token.start])
            if token.kind is Kind.FORMATTED:
                parts += self._pieces(text, token, token.pieces, inner)
            else:
                parts.append(f"{text[token.start : token.end]},")
            position = token.end
        return "".join((*parts, ")"))

    def _pieces(
        self, text: str, token: Token, pieces: Pieces, inner: Callable[[Sequence[Token]], str]
    ) -> Iterable[str]:
        for piece in pieces:
            if isinstance(piece, Literal):
                yield f"{_literal(text[piece.start : piece.end], token, top=pieces is token.pieces)},"
                continue
            if piece.debug:
                yield f"{piece.debug!r},"
            conversion = ord(piece.conversion) if piece.conversion else -1
            if piece.debug and not piece.conversion and piece.format is None:
                conversion = ord("r")
            yield f"{self.name}[({inner(piece.tokens)}),{conversion},"
            if piece.format is not None:
                yield f"{self.name}({''.join(self._pieces(text, token, piece.format, inner))})"
            yield "],"

    def restored(self, tree: ast.Module) -> ast.Module:
        """The tree with a `JoinedStr` (or a constant) for each call.

        Raises:
            NotPython: bytes and text stand side by side.
        """
        _Restorer(self.name).visit(tree)
        return tree


def _literal(piece: str, token: Token, *, top: bool) -> str:
    """The text between two fields as a string of its own, in the same quotes."""
    raw = "r" if "r" in token.prefix else ""
    if top:
        piece = piece.replace("{{", "{").replace("}}", "}")
    tail = ""
    if (len(piece) - len(piece.rstrip("\\"))) % 2:
        piece, tail = piece[:-1], " '\\\\'"
    return f"{raw}{token.quotes}{piece}{token.quotes}{tail}"


class _Restorer(ast.NodeTransformer):
    def __init__(self, name: str) -> None:
        self._name = name

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        if not self._is_ours(node.func):
            return node
        values = list[ast.expr]()
        for value in node.args:
            _append(values, value)
        if not values:
            return ast.copy_location(ast.Constant(""), node)
        if len(values) == 1 and isinstance(values[0], ast.Constant):
            return values[0]
        return ast.copy_location(ast.JoinedStr(values), node)

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        self.generic_visit(node)
        if not self._is_ours(node.value) or not isinstance(node.slice, ast.Tuple):
            return node
        value, conversion, *form = node.slice.elts
        spec = None
        if form:
            spec = form[0] if isinstance(form[0], ast.JoinedStr) else ast.JoinedStr([form[0]])
            ast.copy_location(spec, form[0])
        number = ast.literal_eval(conversion)
        return ast.copy_location(ast.FormattedValue(value, number, spec), node)

    def _is_ours(self, node: ast.expr) -> bool:
        return isinstance(node, ast.Name) and node.id == self._name


def _append(values: list[ast.expr], value: ast.expr) -> None:
    """Constants side by side are one; a formatted string among the parts gives its own parts."""
    if isinstance(value, ast.JoinedStr):
        for part in value.values:
            _append(values, part)
    elif isinstance(value, ast.Constant) and not isinstance(value.value, str):
        raise NotPython("bytes and text side by side")
    elif isinstance(value, ast.Constant) and values and isinstance(last := values[-1], ast.Constant):
        values[-1] = ast.copy_location(ast.Constant(str(last.value) + str(value.value)), last)
    else:
        values.append(value)
