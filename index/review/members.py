"""The bytes of one member, out of the stored artifact, in memory."""

from __future__ import annotations

import mmap
from contextlib import closing
from typing import TYPE_CHECKING

from index.store.blobs import BlobCorrupt, BlobMissing, BlobsUnreachable
from scanner.archive import DEFAULT_LIMITS, ArchiveRefused, walk
from scanner.archive.faults import FaultList
from scanner.archive.zips import ZipArchive
from scanner.model import Sha256Hex

if TYPE_CHECKING:
    from index.store.blobs import BlobStore

__all__ = ["MemberMissing", "read_member"]


class MemberMissing(Exception):
    """The member cannot be shown; the message says why."""


def read_member(blobs: BlobStore, sha256: str, filename: str, member: str) -> bytes:
    """The bytes of `member` of the artifact `sha256`, which was uploaded as `filename`.

    The strict reader of the scanner reads it, within the scanner's limits, and goes no further than the member.

    Raises:
        MemberMissing: there is no such member, it is a link, or the artifact cannot be read.
    """
    try:
        with (
            blobs.open(Sha256Hex(sha256)) as blob,
            mmap.mmap(blob.fileno(), 0, access=mmap.ACCESS_READ) as data,
        ):
            found = _in_wheel(data, member) if filename.endswith(".whl") else _in_sdist(data, filename, member)
    except (BlobMissing, BlobCorrupt, BlobsUnreachable, ValueError) as error:  # ValueError: an empty file, unmappable
        raise MemberMissing(f"The stored artifact cannot be read: {error}.") from error
    except ArchiveRefused as refused:
        raise MemberMissing(f"The archive cannot be read: {refused}.") from refused
    if found is None:
        raise MemberMissing(f"This artifact has no member with that name that can be shown: {member!r}.")
    return found


def _in_wheel(data: mmap.mmap, member: str) -> bytes | None:
    """A ZIP archive has a directory: only the member itself is unpacked."""
    with memoryview(data) as view:
        archive = ZipArchive(view, DEFAULT_LIMITS, FaultList(DEFAULT_LIMITS.faults))
        for entry in archive.entries:
            if entry.name == member and not entry.is_folder:
                return archive.read(entry)
    return None


def _in_sdist(data: mmap.mmap, filename: str, member: str) -> bytes | None:
    # Closing the generator releases its view of the map.
    with closing(walk(data, filename)) as members:
        for one in members:
            if one.name == member:
                return None if one.is_link else one.data
    return None
