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
        folder.mkdir(parents=True, exist_ok=True)

    def _place(self, sha256: Sha256Hex) -> Path:
        return self.folder / sha256[:2] / sha256[2:4] / sha256

    def put(self, source: Path, sha256: Sha256Hex) -> None:
        """See :class:`BlobStore`."""
        place = self._place(sha256)
        if place.exists():
            with suppress(BlobCorrupt):
                self.path(sha256)
                return
        place.parent.mkdir(parents=True, exist_ok=True)
        temporary = place.with_name(f".{sha256}.{os.getpid()}.{os.urandom(4).hex()}")
        try:
            _link_or_copy(source, temporary)
            with temporary.open("rb") as stored:
                os.fsync(stored.fileno())
            temporary.replace(place)
        finally:
            temporary.unlink(missing_ok=True)
        for folder in (place.parent, place.parent.parent, self.folder):
            _fsync_folder(folder)

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
        stat = os.fstat(blob.fileno())
        fingerprint = (stat.st_ino, stat.st_size, stat.st_mtime_ns)
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
