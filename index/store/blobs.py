"""Where artifacts lie: bytes by their SHA-256, written durably before anything speaks of them."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from hashlib import sha256 as new_sha256
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from scanner.model import Sha256Hex

__all__ = ["BlobCorrupt", "BlobMissing", "BlobStore", "LocalBlobs", "open_blobs"]

_CHUNK = 1024 * 1024


class BlobMissing(Exception):
    """No blob has that SHA-256."""


class BlobCorrupt(Exception):
    """The stored bytes are not those of their name; they are never served."""


class BlobStore(Protocol):
    """A content-addressed store."""

    def put(self, source: Path, sha256: Sha256Hex) -> None:
        """`source`, whose SHA-256 the caller has computed, is stored and survives a power cut. Idempotent."""

    def open(self, sha256: Sha256Hex) -> BinaryIO:
        """The blob, verified, open for reading.

        Raises:
            BlobMissing: there is none.
            BlobCorrupt: its bytes have another SHA-256.
        """

    def path(self, sha256: Sha256Hex) -> Path:
        """A local file with the blob, verified. Raises as `open`."""

    def delete(self, sha256: Sha256Hex) -> None:
        """The blob is gone, if it was there."""


class LocalBlobs:
    """Blobs as files of a folder, two levels deep. A file is verified once for each (inode, size, mtime)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._verified: dict[str, tuple[int, int, int]] = {}
        self._durable: set[Path] = set()
        """Folders whose names this process has synced: at most 65,792."""
        folder.mkdir(parents=True, exist_ok=True)

    def _place(self, sha256: Sha256Hex) -> Path:
        return self.folder / sha256[:2] / sha256[2:4] / sha256

    def put(self, source: Path, sha256: Sha256Hex) -> None:
        """See :class:`BlobStore`."""
        place = self._place(sha256)
        if place.exists():
            synced = sha256 in self._verified  # by this process, when it put or verified it
            with suppress(BlobCorrupt):
                self.path(sha256)
                if not synced:  # whoever put it may have died before that
                    _fsync_file(place)
                    self._sync(place.parent)
                return
        if not place.parent.is_dir():
            self._durable -= {place.parent, place.parent.parent}
            place.parent.mkdir(parents=True, exist_ok=True)
        temporary = place.with_name(f".{sha256}.{os.getpid()}.{os.urandom(4).hex()}")
        try:
            _link_or_copy(source, temporary)
            _fsync_file(temporary)
            temporary.replace(place)
        finally:
            temporary.unlink(missing_ok=True)
        self._sync(place.parent)
        self._verified[sha256] = _fingerprint(place.stat())

    def _sync(self, folder: Path) -> None:
        """What was put into `folder` survives a power cut, and so does `folder`.

        A folder's own name is synced when this process meets it first, whoever made it: who did may not have come to
        that yet.
        """
        _fsync_folder(folder)
        while folder != self.folder and folder not in self._durable:
            _fsync_folder(folder.parent)
            self._durable.add(folder)
            folder = folder.parent

    def path(self, sha256: Sha256Hex) -> Path:
        """See :class:`BlobStore`."""
        place = self._place(sha256)
        try:
            with place.open("rb") as blob:
                self._verify(blob, sha256)
        except FileNotFoundError as error:
            raise BlobMissing(f"no blob {sha256}") from error
        return place

    def open(self, sha256: Sha256Hex) -> BinaryIO:
        """See :class:`BlobStore`."""
        try:
            blob = self._place(sha256).open("rb")
        except FileNotFoundError as error:
            raise BlobMissing(f"no blob {sha256}") from error
        try:
            self._verify(blob, sha256)
        except BlobCorrupt:
            blob.close()
            raise
        return blob

    def _verify(self, blob: BinaryIO, sha256: Sha256Hex) -> None:
        fingerprint = _fingerprint(os.fstat(blob.fileno()))
        if self._verified.get(sha256) == fingerprint:
            return
        digest = new_sha256()
        while chunk := blob.read(_CHUNK):
            digest.update(chunk)
        if digest.hexdigest() != sha256:
            self._verified.pop(sha256, None)
            raise BlobCorrupt(f"blob {sha256} holds bytes whose SHA-256 is {digest.hexdigest()}")
        blob.seek(0)
        self._verified[sha256] = fingerprint

    def delete(self, sha256: Sha256Hex) -> None:
        """See :class:`BlobStore`."""
        self._place(sha256).unlink(missing_ok=True)
        self._verified.pop(sha256, None)


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # another disk
        shutil.copyfile(source, target)


def _fingerprint(stat: os.stat_result) -> tuple[int, int, int]:
    return stat.st_ino, stat.st_size, stat.st_mtime_ns


def _fsync_file(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _fsync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def open_blobs(url: str) -> BlobStore:
    """The store that `url` names (`file:///PATH`).

    Raises:
        ValueError: the URL names none that we know.
    """
    parts = urlsplit(url)
    if parts.scheme == "file" and parts.path:
        return LocalBlobs(Path(parts.path))
    raise ValueError(f"PRATIQUE_BLOBS_URL is {url!r}, expected file:///PATH")
