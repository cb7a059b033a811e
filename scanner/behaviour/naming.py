"""What the tables say of one qualified name, all at once: a walk asks for the same few names again and again."""

from __future__ import annotations

import sys
from functools import lru_cache
from typing import Final, NamedTuple

from scanner.behaviour import folding
from scanner.behaviour.vocabulary import Effect, effect_of, source_of

__all__ = ["Named", "about"]

#: Calls whose result says nothing of what went in.
_NEUTRAL: Final = frozenset(
    {f"builtins.{n}" for n in ("len", "isinstance", "issubclass", "hasattr", "print", "id", "type", "hash", "callable")}
    | {f"os.path.{n}" for n in ("exists", "isfile", "isdir", "getsize", "getmtime", "islink", "ismount")}
    | {"os.stat", "os.makedirs", "os.mkdir", "os.remove", "os.unlink", "time.sleep", "sys.exit", "os.access"}
)
#: No table knows a longer name.
_LONGEST_NAME: Final = 200
_KNOWN_ROOTS: Final = sys.stdlib_module_names | {"builtins", "setuptools", "globals()", "<file>"}
#: Calls that only write down what goes in.
_WRITING_OUT: Final = frozenset(
    {"json.dumps", "builtins.str", "builtins.dict", "builtins.repr", "urllib.parse.urlencode", "urllib.parse.quote"}
    | {
        "binascii.hexlify",
        "urllib.request.Request",
        "builtins.list",
        "builtins.tuple",
        "builtins.sorted",
        "builtins.bytes",
    }
    | {"pprint.pformat", "pickle.dumps", "zlib.compress", "gzip.compress", "yaml.dump", "builtins.bytes"}
)
#: Effects whose result is made of what went in.
_PASSING: Final = frozenset({Effect.DESERIALIZE, Effect.EXECUTE, Effect.IMPORT, Effect.NATIVE})


class Named(NamedTuple):
    """A call of something with a qualified name."""

    effect: Effect | None
    source: tuple[int, str] | None
    """The taint that the result carries, and what it is."""
    pure: bool
    """Whether it can be computed, given constants."""
    foreign: bool
    """Whether it may be another module of the artifact that is called."""
    neutral: bool
    """Whether the result says nothing of what went in."""
    passing: bool
    """Whether the result is made of what went in."""
    preserving: bool
    """Whether even what hardly survives a call survives this one."""
    result: str | None
    """The qualified name of what it gives."""


@lru_cache(maxsize=65536)
def about(ref: str) -> Named:
    """What is known of calls of `ref`."""
    effect, source = effect_of(ref), source_of(ref)
    return Named(
        effect=effect,
        source=source if source is not None and source[0] else None,
        pure=folding.is_pure(ref),
        foreign=effect is None and ref.partition(".")[0] not in _KNOWN_ROOTS,
        neutral=ref in _NEUTRAL,
        passing=effect is None or effect in _PASSING,
        preserving=ref in _WRITING_OUT or ref.startswith(("base64.", "os.environ.")),
        result=f"{ref}()" if len(ref) < _LONGEST_NAME else None,
    )
