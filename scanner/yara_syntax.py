"""YARA source becomes rules, strings and conditions that the linter can read.

It reads only what libyara has compiled before: it finds the parts of correct source and does not judge incorrect one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["StringKind", "YaraRule", "YaraString", "parse_yara"]

_TOKEN: Final = re.compile(
    r"""(?P<skip>\s+|//[^\n]*|/\*.*?\*/)
      | (?P<text>"(?:\\.|[^"\\\n])*")
      | (?P<word>[$\#@!]?[A-Za-z_0-9]+\*?|[$\#@!])
      | (?P<sign>.)""",
    re.VERBOSE | re.DOTALL,
)
_REGEX: Final = re.compile(r"/(?P<regex>(?:\\.|[^/\\\n])+)/(?P<modifiers>[is]*)")
_HEX: Final = re.compile(r"\{(?P<hex>[^}]*)\}")
_SECTIONS: Final = frozenset({"meta", "strings", "condition"})
_MODIFIERS: Final = frozenset({"nocase", "wide", "ascii", "fullword", "private", "xor", "base64", "base64wide"})


class StringKind(StrEnum):
    """How a string of a rule is written."""

    TEXT = "text"
    REGEX = "regex"
    HEX = "hex"


@dataclass(frozen=True, slots=True)
class YaraString:
    """One string of a rule: its name with the `$`, and its value without the delimiters."""

    name: str
    kind: StringKind
    value: str
    modifiers: frozenset[str]


@dataclass(frozen=True, slots=True)
class YaraRule:
    """One rule: where it begins, its strings, and the words of its condition."""

    name: str
    line: int
    scope: frozenset[str]
    strings: tuple[YaraString, ...]
    condition: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    line: int
    modifiers: str = ""


def parse_yara(source: str) -> tuple[YaraRule, ...]:
    """The rules in `source`, in order."""
    tokens = list(_tokens(source))
    starts = [index for index, token in enumerate(tokens) if token.kind == "word" and token.text == "rule"]
    bounds = pairwise([*starts, len(tokens)])
    return tuple(_rule(tokens, start, end) for start, end in bounds)


def _tokens(source: str) -> Iterator[_Token]:
    """The words of `source`. A regex or a hex string can only follow the `=` of the strings section."""
    position, line, section, after_equals = 0, 1, "", False
    while position < len(source):
        match = _value(source, position) if after_equals and section == "strings" else None
        match = match or _TOKEN.match(source, position)
        if match is None:
            raise AssertionError(f"_TOKEN takes any character, but not the one at {position}")
        groups, end = match.groupdict(), match.end()
        kind = next(name for name, value in groups.items() if value is not None)
        if kind != "skip":
            yield _Token(kind, groups[kind], line, groups.get("modifiers") or "")
            after_equals = kind == "sign" and match[0] == "="
        if kind == "word" and match[0] in _SECTIONS and source[end:].lstrip().startswith(":"):
            section = match[0]
        line += source.count("\n", position, end)
        position = end


def _value(source: str, position: int) -> re.Match[str] | None:
    return _REGEX.match(source, position) or _HEX.match(source, position)


def _rule(tokens: list[_Token], start: int, end: int) -> YaraRule:
    scope = {token.text for token in tokens[max(0, start - 2) : start] if token.text in {"private", "global"}}
    body = tokens[start:end]
    marks = {token.text: index for index, token in enumerate(body) if _opens_section(body, index)}
    condition = body[marks["condition"] + 2 :]
    strings = body[marks["strings"] + 2 : marks["condition"]] if "strings" in marks else []
    return YaraRule(
        name=body[1].text,
        line=body[0].line,
        scope=frozenset(scope),
        strings=tuple(_strings(strings)),
        condition=tuple(token.text for token in condition[: _closing(condition)]),
    )


def _opens_section(body: list[_Token], index: int) -> bool:
    token = body[index]
    following = body[index + 1].text if index + 1 < len(body) else ""
    return token.kind == "word" and token.text in _SECTIONS and following == ":"


def _closing(condition: list[_Token]) -> int:
    return next(index for index, token in enumerate(condition) if token.kind == "sign" and token.text == "}")


def _strings(tokens: list[_Token]) -> Iterator[YaraString]:
    for index, token in enumerate(tokens):
        if token.kind == "sign" and token.text == "=":
            value = tokens[index + 1]
            modifiers = set(value.modifiers)
            for later in tokens[index + 2 :]:
                if later.text.startswith("$"):
                    break
                if later.text in _MODIFIERS:
                    modifiers.add(later.text)
            text = value.text[1:-1] if value.kind == "text" else value.text
            yield YaraString(tokens[index - 1].text, StringKind(value.kind), text, frozenset(modifiers))
