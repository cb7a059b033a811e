"""What a Python text imports, by a light scan.

The scan sees too much rather than too little (comments and strings count): it only decides which members run, and there
a member too many costs attention, while one too few hides code. All patterns are bounded: the text is hostile.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["imported"]

_CONTINUED: Final = re.compile(rb"\\\r?\n")
#: Patterns begin with a literal, which is found many times faster than what may stand before it.
_IMPORT: Final = re.compile(rb"import\b")
_REST: Final = re.compile(rb"[^\n;#(]*")
_FROM: Final = re.compile(rb"\bfrom[ \t]{1,8}([.\w]{1,250})[ \t]{0,8}\Z")
_PARENTHESISED: Final = re.compile(rb"[ \t]{0,8}\(([^)]{0,4000})")
_CALLED: Final = re.compile(rb"(?:import_module|__import__|run_module)\s{0,8}\(\s{0,80}[rbuf]{0,2}['\"]([.\w]{1,250})")
_CALLS: Final = (b"import_module", b"__import__", b"run_module")
_MODULE: Final = re.compile(rb"[ \t]*([.\w]{1,250})")
_NAME: Final = re.compile(rb"\w+")
#: The longest `from MODULE ` before an import.
_BEFORE: Final = 4 + 8 + 250 + 8
_WORD: Final = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")


def imported(text: bytes) -> Iterator[tuple[str, list[str]]]:
    """Each module that `text` may import, as written (with its leading dots), and the names it takes from it."""
    if b"\\" in text:
        text = _CONTINUED.sub(b" ", text)
    yield from _by_statement(text)
    if any(call in text for call in _CALLS):
        for match in _CALLED.finditer(text):
            yield _decoded(match[1]), []


def _by_statement(text: bytes) -> Iterator[tuple[str, list[str]]]:
    done = listed = 0  # ends of the statement and of the list in brackets that were read last
    for match in _IMPORT.finditer(text):
        start, end = match.span()
        if start < done or (start and text[start - 1] in _WORD):
            continue
        before = _FROM.search(text[max(done, start - _BEFORE) : start])
        done = end + len(rest := _rest(text, end))
        if before is None:
            modules = (_MODULE.match(part) for part in rest.split(b","))
            yield from ((_decoded(module[1]), []) for module in modules if module is not None)
            continue
        items = _NAME.findall(rest)
        if end >= listed and (brackets := _PARENTHESISED.match(text, end)) is not None:
            listed = brackets.end()
            items += _NAME.findall(brackets[1])
        yield _decoded(before[1]), [_decoded(item) for item in items]


def _rest(text: bytes, start: int) -> bytes:
    """What follows up to the end of the statement."""
    match = _REST.match(text, start)
    return match[0] if match is not None else b""


def _decoded(text: bytes) -> str:
    return text.decode("utf-8", "replace")
