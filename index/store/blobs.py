"""Where artifacts lie: bytes by their SHA-256, written durably before anything speaks of them."""

from __future__ import annotations

import os
import shutil
from hashlib import sha256 as new_sha256
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol

if TYPE_CHECKING:
    from scanner.model import Sha256Hex

__all__ = ["BlobCorrupt", "BlobMissing", "BlobStore", "BlobsUnreachable", "LocalBlobs"]

_CHUNK = 1024 * 1024


class BlobMissing(Exception):
    """No blob has that SHA-256."""


class BlobCorrupt(Exception):
    """The stored bytes are not those of their name; they are never served."""


class BlobsUnreachable(OSError):
    """The store gives no answer, or not one that says what it has; a later try may."""


class BlobStore(Protocol):
    """A content-addressed store. Every method may raise OSError, as `BlobsUnreachable` is: then nothing is known."""

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
    """Blobs as files of 256 folders. A file is verified once for each (inode, size, mtime).

    More folders would be fuller of names to sync than of blobs: each is one more wait for the disk.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._verified: dict[str, tuple[int, int, int]] = {}
        self._durable: set[str] = set()
        """Folders whose names this process has synced."""
        folder.mkdir(parents=True, exist_ok=True)

    def _place(self, sha256: Sha256Hex) -> str:
        return f"{self.folder}/{sha256[:2]}/{sha256}"

    def put(self, source: Path, sha256: Sha256Hex) -> None:
        """See :class:`BlobStore`."""
        if self._is_there(sha256):
            return
        place = self._place(sha256)
        folder = os.path.dirname(place)  # noqa: PTH120 # each upload comes here: strings cost a third of paths
        if not os.path.isdir(folder):  # noqa: PTH112 # as above
            self._durable.discard(folder)
            os.makedirs(folder, exist_ok=True)  # noqa: PTH103 # as above
        _fsync(source)  # before the name is there: nothing else may ever lie under it
        try:
            os.link(source, place)
        except OSError:  # another disk, other bytes under the name, or somebody was faster
            _copy(source, Path(place))
        self._sync(folder)
        self._verified[sha256] = _fingerprint(os.stat(place))  # noqa: PTH116 # as above

    def _is_there(self, sha256: Sha256Hex) -> bool:
        """The blob is stored and survives a power cut."""
        place = self._place(sha256)
        try:
            found = _fingerprint(os.stat(place))  # noqa: PTH116 # as above
        except FileNotFoundError:
            return False
        if self._verified.get(sha256) == found:  # this process has put or verified it
            return True
        try:
            _fsync(place)  # whoever put it may have died before that
            self._sync(os.path.dirname(place))  # noqa: PTH120 # as above
            self.path(sha256)
        except (BlobCorrupt, BlobMissing, FileNotFoundError):
            return False
        return True

    def _sync(self, folder: str) -> None:
        """What was put into `folder` survives a power cut, and so does `folder`.

        A folder's own name is synced when this process meets it first, whoever made it: who did may not have come to
        that yet.
        """
        _fsync(folder)
        if folder not in self._durable:
            _fsync(self.folder)
            self._durable.add(folder)

    def path(self, sha256: Sha256Hex) -> Path:
        """See :class:`BlobStore`."""
        place = Path(self._place(sha256))
        try:
            with place.open("rb") as blob:
                self._verify(blob, sha256)
        except FileNotFoundError as error:
            raise BlobMissing(f"no blob {sha256}") from error
        return place

    def open(self, sha256: Sha256Hex) -> BinaryIO:
        """See :class:`BlobStore`."""
        try:
            blob = open(self._place(sha256), "rb")  # noqa: PTH123, SIM115 # the caller closes it
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
        Path(self._place(sha256)).unlink(missing_ok=True)
        self._verified.pop(sha256, None)


def _copy(source: Path, place: Path) -> None:
    """The bytes of `source` lie at `place`, whatever was there."""
    temporary = place.with_name(f".{place.name}.{os.getpid()}.{os.urandom(4).hex()}")
    try:
        shutil.copyfile(source, temporary)
        _fsync(temporary)
        temporary.replace(place)
    finally:
        temporary.unlink(missing_ok=True)


def _fingerprint(stat: os.stat_result) -> tuple[int, int, int]:
    return stat.st_ino, stat.st_size, stat.st_mtime_ns


def _fsync(path: str | Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
