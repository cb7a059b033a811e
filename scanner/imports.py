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
_IMPORT: Final = re.compile(rb"(?:\bfrom[ \t]{1,8}([.\w]{1,250})[ \t]{0,8})?\bimport\b[ \t]*([^\n;#(]*)")
_PARENTHESISED: Final = re.compile(rb"\bfrom[ \t]{1,8}([.\w]{1,250})[ \t]{0,8}import[ \t]{0,8}\(([^)]{0,4000})")
_CALLED: Final = re.compile(rb"(?:import_module|__import__|run_module)\s{0,8}\(\s{0,80}[rbuf]{0,2}['\"]([.\w]{1,250})")
_MODULE: Final = re.compile(rb"[ \t]*([.\w]{1,250})")
_NAME: Final = re.compile(rb"\w+")


def imported(text: bytes) -> Iterator[tuple[str, list[str]]]:
    """Each module that `text` may import, as written (with its leading dots), and the names it takes from it."""
    if b"\\" in text:
        text = _CONTINUED.sub(b" ", text)
    for match in _PARENTHESISED.finditer(text):
        yield _decoded(match[1]), [_decoded(item) for item in _NAME.findall(match[2])]
    for match in _IMPORT.finditer(text):
        if match[1] is not None:
            yield _decoded(match[1]), [_decoded(item) for item in _NAME.findall(match[2])]
        else:
            for part in match[2].split(b","):
                if (module := _MODULE.match(part)) is not None:
                    yield _decoded(module[1]), []
    for match in _CALLED.finditer(text):
        yield _decoded(match[1]), []


def _decoded(text: bytes) -> str:
    return text.decode("utf-8", "replace")
