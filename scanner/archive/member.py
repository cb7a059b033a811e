"""What a walker hands out: one member of an archive, in memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scanner.model import MemberName

__all__ = ["Member"]


@dataclass(frozen=True, slots=True)
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
