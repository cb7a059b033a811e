"""What a walker hands out: one member of an archive, in memory."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING, Protocol

from scanner.model import Sha256Hex

if TYPE_CHECKING:
    from scanner.archive.zip_members import PackedMember
    from scanner.model import MemberName

__all__ = ["Member", "Visitor"]


@dataclass(frozen=True)
class Member:
    """One member whose name has passed the name rules and whose bytes are complete and checked.

    `mode` is the permission bits, None where the archive does not say. A link has no data: `target` is the name inside
    the archive that it points at. A folder has no data either.
    """

    name: MemberName
    data: bytes
    mode: int | None = None
    is_link: bool = False
    target: str = ""
    is_folder: bool = False

    @property
    def size(self) -> int:
        """How many bytes there are."""
        return len(self.data)

    @cached_property
    def sha256(self) -> Sha256Hex:
        """The hash of the bytes."""
        return Sha256Hex(sha256(self.data).hexdigest())


class Visitor(Protocol):
    """Who sees the members of a distribution while it is read. Nothing of it counts before the end is reached."""

    def known(self, packed: PackedMember) -> Sha256Hex | None:
        """The hash of what is packed, where that was unpacked and checked before."""

    def recall(self, packed: PackedMember, known: Sha256Hex) -> None:
        """`packed` has that hash by the archive's own RECORD, too, and is not unpacked now."""

    def take(self, member: Member) -> None:
        """`member` was read, and checked by itself."""
