"""How much of a text is operators, and how much is literals, without a parse that hostile text could refuse."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["apart", "shares"]

#: Strings and comments, as far as can be told without a tokenizer. What has matched is not taken back: it is linear.
_NO_CODE: Final = re.compile(
    r"\"\"\"[^\"\\]*+(?:(?:\\.|\"(?!\"\"))[^\"\\]*+)*+\"\"\"|'''[^'\\]*+(?:(?:\\.|'(?!''))[^'\\]*+)*+'''"
    r"|\"(?:[^\"\\\n]|\\.)*+\"?|'(?:[^'\\\n]|\\.)*+'?|#[^\n]*+",
    re.DOTALL,
)
_OPERATORS: Final = b"+-*/%<>=!&|^~@"
#: Measured on 4,010 benign and 2,505 malicious Python members: 0 and 1 have a larger share of operators,
_OPERATOR_SHARE: Final = 0.15
#: 11 (of two projects) and 106 a larger one of literals that are no text.
_LITERAL_SHARE: Final = 0.5
#: Shares of less code than this say nothing.
_LEAST_CODE: Final = 200
#: A literal that is longer, and has fewer blanks than one in so many characters, is no text for people.
_DENSE: Final = 200
_BLANKS: Final = 50


def apart(sample: str) -> tuple[str, int]:
    """The text without strings and comments, and how many characters are in literals that are no text for people."""
    pieces: list[str] = []
    end = dense = 0
    for match in _NO_CODE.finditer(sample):
        start = match.start()
        pieces.append(sample[end:start])
        end = match.end()
        if end - start > _DENSE and sample[start] != "#" and sample.count(" ", start, end) * _BLANKS < end - start:
            dense += end - start
    pieces.append(sample[end:])
    return " ".join(pieces), dense


def shares(bare: str, dense: int) -> Iterator[tuple[str, str]]:
    """Rules that the code fulfils: how much of it is operators, and how much is literals. Hiding makes both high."""
    code = "".join(bare.split()).encode("ascii", "replace")
    whole = len(code) + dense  # what is said in comments and documentation dilutes nothing
    if whole >= _LEAST_CODE and dense > whole * _LITERAL_SHARE:
        yield "mostly-literal", f"{dense} of {whole} characters outside of prose stand in literals that are no text"
    if len(code) >= _LEAST_CODE:
        operators = len(code) - len(code.translate(None, _OPERATORS))
        if operators > len(code) * _OPERATOR_SHARE:
            yield "mostly-operators", f"{operators} of {len(code)} characters of code are operators"
