"""Which engine this is: a name under which results may be kept, because another engine has another name."""

from __future__ import annotations

import platform
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

from scanner.model import ENGINE_VERSION

if TYPE_CHECKING:
    from scanner.model import RulesetHash

__all__ = ["memory_key"]

#: Packages whose version may change what is found.
_PARTS: Final = ("bandit", "msgspec", "packaging", "yara-python")


def memory_key(ruleset: RulesetHash) -> str:
    """The engine and the ruleset, in one name: what one found may be kept for itself and for no other."""
    return f"{ENGINE_VERSION}:{_code()}:{ruleset}"


@cache
def _code() -> str:
    """The engine's own sources and all that they stand on: `ENGINE_VERSION` is raised by people, who forget."""
    digest = sha256(platform.python_version().encode())
    for name in _PARTS:
        digest.update(f"\0{name} {version(name)}".encode())
    folder = Path(__file__).resolve().parent
    for path in sorted(folder.rglob("*.py")):
        content = path.read_bytes()
        digest.update(f"\0{path.relative_to(folder).as_posix()} {len(content)}\0".encode() + content)
    return digest.hexdigest()
