"""What the engine knows of a value: the constant it must be, the thing it names, and where it came from.

Everything here is over-approximate and cheap: a value that nothing is known of is the one `UNKNOWN`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from scanner.behaviour.records import FrozenRecord

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from scanner.behaviour.scopes import Target

__all__ = [
    "CLIPBOARD",
    "COMPUTED",
    "CREDENTIAL",
    "DECODED",
    "ENCODED",
    "ENCRYPTED",
    "ENVIRONMENT",
    "ENVIRONMENT_ALL",
    "FETCHED_FILE",
    "FILE",
    "FRAGILE",
    "HOST",
    "HOST_ADDRESS",
    "HOST_NAME",
    "MACHINE",
    "MISSING",
    "NAMED_SECRET",
    "NETWORK",
    "PLACEHOLDER",
    "PROSE",
    "REMOTE_OUTPUT",
    "SCREEN",
    "SOCKET",
    "UNKNOWN",
    "USER_NAME",
    "WORKING_FOLDER",
    "WRITTEN_FILE",
    "Trail",
    "Value",
    "constant",
    "join",
    "named",
    "tainted",
    "trail_steps",
]

# Where a value came from: one bit each, united along every flow.
DECODED: Final = 1 << 0
"""The result of decoding a literal."""
ENCODED: Final = 1 << 1
"""A literal that looks encoded, not decoded yet as far as we could follow."""
COMPUTED: Final = 1 << 2
"""A text put together from pieces, characters or arithmetic, as nobody writes it by hand."""
NETWORK: Final = 1 << 3
"""What somebody answered over the network."""
FILE: Final = 1 << 4
"""The content of a file."""
ENVIRONMENT: Final = 1 << 5
"""One variable of the environment."""
ENVIRONMENT_ALL: Final = 1 << 6
"""The whole environment."""
CREDENTIAL: Final = 1 << 7
"""A place where secrets lie, or what lies there."""
HOST_NAME: Final = 1 << 8
CLIPBOARD: Final = 1 << 9
SCREEN: Final = 1 << 10
"""A screen shot, camera picture, sound or key stroke."""
FETCHED_FILE: Final = 1 << 11
"""The path of a file that holds what came over the network."""
WRITTEN_FILE: Final = 1 << 12
"""The path of a file that the code has written itself, from a literal."""
SOCKET: Final = 1 << 13
"""A connected socket, or its descriptor."""

NAMED_SECRET: Final = 1 << 14
"""What a variable or parameter holds that is called a private key or a seed phrase, as it is or merely encoded."""
USER_NAME: Final = 1 << 15
HOST_ADDRESS: Final = 1 << 16
"""A network address of the machine, the one that the world sees or that of its hardware."""
MACHINE: Final = 1 << 17
"""A description of the machine or of who is logged in."""
WORKING_FOLDER: Final = 1 << 18
"""Where the process was started. It says who, but every build tool asks for it."""
REMOTE_OUTPUT: Final = 1 << 19
"""What a command that came over the network has put out."""

#: Who and where the machine is.
HOST: Final = HOST_NAME | USER_NAME | HOST_ADDRESS | MACHINE

ENCRYPTED: Final = 1 << 21
"""What an encryption has made of the content of a file."""
PROSE: Final = 1 << 20
"""A documentation string, a comment, or a piece cut out of a file: text that no analyser has read as code."""

#: What is lost where something of which nothing is known works on it: the result is hardly the thing itself.
FRAGILE: Final = NAMED_SECRET | ENVIRONMENT_ALL

MISSING: Final[Any] = object()
#: Stands in a text for a part that is not known.
PLACEHOLDER: Final = "\ufffc"
_TRAIL_LIMIT: Final = 12

#: A linked list of steps, the latest first: `(earlier, what, line)`.
Trail = tuple["Trail | None", str, int]


class Value(FrozenRecord, frozen=True):
    """One abstract value. It is shared freely."""

    const: Any = MISSING
    ref: str | None = None
    taint: int = 0
    trail: Trail | None = None
    exact: bool = True
    target: Target | None = None
    elements: Sequence[Value] | dict[Any, Value] | None = None

    @property
    def text(self) -> str | None:
        """The text that the value is, with placeholders for what is not known of it."""
        const = self.const
        if type(const) is str:
            return const
        if type(const) is bytes:
            return const.decode("latin-1")
        return None

    @property
    def known(self) -> bool:
        """Whether the value is one constant, to the last character."""
        return self.const is not MISSING and self.exact


UNKNOWN: Final = Value()


def constant(const: object, *sources: Value, taint: int = 0) -> Value:
    """A constant that was made from `sources`."""
    trail = None
    for source in sources:
        if source.taint:
            taint |= source.taint
            trail = trail or source.trail
    return Value(const, None, taint, trail)


def named(ref: str) -> Value:
    """The thing with the qualified name `ref`."""
    return Value(MISSING, ref)


def tainted(value: Value, taint: int, what: str, line: int) -> Value:
    """`value`, with a source or transformation noted."""
    trail = value.trail
    if trail is None or (trail[1] != what and _length(trail) < _TRAIL_LIMIT):
        trail = (trail, what, line)
    return Value(
        value.const,
        value.ref,
        value.taint | taint,
        trail,
        exact=value.exact,
        target=value.target,
        elements=value.elements,
    )


def join(values: Iterable[Value]) -> Value:
    """A value that may be any of `values`, or is made of all of them: their taints, nothing else."""
    taint = 0
    trail = None
    best = 0
    for value in values:
        own = value.taint
        if own:
            taint |= own
            if own > best and value.trail is not None:
                best = own
                trail = value.trail
    return Value(MISSING, None, taint, trail) if taint else UNKNOWN


def trail_steps(trail: Trail | None) -> list[tuple[str, int]]:
    """The steps of a trail, the earliest first."""
    steps: list[tuple[str, int]] = []
    while trail is not None:
        steps.append((trail[1], trail[2]))
        trail = trail[0]
    return steps[::-1]


def _length(trail: Trail | None) -> int:
    length = 0
    while trail is not None:
        length += 1
        trail = trail[0]
    return length
