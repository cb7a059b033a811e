"""Inspections that were made before, in a folder: a second look at the same file reads nothing but its hash.

The folder holds what children in the sandbox said, so it is believed no more than they are: an entry is read under
the hash of the very artifact that it is about, decoded as strictly as a child's answer, and a torn, changed or
misplaced one is as if it were not there. Nobody but the user may write to the folder; where somebody can, there is no
cache.
"""

from __future__ import annotations

import contextlib
import os
import stat
from hashlib import sha256
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Final

from scanner.memory import MAX_LEARNED_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Cache", "CacheUnusable"]

_MAGIC: Final = b"pratique-cache-1"
_OTHERS: Final = stat.S_IWGRP | stat.S_IWOTH
#: An entry that is larger is not written, and not read.
_LARGEST: Final = 2 * MAX_LEARNED_BYTES
#: How full the folder is left after the oldest entries went.
_KEPT_SHARE: Final = 0.8
_DEFAULT_BYTES: Final = 512 * 1024 * 1024


class CacheUnusable(Exception):
    """The folder cannot be used; the message says why and what to do."""


class Cache:
    """Bytes by name, in files that only this user can write. What is asked for is kept longest.

    Processes and threads may share a folder: an entry appears whole or not at all.
    """

    def __init__(self, folder: Path, *, max_bytes: int = _DEFAULT_BYTES) -> None:
        """Open; the folder is there afterwards.

        Raises:
            CacheUnusable: it cannot be made, is somebody else's, or others may write to it.
        """
        self._folder = folder
        self._max_bytes = max_bytes
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            found = folder.lstat()
        except OSError as error:
            raise CacheUnusable(f"{folder}: {error.strerror or error}; choose another folder") from error
        if not stat.S_ISDIR(found.st_mode):
            raise CacheUnusable(f"{folder}: expected a folder, found a link or a file; choose another folder")
        if found.st_uid != os.geteuid() or found.st_mode & _OTHERS:
            raise CacheUnusable(
                f"{folder}: owner {found.st_uid}, mode {stat.S_IMODE(found.st_mode):o}; expected a folder that only "
                f"this user ({os.geteuid()}) may write to: chmod go-w it, or choose another"
            )
        self._size = sum(size for _, size, _ in self._entries())

    def read(self, name: str) -> bytes | None:
        """What was written under `name`; None where there is nothing that can be believed to be it."""
        path = self._path(name)
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return None
        with open(descriptor, "rb") as file:  # noqa: PTH123 # it is open already, and checked before it is read
            found = os.fstat(descriptor)
            own = stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & _OTHERS
            if not own or found.st_size > _LARGEST:
                return None
            header, _, body = file.read(_LARGEST + 1).partition(b"\n")
        if header != _header(name, body):
            return None
        with contextlib.suppress(OSError):
            os.utime(path)
        return body

    def write(self, name: str, body: bytes) -> None:
        """`body` can be read under `name`, or, where there is no room or the disk refuses, nothing has changed."""
        header = _header(name, body)
        size = len(header) + 1 + len(body)
        if size > min(_LARGEST, self._max_bytes):
            return
        try:
            with NamedTemporaryFile(dir=self._folder, prefix=".new-", delete=False) as file:
                try:
                    file.write(header + b"\n" + body)
                    file.close()
                    os.replace(file.name, self._path(name))  # noqa: PTH105 # a name, not a path
                except BaseException:
                    os.unlink(file.name)  # noqa: PTH108 # as above
                    raise
        except OSError:
            return  # a full or read-only disk costs time, not results
        self._size += size
        if self._size > self._max_bytes:
            self._make_room()

    def _path(self, name: str) -> Path:
        return self._folder / sha256(name.encode("utf-8", "surrogatepass")).hexdigest()

    def _make_room(self) -> None:
        """The entries that were not asked for longest are gone."""
        entries = sorted(self._entries())
        self._size = sum(size for _, size, _ in entries)
        for _, size, path in entries:
            if self._size <= self._max_bytes * _KEPT_SHARE:
                return
            with contextlib.suppress(OSError):
                path.unlink()
                self._size -= size

    def _entries(self) -> Iterator[tuple[int, int, Path]]:
        """When it was last asked for, size and path of every file, those of writers that were interrupted included."""
        for path in self._folder.iterdir():
            with contextlib.suppress(OSError):
                found = path.lstat()
                yield found.st_mtime_ns, found.st_size, path


def _header(name: str, body: bytes) -> bytes:
    named = sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
    return b" ".join((_MAGIC, named.encode(), sha256(body).hexdigest().encode()))
