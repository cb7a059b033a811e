"""An artifact in portions: syntax trees and what is learned of them are held for one portion at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from scanner.view import ArtifactView, MemberView

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["PORTION_BYTES", "darkened", "portions", "spotlight"]

#: Python source in one portion. A syntax tree takes fifty times the memory of its source.
PORTION_BYTES: Final = 1024 * 1024


def portions(view: ArtifactView) -> Iterator[list[MemberView]]:
    """The members in archive order, in groups of about `PORTION_BYTES` of Python source."""
    portion: list[MemberView] = []
    size = 0
    for member in view.members.values():
        if portion and member.is_python and size + member.size > PORTION_BYTES:
            yield portion
            portion, size = [], 0
        portion.append(member)
        size += member.size if member.is_python else 0
    if portion:
        yield portion


def darkened(view: ArtifactView) -> ArtifactView:
    """The artifact with all its names, in which no member is Python."""
    members = {
        name: MemberView(name, b"", member.sha256, member.role) if member.is_python else member
        for name, member in view.members.items()
    }
    return ArtifactView(view.filename, view.is_wheel, view.metadata, members, view.roles)


def spotlight(dark: ArtifactView, lit: Sequence[MemberView]) -> ArtifactView:
    """The artifact with all its names, of which only `lit` are Python members; the others lie in the dark."""
    members = {**dark.members, **{member.name: member for member in lit}}
    return ArtifactView(dark.filename, dark.is_wheel, dark.metadata, members, dark.roles)
