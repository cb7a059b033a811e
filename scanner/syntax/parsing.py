"""From text to tree: the interpreter's own parser first, the rewriting of newer or older syntax where that refuses."""

from __future__ import annotations

import ast
import re
import warnings
from typing import TYPE_CHECKING, Final

from scanner.syntax.density import MAX_REWRITTEN, TooDense, too_dense, words_in
from scanner.syntax.formatted import Joiner
from scanner.syntax.lexing import NotPython, tokens_of
from scanner.syntax.newer import rewritten
from scanner.syntax.older import HINTS as OLDER_HINTS
from scanner.syntax.older import modernised

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scanner.syntax.lexing import Token

__all__ = ["is_rewritten", "parse"]

#: One of these stands in every text that has newer syntax: a text without is not worth a second reading.
_HINTS: Final = re.compile(
    r"(?:def|class)[ \t\\\n]+\w+[ \t\\\n]*\[|\btype[ \t\\\n]+\w|\blazy[ \t\\\n]+(?:from|import)\b"
    r"|\bexcept\b[^\n:]*,|(?i:[ft]r?|r[ft])['\"]|[(\[{]\s*\*"
)
_MARK: Final = "rewritten"


def parse(text: str | bytes) -> ast.Module:
    """The syntax tree of `text` (bytes are decoded by PEP 263).

    Syntax newer than this interpreter becomes the nearest that it has: type parameters (PEP 695, 696) are left out, a
    type alias is an assignment, a template string (PEP 750) a formatted one, a lazy import (PEP 810) an import,
    `except A, B` (PEP 758) names a tuple, a comprehension that unpacks (PEP 798) does not, and formatted strings are
    those of PEP 701. What is refused then is read as Python 2.
    Lines are those of `text`; columns right of a rewritten place may differ.

    Raises:
        TooDense: the tree would cost more memory or time than one source may.
        SyntaxError, ValueError, RecursionError, MemoryError: as `ast.parse`; the error is the one of the text as it
            stands.
    """
    if why := too_dense(text if isinstance(text, str) else text.decode("latin-1")):
        raise TooDense(why)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(text)
        except SyntaxError:
            tree = _rewritten(text if isinstance(text, str) else text.decode("utf-8", "replace"))
            if tree is None:
                raise
            return tree


def is_rewritten(tree: ast.Module) -> bool:
    """Whether the text was rewritten before it was parsed: columns in `tree` may not be those of the text."""
    return _MARK in vars(tree)


def _rewritten(text: str) -> ast.Module | None:
    newer, older = _HINTS.search(text), OLDER_HINTS.search(text)
    if not (newer or older) or (len(text) > MAX_REWRITTEN and words_in(text) > MAX_REWRITTEN):
        return None
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    try:
        tokens = tokens_of(text)
    except NotPython:
        return None
    tree = (newer and _newer(text, tokens)) or (older and _older(text, tokens)) or None
    if tree is not None:
        vars(tree)[_MARK] = True
    return tree


def _newer(text: str, tokens: Sequence[Token]) -> ast.Module | None:
    joiner = Joiner.unlike(text)
    try:
        return joiner.restored(ast.parse(rewritten(text, tokens, joiner)))
    except (NotPython, SyntaxError):
        return None


def _older(text: str, tokens: Sequence[Token]) -> ast.Module | None:
    try:
        return ast.parse(modernised(text, tokens))
    except SyntaxError:
        return None
