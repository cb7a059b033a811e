"""What `pratique scan` is to look at: files, folders with distribution files in them, and lists of both."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["NothingToScan", "Target", "targets"]

#: What an installer takes for a distribution: wheels and sdists, and archives that are named as one. The index accepts
#: the first two only; the others are looked at all the same, and refused.
_DISTRIBUTION: Final = re.compile(
    r".+\.whl|.+\.tar\.gz|.+-\d[^/]*\.(?:zip|egg|tgz|tar|tar\.bz2|tbz|tar\.xz|txz|tar\.lz|tlz|tar\.lzma)", re.IGNORECASE
)
_LIST: Final = "-"


class NothingToScan(Exception):
    """A path that is not there, or that holds no distribution: then "clear" would say too much."""


@dataclass(frozen=True, slots=True)
class Target:
    """One file, and what it is called in the report."""

    path: Path
    shown: str


def targets(paths: Iterable[Path], listed: Iterable[str]) -> list[Target]:
    """Every file that is meant, each once, in order; folders are searched, `-` stands for the paths that are `listed`.

    Raises:
        NothingToScan: a path is not there, a folder has no distribution in it, or the list is empty.
    """
    found: dict[Path, Target] = {}
    for path in paths:
        for file in _from_list(listed) if str(path) == _LIST else _files(path):
            found.setdefault(file.absolute(), Target(file, str(file)))
    return list(found.values())


def _from_list(lines: Iterable[str]) -> Iterator[Path]:
    names = [line.rstrip("\r\n") for line in lines]
    if not any(names):
        raise NothingToScan("no path came in on standard input; expected one on each line")
    for name in filter(None, names):
        yield from _files(Path(name))


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    if not path.is_dir():
        raise NothingToScan(f"{path}: no such file or folder")
    below = sorted(_distributions(path))
    if not below:
        raise NothingToScan(f"{path}: no distribution in this folder or below; expected *.whl or *.tar.gz")
    yield from below


def _distributions(folder: Path) -> Iterator[Path]:
    """Distributions in the folder and below. Links to folders are not followed: they may go in circles."""
    for parent, _, names in os.walk(folder, onerror=_unreadable):
        for name in names:
            path = Path(parent, name)
            if _DISTRIBUTION.fullmatch(name) and path.is_file():
                yield path


def _unreadable(error: OSError) -> None:
    raise NothingToScan(f"{error.filename}: {error.strerror or error}")
