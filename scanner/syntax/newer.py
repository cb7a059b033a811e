"""Statements of newer Python versions, rewritten for older parsers, line by line where they stood."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from keyword import iskeyword
from typing import TYPE_CHECKING, Final

from scanner.syntax.lexing import Kind, NotPython, Token

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from scanner.syntax.formatted import Joiner

__all__ = ["rewritten"]

_SKIPPED: Final = frozenset({Kind.SPACE, Kind.COMMENT, Kind.BREAK})
#: What may stand in type parameters that are left out: nothing that calls, computes or binds.
_TYPE_WORDS: Final = frozenset(".,:|*[]()=")
_STRINGS: Final = frozenset({Kind.STRING, Kind.FORMATTED})


def rewritten(text: str, tokens: Sequence[Token], joiner: Joiner) -> str:
    """`text` without newer syntax; formatted strings that this interpreter refuses are calls of the joiner's name.

    Raises:
        NotPython: type parameters hold more than types.
    """
    edits = _Edits(text, tokens)
    edits.statements()
    edits.comprehensions()
    return _rendered(text, tokens, joiner, edits.instead)


@dataclass(slots=True)
class _Edits:
    text: str
    tokens: Sequence[Token]
    instead: dict[int, str] = field(default_factory=dict)
    """What to write for a token, by where it starts."""

    def statements(self) -> None:
        plain = [token for token in self.tokens if token.kind not in _SKIPPED]
        begins = True
        for index, token in enumerate(plain):
            word = self.word(token)
            if token.kind is Kind.NAME:
                following = plain[index + 1 : index + 3]
                if word in {"def", "class"}:
                    self._type_parameters(following)
                elif begins:
                    self._statement(word, plain, index)
            begins = token.kind is Kind.NEWLINE or (token.depth == 0 and word in {";", ":"})

    def comprehensions(self) -> None:
        """`[*x for x in y]` (PEP 798) names what it unpacks without the star."""
        stars = list[list[Token]]()
        """Of every open bracket: the stars that its only element begins with so far."""
        before = ""
        for token in self.tokens:
            if token.kind in _SKIPPED:
                continue
            word = self.word(token)
            if word in {"(", "[", "{"}:
                stars.append([])
            elif word in {")", "]", "}"}:
                stars.pop()
            elif stars and word == "*" and (before in {"(", "[", "{"} or (before == "*" and stars[-1])):
                stars[-1].append(token)
            elif stars and word == "," and token.kind is Kind.OP:
                stars[-1].clear()
            elif stars and word == "for":
                self.instead |= {star.start: "" for star in stars[-1]}
            before = word

    def word(self, token: Token) -> str:
        return self.text[token.start : token.end]

    def _statement(self, word: str, plain: Sequence[Token], index: int) -> None:
        token, following = plain[index], plain[index + 1 : index + 3]
        if word == "type" and following and following[0].kind is Kind.NAME and not iskeyword(self.word(following[0])):
            if _is(self, plain, index + 2, "[") or _is(self, plain, index + 2, "="):
                self.instead[token.start], self.instead[following[0].start] = self.word(following[0]), ""
                self._type_parameters(following[:2])
        elif word == "lazy" and following and self.word(following[0]) in {"import", "from"}:
            self.instead[token.start], self.instead[following[0].start] = self.word(following[0]), ""
        elif word == "except":
            self._exceptions(plain, index + 1)

    def _type_parameters(self, following: Sequence[Token]) -> None:
        """`[T: int]` behind the name becomes space; its line breaks are continued."""
        if len(following) < 2 or following[0].kind is not Kind.NAME or self.word(following[1]) != "[":  # noqa: PLR2004
            return
        opening, before = following[1], ""
        for place in range(self._place(opening), len(self.tokens)):
            token = self.tokens[place]
            word = self.word(token)
            if not self._only_types(token, word, before):
                raise NotPython(f"type parameters hold {word!r}")
            self.instead[token.start] = "\\\n" if token.kind is Kind.BREAK or word == "\\\n" else " " * len(word)
            if token.kind not in _SKIPPED:
                before = word
            if word == "]" and token.depth == opening.depth - 1:
                return

    def _place(self, wanted: Token) -> int:
        low, high = 0, len(self.tokens)
        while low < high:
            middle = (low + high) // 2
            if self.tokens[middle].start < wanted.start:
                low = middle + 1
            else:
                high = middle
        return low

    def _only_types(self, token: Token, word: str, before: str) -> bool:
        if token.kind is Kind.OP:
            called = word == "(" and (before[-1:].isidentifier() or before in {")", "]"})
            return word in _TYPE_WORDS and not called
        if token.kind is Kind.NAME:
            return not iskeyword(word) or word == "None"
        return token.kind in _SKIPPED or (token.kind is Kind.STRING and "\n" not in word)

    def _exceptions(self, plain: Sequence[Token], start: int) -> None:
        """`except A, B:` gets the brackets that older versions ask for."""
        head = list[Token]()
        for place in range(start, len(plain)):
            token = plain[place]
            if token.kind is Kind.NEWLINE or (token.depth == 0 and self.word(token) == ":"):
                break
            head.append(token)
        if head and self.word(head[0]) == "*":
            head = head[1:]
        outside = {self.word(token) for token in head if token.depth == 0}
        if "," in outside and "as" not in outside:
            first, last = head[0], head[-1]
            self.instead[first.start] = f"({self.word(first)}"
            self.instead[last.start] = f"{self.instead.get(last.start, self.word(last))})"


def _is(edits: _Edits, plain: Sequence[Token], index: int, word: str) -> bool:
    return index < len(plain) and edits.word(plain[index]) == word


def _rendered(text: str, tokens: Sequence[Token], joiner: Joiner, instead: dict[int, str]) -> str:
    parts, position = list[str](), tokens[0].start if tokens else 0

    def inner(nested: Sequence[Token]) -> str:
        return _rendered(text, nested, joiner, {})

    for run in _runs(tokens):
        first = run[0]
        parts.append(text[position : first.start])
        position = run[-1].end
        if first.kind in _STRINGS and first.start not in instead and any(_is_refused(text, one) for one in run):
            parts.append(joiner.call(text, [one for one in run if one.kind in _STRINGS], inner))
        else:
            parts += [instead.get(one.start, text[one.start : one.end]) for one in run]
    return "".join(parts)


def _runs(tokens: Sequence[Token]) -> Iterable[list[Token]]:
    """Strings side by side, with what stands between them, together; every other token alone."""
    run, gap = list[Token](), list[Token]()
    for token in tokens:
        if token.kind in _STRINGS:
            run += [*gap, token]
            gap = []
        elif run and token.kind in _SKIPPED:
            gap.append(token)
        else:
            yield from ([run] if run else [])
            yield from ([one] for one in gap)
            run, gap = [], []
            yield [token]
    yield from ([run] if run else [])
    yield from ([one] for one in gap)


def _is_refused(text: str, token: Token) -> bool:
    """Whether this interpreter cannot read the formatted string."""
    if token.kind is not Kind.FORMATTED:
        return False
    if "t" in token.prefix:
        return True
    try:
        ast.parse(f"({text[token.start : token.end]})")
    except SyntaxError:
        return True
    return False
