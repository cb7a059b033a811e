"""An artifact in portions: syntax trees and what is learned of them are held for one portion at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from scanner.view import ArtifactView, MemberView

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["PORTION_BYTES", "portions", "spotlight"]

#: Python source in one portion. A syntax tree takes fifty times the memory of its source.
PORTION_BYTES: Final = 1024 * 1024


def portions(view: ArtifactView) -> Iterator[list[MemberView]]:
    """The members in archive order, in groups of about `PORTION_BYTES` of Python source."""
    portion: list[MemberView] = []
    size = 0
    for member in view.members.values():
        if portion and member.is_python and size + len(member.data) > PORTION_BYTES:
            yield portion
            portion, size = [], 0
        portion.append(member)
        size += len(member.data) if member.is_python else 0
    if portion:
        yield portion


def spotlight(view: ArtifactView, lit: Sequence[MemberView]) -> ArtifactView:
    """The artifact with all its names, in which only `lit` are Python members; the others lie in the dark."""
    chosen = {member.name for member in lit}
    members = {
        name: replace(member, data=b"", is_python=False) if member.is_python and name not in chosen else member
        for name, member in view.members.items()
    }
    return ArtifactView(view.filename, view.is_wheel, view.metadata, members, view.roles)
