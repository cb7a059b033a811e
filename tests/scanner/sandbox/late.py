"""A scanner whose calls make the standard library import something, for the first time in the sandbox's child.

Importing this forgets what the fork server may have loaded for another reason: what the child finds loaded, the sandbox
has loaded for it.
"""

from __future__ import annotations

import colorsys  # noqa: F401 # has to be importable, so that forgetting it below proves something
import sys
import time
from collections import Counter
from email.message import Message
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from scanner.model import ENGINE_VERSION, ArtifactMetadata, Inspection, Sha256Hex

if TYPE_CHECKING:
    from collections.abc import Callable

    from scanner.ruleset import Ruleset

__all__ = ["CALLS", "inspect"]

_FORGOTTEN: Final = ("_strptime", "colorsys", "email.generator", "heapq", "stringprep", "encodings.idna")


def _statement(module: str) -> str:
    __import__(module)
    return module


#: What imports what when it is called; the last of them is loaded by nobody.
CALLS: Final[dict[str, Callable[[], object]]] = {
    "heapq": lambda: Counter("aab").most_common(1),
    "strptime": lambda: time.strptime("2026", "%Y"),
    "generator": lambda: Message().as_string(),
    "idna": lambda: "b\u00fccher.example".encode("idna"),
    "nobody": lambda: _statement("colorsys"),
}

for _name in _FORGOTTEN:
    sys.modules.pop(_name, None)


def inspect(artifact: bytes, filename: str, ruleset: Ruleset) -> Inspection:
    """An inspection that says which error the call of the file's name ended with, or none."""
    try:
        CALLS[filename.partition("-")[0]]()
        ended = "no error"
    except Exception as error:  # noqa: BLE001 # which one it is, is the answer
        ended = type(error).__name__
    return Inspection(
        sha256=Sha256Hex(sha256(artifact).hexdigest()),
        filename=filename,
        engine=ENGINE_VERSION,
        ruleset=ruleset.hash,
        metadata=ArtifactMetadata(summary=ended),
    )
