"""Texts of which only parts are known: put together, compared, and recognised."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Any, Final

from scanner.behaviour.budget import MAX_TEXT
from scanner.behaviour.sources import HOST_VARIABLES, SOURCES
from scanner.behaviour.values import ENVIRONMENT, MISSING, PLACEHOLDER, UNKNOWN, Value, join
from scanner.behaviour.vocabulary import effect_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scanner.behaviour.interpreter import Interpreter

__all__ = [
    "compared",
    "concatenated",
    "environment",
    "formatted_percent",
    "is_telling",
    "joined_path",
    "looks_encoded",
    "made",
    "through",
]

_ENCODED_TEXT: Final = re.compile(
    r"[A-Za-z0-9+/_=-]{40,}\s*|[0-9A-Fa-f\s]{40,}|[!-u]{80,}|[0-9A-Za-z!#$%&()*+;<=>?@^_`{|}~-]{80,}"
)
_HEX_OR_MIXED: Final = re.compile(r"(?=.*[a-z])(?=.*[A-Z])(?=.*[0-9])|[0-9A-Fa-f\s]+$")
_PIECE: Final = re.compile(r"%(?:\((\w{1,40})\))?[-#0 +]{0,4}\d{0,4}(?:\.\d{0,4})?([sdrxXiufga%])")


_ADDRESS: Final = re.compile(r"://|^\d{1,3}(?:\.\d{1,3}){3}\b")


def looks_encoded(text: str | bytes) -> bool:
    """Whether a literal looks like something that was encoded: base64, hex, base85, or bytes that are no text."""
    if isinstance(text, bytes):
        strange = sum(byte < 9 or byte > 126 or 13 < byte < 32 for byte in text[:256])  # noqa: PLR2004 # ASCII
        if strange * 5 > min(len(text), 256):
            return True
        text = text[:4096].decode("latin-1")
    sample = text[:4096].replace("\n", "").replace("\\x", "")
    return bool(_ENCODED_TEXT.fullmatch(sample) and _HEX_OR_MIXED.match(sample))


def is_telling(ref: str) -> bool:
    """Whether the tables know anything of `ref`, so that a star import is worth resolving to it."""
    return effect_of(ref) is not None or ref in SOURCES or ref.partition(".")[0] in {"base64", "zlib", "codecs", "os"}


def made(it: Interpreter, text: str, sources: Sequence[Value], *, exact: bool) -> Value:
    """A text that was made from `sources`; what files with its name are known to hold, it is known to name."""
    it.budget.fold(len(text) // 4)
    if len(text) > MAX_TEXT:
        return join(sources)
    merged = join(sources)
    taint = merged.taint | it.marked.get(text, 0)
    return Value(text, None, taint, merged.trail, exact=exact)


def concatenated(it: Interpreter, left: Value, right: Value) -> Value:
    """`left + right`, where not both are known."""
    if isinstance(left.elements, list) and isinstance(right.elements, list):
        merged = join([left, right])
        return Value(MISSING, None, merged.taint, merged.trail, elements=[*left.elements, *right.elements][:4096])
    first, second = left.text, right.text
    if first is None and second is None:
        return join([left, right])
    if isinstance(left.const, bytes) or isinstance(right.const, bytes):
        return join([left, right])
    parts = (PLACEHOLDER if first is None else first, PLACEHOLDER if second is None else second)
    return made(it, parts[0] + parts[1], (left, right), exact=False)


def formatted_percent(it: Interpreter, template: Value, value: Value) -> Value:
    """`template % value`, where not all is known."""
    given = value.elements if isinstance(value.elements, list | tuple) else [value]
    by_key: dict[Any, Value] = value.elements if isinstance(value.elements, dict) else {}
    position = 0

    def piece(match: re.Match[str]) -> str:
        nonlocal position
        if match[2] == "%":
            return "%"
        if match[1]:
            return _spoken(by_key.get(match[1], UNKNOWN))
        position += 1
        return _spoken(given[position - 1]) if position <= len(given) else PLACEHOLDER

    return made(it, _PIECE.sub(piece, str(template.const)), (template, value), exact=False)


def formatted_braces(it: Interpreter, template: Value, arguments: Sequence[Value], keywords: dict[str, Value]) -> Value:
    """`template.format(...)`, where not all is known."""
    position = 0

    def piece(match: re.Match[str]) -> str:
        nonlocal position
        key = match[1]
        if not key:
            position += 1
            return _spoken(arguments[position - 1]) if position <= len(arguments) else PLACEHOLDER
        if key.isdigit():
            return _spoken(arguments[int(key)]) if int(key) < len(arguments) else PLACEHOLDER
        return _spoken(keywords.get(key, UNKNOWN))

    text = re.sub(r"\{(\w{0,40})[^{}]{0,80}\}", piece, str(template.const))
    return made(it, text, (template, *arguments, *keywords.values()), exact=False)


def joined_path(parts: Sequence[Value]) -> Value:
    """A path made of `parts`, with a placeholder for what is not known."""
    merged = join(parts)
    words = [_spoken(part) for part in parts]
    if len(words) > 64 or sum(map(len, words)) > 4096:  # noqa: PLR2004 # no path is that long
        return merged
    text = "/".join(word.rstrip("/") for word in words)
    return Value(text, None, merged.taint, merged.trail, exact=all(part.known for part in parts))


def through(value: Value, const: Any = MISSING) -> Value:
    """`value` after an operation that leaves what is known of a text readable (`strip`, `encode`, `str`)."""
    kept = value.const if const is MISSING else const
    return Value(kept, None, value.taint, value.trail, exact=value.exact and const is not MISSING)


def environment(name: str | None, line: int, default: Value = UNKNOWN) -> Value:
    """The environment's variable `name`. Where an address is what it is by default, that is what it counts as."""
    taint = ENVIRONMENT | HOST_VARIABLES.get(name or "", 0) | default.taint
    text: Any = f"%{name}%" if name else MISSING
    if default.text is not None and _ADDRESS.search(default.text[:400]):
        text = default.text
    return Value(text, None, taint, (None, f"environment variable {name or 'of computed name'}", line), exact=False)


def compared(operator: ast.cmpop, left: Any, right: Any) -> bool | None:
    """The verdict of a comparison of two plain constants."""
    try:
        if isinstance(operator, ast.Eq):
            return bool(left == right)
        if isinstance(operator, ast.NotEq):
            return bool(left != right)
        if isinstance(operator, ast.Lt):
            return bool(left < right)
        if isinstance(operator, ast.Gt):
            return bool(left > right)
        if isinstance(operator, ast.LtE):
            return bool(left <= right)
        if isinstance(operator, ast.GtE):
            return bool(left >= right)
        if isinstance(operator, ast.In) and isinstance(right, str | bytes):
            return bool(left in right)
    except TypeError:
        return None
    return None


def _spoken(value: Value) -> str:
    text = value.text
    if text is not None:
        return text
    return str(value.const) if isinstance(value.const, int) else PLACEHOLDER
