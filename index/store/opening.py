"""Which store a URL names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from index.store.blobs import LocalBlobs

if TYPE_CHECKING:
    from index.store.blobs import BlobStore

__all__ = ["open_blobs"]


def open_blobs(url: str, *, copies: Path, copies_bytes: int) -> BlobStore:
    """The store that `url` names: `file:///PATH`, or `s3://BUCKET/PREFIX` with its copies in `copies`.

    Raises:
        ValueError: the URL names none that we know.
    """
    parts = urlsplit(url)
    if parts.scheme == "file" and parts.path:
        return LocalBlobs(Path(parts.path))
    if parts.scheme == "s3":
        from index.store.s3 import S3Blobs  # noqa: PLC0415 # a third of a second, which only those pay who use it

        return S3Blobs.of_url(url, copies=copies, copies_bytes=copies_bytes)
    raise ValueError(f"PRATIQUE_BLOBS_URL is {url!r}, expected file:///PATH or s3://BUCKET/PREFIX")
