"""Which YARA rules are refused, and why: those that would be slow, and those that an attacker's text could switch off.

libyara looks for literals of up to four bytes and tries the rest of a pattern where one of them stands. A pattern
without a rare literal is tried everywhere: one such string brings 200 MB/s down to 20. A condition that asks for the
absence of something, or for a small file, is switched off by whoever adds that something, or pads the file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from scanner.yara_pieces import COMMON_PIECES, LENGTH, piece_of
from scanner.yara_regex import regex_shape
from scanner.yara_syntax import StringKind, YaraRule, YaraString

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MAX_REPEAT", "MIN_ANCHOR", "RuleRefused", "lint_rule"]

#: The bytes of literal that every string must contain: libyara's own pieces are that long.
MIN_ANCHOR: Final = LENGTH
#: The longest repetition in a regex, and the longest jump in a hex string.
MAX_REPEAT: Final = 200
#: How far a regex may reach back from its first literal through a repeated class.
MAX_FIRST_REPEAT: Final = 16

_ESCAPE: Final = re.compile(r"\\(x[0-9A-Fa-f]{2}|.)")
_HEX_RUN: Final = re.compile(r"(?:[0-9A-Fa-f]{2})+")
_HEX_JUMP: Final = re.compile(r"\[\s*(\d*)\s*(-?)\s*(\d*)\s*\]")
_HEX_COMMENT: Final = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_LESSENING: Final = {
    "not": "asks that something is absent",
    "none": "asks that something is absent",
    "filesize": "depends on the size of the file",
}


@dataclass(frozen=True, slots=True)
class RuleRefused:
    """One reason why a rule cannot be used; `string` is empty when it is about the rule as a whole."""

    rule: str
    line: int
    string: str
    why: str

    def __str__(self) -> str:
        where = f" {self.string}" if self.string else ""
        return f"line {self.line}: rule {self.rule}{where}: {self.why}"


def lint_rule(rule: YaraRule) -> Iterator[RuleRefused]:
    """The reasons why `rule` cannot be used; none when it can."""
    for string in rule.strings:
        for why in _slow(string):
            yield RuleRefused(rule.name, rule.line, string.name, why)
    for why in _shape(rule):
        yield RuleRefused(rule.name, rule.line, "", why)


def _shape(rule: YaraRule) -> Iterator[str]:
    if "global" in rule.scope:
        yield "is global: where it does not match, it switches off every other rule"
    if not rule.strings and not any(word.isidentifier() for word in rule.condition):
        yield "has no strings"
    for word in sorted(set(rule.condition) & _LESSENING.keys()):
        yield f"its condition says `{word}`: it {_LESSENING[word]}, so adding text to a file switches it off"
    if any(word.startswith("#") for word in rule.condition):
        yield "its condition counts matches: ask whether a string is there, not how often"
    if "entrypoint" in rule.condition or "for" in rule.condition:
        yield "its condition loops or asks for an entry point: ask for strings"


def _slow(string: YaraString) -> Iterator[str]:
    if "xor" in string.modifiers:
        yield "the xor modifier looks for 255 forms of the string: decode the layer instead"
    if string.kind is StringKind.TEXT:
        yield from _short(_ESCAPE.sub("?", string.value), "string")
    elif string.kind is StringKind.HEX:
        yield from _slow_hex(string.value)
    else:
        yield from _slow_regex(string.value)


def _slow_hex(value: str) -> Iterator[str]:
    text = re.sub(r"\s+", "", _HEX_COMMENT.sub("", value))
    runs = [len(run) // 2 for run in _HEX_RUN.findall(_HEX_JUMP.sub("|", text))]
    if max(runs, default=0) < MIN_ANCHOR:
        yield f"its longest run of fixed bytes is {max(runs, default=0)} bytes; at least {MIN_ANCHOR} are needed"
    for low, dash, high in _HEX_JUMP.findall(text):
        if (dash and not high) or int(high or low or 0) > MAX_REPEAT:
            yield f"a jump of more than {MAX_REPEAT} bytes: bound it, or use two strings"


def _slow_regex(pattern: str) -> Iterator[str]:
    shape = regex_shape(pattern)
    if shape.max_repeat > MAX_REPEAT:
        yield f"a repetition without a bound, or with one over {MAX_REPEAT}: write {{0,{MAX_REPEAT}}} or less"
    if shape.first_repeat > MAX_FIRST_REPEAT:
        yield f"begins with a repeated class (up to {shape.first_repeat} times): begin with its literal"
    for anchor in shape.anchors:
        yield from _short(anchor, "literal of the regex")


def _short(text: str, what: str) -> Iterator[str]:
    if len(text) < MIN_ANCHOR:
        yield f"the {what} is {text!r}, {len(text)} bytes long; at least {MIN_ANCHOR} are needed"
    elif not (piece := piece_of(text)).strip() or piece in COMMON_PIECES:
        yield (
            f"of the {what} {text!r} libyara looks for {piece!r}, which stands in nearly every file: "
            "choose a rarer one, or put a letter of it in brackets so that it takes another piece"
        )
