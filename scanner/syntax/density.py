"""What parsing a source would cost, told from its text alone: a syntax tree is up to 600 times as large.

The limits are far above what people write, and generators with them: the densest module of 400 well-known releases
that is no single text has 226,000 words.
"""

from __future__ import annotations

import io
import re
import sys
import tokenize
from typing import Final

__all__ = ["MAX_REWRITTEN", "MAX_WORDS", "TooDense", "too_dense", "words_in"]

#: Words, signs and ends of lines in one source. A mebibyte of ordinary code has 200,000.
MAX_WORDS: Final = 500_000
#: The same for a source that is rewritten first, which costs as much as the parsing and more.
MAX_REWRITTEN: Final = 200_000
#: Before 3.12, Python looks for each expression of a formatted text from the text's beginning: braces times length.
_MOST_SEARCHING: Final = 2_000_000_000
_QUADRATIC: Final = sys.version_info < (3, 12)

_WORD: Final = re.compile(r"\w+|[^\w\s]|\n+")
_FORMATTED: Final = re.compile(r"\b(?:f|rf|fr)[\"']", re.IGNORECASE)


class TooDense(ValueError):
    """A text whose syntax tree would cost more memory or time than one source may."""


def too_dense(text: str) -> str:
    """Why `text` is not parsed; empty where it may be."""
    if len(text) > MAX_WORDS and words_in(text) > MAX_WORDS:
        return f"more than {MAX_WORDS} words and signs"
    braces = text.count("{")
    if _QUADRATIC and braces * len(text) > _MOST_SEARCHING and _FORMATTED.search(text) and _searching(text):
        return f"formatted texts with {braces} braces"
    return ""


def words_in(text: str) -> int:
    """How many words, signs and ends of lines `text` has."""
    return sum(1 for _ in _WORD.finditer(text))


def _searching(text: str) -> bool:
    """Whether the formatted texts together cost more than they may; also where Python cannot tell its own words."""
    left = _MOST_SEARCHING
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.STRING:
                left -= token.string.count("{") * len(token.string)
            if left < 0:
                return True
    except (tokenize.TokenError, SyntaxError):
        return True
    return False
