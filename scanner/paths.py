"""Parts of member names: what path objects say of them, at a tenth of their cost: artifacts have thousands."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import NamedTuple

__all__ = ["Place", "file_of", "place_of", "suffix_of"]


class Place(NamedTuple):
    """A relative path: its parts, the last of them, and the ending of that."""

    parts: tuple[str, ...]
    file: str
    suffix: str

    @property
    def folders(self) -> tuple[str, ...]:
        """The parts but for the file."""
        return self.parts[:-1]


def place_of(name: str) -> Place:
    """The place that `name` says, read as `PurePosixPath` reads it."""
    parts = tuple(name.split("/"))
    if "" in parts or "." in parts:
        # No member of a sound archive, but perhaps one of an archive inside: nobody has checked its name.
        path = PurePosixPath(name)
        return Place(path.parts, path.name, path.suffix)
    return Place(parts, parts[-1], _suffix(parts[-1]))


def file_of(name: str) -> str:
    """The last part of the name of a member."""
    return name.rpartition("/")[2]


def suffix_of(name: str) -> str:
    """The ending of the name of a member, its dot included; empty without one."""
    return _suffix(name.rpartition("/")[2])


def _suffix(file: str) -> str:
    dot = file.rfind(".")
    return file[dot:] if 0 < dot < len(file) - 1 else ""
