"""The two kinds of records that a walk is made of, in their thousands."""

from __future__ import annotations

import msgspec

__all__ = ["FrozenRecord", "Record"]


# A walk makes several for nearly every node: msgspec makes them in a third of the time that a dataclass takes.
class Record(msgspec.Struct, eq=False):
    """A record that is itself only: another with equal fields is another."""


class FrozenRecord(msgspec.Struct, frozen=True, eq=False):
    """The same, and its fields stay what they are."""
