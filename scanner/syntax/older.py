"""Statements of Python 2, rewritten for the parsers of Python 3, word by word where they stood.

Releases for both carry such modules to this day, and what runs on an old interpreter does harm there. Nothing is left
out of the text but what cannot act: brackets around parameters, `L` behind a number, how far a tab indents.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from scanner.syntax.lexing import Kind, Token

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["HINTS", "modernised"]

#: One of these stands in every text that only Python 2 reads.
HINTS: Final = re.compile(
    r"\b(?:print|exec)\b[ \t\\]*[^\s(=.,;)\]]|\braise\b[^\n]*,|\bexcept\b[^\n]*,|`|<>|\b0[0-7]|\d[lL]\b|\b[uU][rR]['\"]"
    r"|\b(?:def|lambda)\b[^\n]*\(|\basync\b|^[ ]*\t",
    re.MULTILINE,
)
_SKIPPED: Final = frozenset({Kind.SPACE, Kind.COMMENT, Kind.BREAK})
_OLD_OCTAL: Final = re.compile(r"0+[0-7]+")
_RAW_TEXT: Final = frozenset({"ur", "uR", "Ur", "UR"})
#: Words that begin no expression: behind `print`, they make it a name.
_BETWEEN: Final = frozenset({"in", "is", "and", "or", "if", "else", "for"})
_ASYNC_STATEMENT: Final = frozenset({"def", "for", "with"})
#: More words than any list of parameters has: each keyword is looked behind only so far.
_MOST_PARAMETERS: Final = 1000
_PARAMETER_FOLLOWS: Final = frozenset({"lambda", "(", ","})
_TAB: Final = 8  # columns: https://docs.python.org/2.7/reference/lexical_analysis.html#indentation


def modernised(text: str, tokens: Sequence[Token]) -> str:
    """`text` as Python 3 would write it, where it is Python 2; elsewhere it may become something that none reads."""
    edits = _Edits(text, tokens)
    edits.lines()
    edits.words()
    for statement in edits.statements():
        edits.statement(statement)
    return edits.rendered()


class _Edits:
    def __init__(self, text: str, tokens: Sequence[Token]) -> None:
        self._text, self._tokens = text, tokens
        self._plain = [token for token in tokens if token.kind not in _SKIPPED]
        self._instead: dict[int, str] = {}
        """What to write for a token, by where it starts."""
        self._behind: dict[int, str] = {}
        """What to write behind a token, by where it starts."""

    def _word(self, token: Token) -> str:
        return self._text[token.start : token.end]

    def rendered(self) -> str:
        """The text with every edit."""
        return "".join(
            self._instead.get(token.start, self._word(token)) + self._behind.get(token.start, "")
            for token in self._tokens
        )

    def lines(self) -> None:
        """Tabs that indent are spaces."""
        begins = True
        for token in self._tokens:
            if begins and token.kind is Kind.SPACE:
                self._instead[token.start] = self._word(token).expandtabs(_TAB)
            begins = token.kind is Kind.NEWLINE

    def words(self) -> None:
        """Numbers, strings and operators are written in the newer way."""
        quoted = False
        for index, (token, following) in enumerate(zip(self._plain, [*self._plain[1:], None], strict=False)):
            word = self._word(token)
            touches = following is not None and following.start == token.end
            if token.kind is Kind.NUMBER:
                self._instead[token.start] = _number(word)
            elif word == "`":
                self._instead[token.start] = "))" if quoted else "repr(("
                quoted = not quoted
            elif following is not None and touches and word == "<" and self._word(following) == ">":
                self._instead[token.start], self._instead[following.start] = "!=", ""
            elif following is not None and touches and word in _RAW_TEXT and following.kind is Kind.STRING:
                self._instead[token.start] = "r"
            elif word == "async" and (following is None or self._word(following) not in _ASYNC_STATEMENT):
                self._instead[token.start] = "async_"
            elif word in {"def", "lambda"}:
                self._parameters(index)

    def statements(self) -> Iterator[list[Token]]:
        """The words of every simple statement, and of the head of every compound one."""
        statement = list[Token]()
        for token in self._plain:
            word = self._word(token)
            if token.kind is Kind.NEWLINE or (token.depth == 0 and word in {";", ":"}):
                yield statement
                statement = []
            else:
                statement.append(token)
        yield statement

    def statement(self, statement: list[Token]) -> None:
        """A statement that became a call, or takes another word, is written so."""
        if len(statement) < 2:  # noqa: PLR2004 # the word alone is the same in both
            return
        first, second, *_ = statement
        word = self._word(first)
        if word in {"print", "exec"} and self._is_value(second):
            self._instead[first.start] = f"{word}("
            self._behind[statement[-1].start] = f"{self._behind.get(statement[-1].start, '')})"
            if word == "exec":
                self._replace(statement, "in", ", ")
        elif word == "raise" and self._replace(statement, ",", "("):
            self._behind[statement[-1].start] = f"{self._behind.get(statement[-1].start, '')})"
        elif word == "except":
            self._replace(statement, ",", " as ")

    def _is_value(self, token: Token) -> bool:
        """Whether what follows `print` makes it a statement, and is nothing that newer versions read, too."""
        word = self._word(token)
        if token.kind is Kind.NAME:
            return word not in _BETWEEN
        return token.kind in {Kind.STRING, Kind.FORMATTED, Kind.NUMBER} or word in {"`", "{", "~"}

    def _replace(self, statement: list[Token], word: str, by: str) -> bool:
        """The first `word` outside of brackets is written otherwise."""
        for token in statement:
            if token.depth == 0 and self._word(token) == word:
                self._instead[token.start] = by
                return True
        return False

    def _parameters(self, index: int) -> None:
        """Parameters that are taken apart in brackets, as in `lambda (a, b): a`, stand beside the others."""
        keyword = self._plain[index]
        in_brackets = self._word(keyword) == "def"
        first, level = (index + 2, keyword.depth + 1) if in_brackets else (index, keyword.depth)
        before, deepest = keyword, level
        """The word before, and how deep the brackets go that parameters are taken apart in."""
        for token in self._plain[first : first + _MOST_PARAMETERS]:
            word, last = self._word(token), self._word(before)
            if token.depth < level or (token.depth == level and word == ":" and not in_brackets):
                return
            if word == "(" and token.depth == deepest + 1 and before.depth == deepest and last in _PARAMETER_FOLLOWS:
                self._instead[token.start], deepest = "", token.depth
            elif word == ")" and token.depth == deepest - 1:
                self._instead[token.start], deepest = "", token.depth
                if last == ",":  # of one: `(a,)`
                    self._instead[before.start] = ""
            before = token


def _number(word: str) -> str:
    word = word.rstrip("lL")
    return f"0o{word}" if _OLD_OCTAL.fullmatch(word) else word
