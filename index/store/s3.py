"""Artifacts in a bucket that speaks the S3 API, read through verified copies on this machine."""

from __future__ import annotations

import base64
import os
import tempfile
import time
from contextlib import contextmanager, suppress
from hashlib import sha256 as new_sha256
from http import HTTPStatus
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final
from urllib.parse import parse_qs, urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from index.store.blobs import BlobCorrupt, BlobMissing, BlobsUnreachable, LocalBlobs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

    from mypy_boto3_s3 import S3Client

    from scanner.model import Sha256Hex

__all__ = ["S3Blobs"]

_CHUNK: Final = 1024 * 1024
_TRIES: Final = 3
_SETTINGS: Final = frozenset({"endpoint", "region"})
#: A store that is silent must not hold a request, or the lease of a job, for long.
_CONFIG: Final = Config(
    connect_timeout=5, read_timeout=30, max_pool_connections=32, retries={"mode": "standard", "total_max_attempts": 3}
)


class S3Blobs:
    """Blobs as objects `PREFIX/ab/SHA256`, put with their SHA-256 so that a store that checks it can.

    Whoever reads a blob gets a file of this machine: a copy, whole and verified before the first byte is given out.
    Copies that were not read for longest go when there are more than `copies_bytes` of them.
    """

    def __init__(self, client: S3Client, bucket: str, prefix: str, *, copies: Path, copies_bytes: int) -> None:
        self._client, self._bucket, self._prefix = client, bucket, prefix
        self._copies = LocalBlobs(copies)
        self._copies_bytes = copies_bytes
        self._fetched = copies_bytes  # the first fetch looks at what an earlier process has left
        """Bytes that were fetched since copies were last counted."""

    @classmethod
    def of_url(cls, url: str, *, copies: Path, copies_bytes: int) -> Self:
        """The store at `s3://BUCKET/PREFIX?endpoint=URL&region=NAME`; credentials come from where boto3 looks.

        Raises:
            ValueError: the URL names no bucket, or says what we do not know.
        """
        parts = urlsplit(url)
        asked = parse_qs(parts.query, keep_blank_values=True)
        if not parts.netloc or "@" in parts.netloc or not asked.keys() <= _SETTINGS:
            expected = "s3://BUCKET/PREFIX?endpoint=URL&region=NAME, with credentials in the environment"
            raise ValueError(f"PRATIQUE_BLOBS_URL is {url.rpartition('@')[2]!r}, expected {expected}")
        client = boto3.session.Session().client(
            "s3",
            endpoint_url=asked.get("endpoint", [None])[0],
            region_name=asked.get("region", [None])[0],
            config=_CONFIG,
        )
        return cls(client, parts.netloc, parts.path.strip("/"), copies=copies, copies_bytes=copies_bytes)

    def put(self, source: Path, sha256: Sha256Hex) -> None:
        """See :class:`BlobStore`."""
        checksum = base64.b64encode(bytes.fromhex(sha256)).decode()
        with self._asking(sha256):
            if self._checksum(sha256) == checksum:
                return
            with source.open("rb") as body:
                self._client.put_object(
                    Bucket=self._bucket,
                    Key=self._key(sha256),
                    Body=body,
                    ChecksumAlgorithm="SHA256",
                    ChecksumSHA256=checksum,
                    ContentType="application/octet-stream",
                )

    def open(self, sha256: Sha256Hex) -> BinaryIO:
        """See :class:`BlobStore`."""
        for _ in range(_TRIES):
            with suppress(FileNotFoundError):  # another process made room just now
                return self.path(sha256).open("rb")
        raise BlobsUnreachable(
            f"the copy of {sha256} goes as soon as it comes: PRATIQUE_BLOB_COPIES_BYTES is too small"
        )

    def path(self, sha256: Sha256Hex) -> Path:
        """See :class:`BlobStore`. The copy stays at least until as much was fetched as may be kept."""
        try:
            path = self._copies.path(sha256)
        except (BlobMissing, BlobCorrupt):
            path = self._fetch(sha256)
        _touch(path)
        return path

    def delete(self, sha256: Sha256Hex) -> None:
        """See :class:`BlobStore`. Copies of other machines go when they make room."""
        self._copies.delete(sha256)
        with self._asking(sha256):
            self._client.delete_object(Bucket=self._bucket, Key=self._key(sha256))

    def _key(self, sha256: Sha256Hex) -> str:
        name = f"{sha256[:2]}/{sha256}"
        return f"{self._prefix}/{name}" if self._prefix else name

    def _checksum(self, sha256: Sha256Hex) -> str | None:
        """The SHA-256 that the store computed when it took the object, in Base64."""
        try:
            head = self._client.head_object(Bucket=self._bucket, Key=self._key(sha256), ChecksumMode="ENABLED")
        except ClientError as error:
            if _status(error) == HTTPStatus.NOT_FOUND:
                return None
            raise
        return head.get("ChecksumSHA256")

    def _fetch(self, sha256: Sha256Hex) -> Path:
        """The copy, made now. Raises as `open`."""
        digest = new_sha256()
        with tempfile.NamedTemporaryFile(dir=self._copies.folder, prefix=".fetched-") as file:
            with self._asking(sha256):
                answer = self._client.get_object(Bucket=self._bucket, Key=self._key(sha256))
                for chunk in answer["Body"].iter_chunks(_CHUNK):
                    digest.update(chunk)
                    file.write(chunk)
            if digest.hexdigest() != sha256:
                raise BlobCorrupt(f"object {self._key(sha256)} holds bytes whose SHA-256 is {digest.hexdigest()}")
            file.flush()
            self._fetched += file.tell()
            self._copies.delete(sha256)  # it may be there, and corrupt
            self._copies.put(Path(file.name), sha256)
        path = self._copies.path(sha256)
        if self._fetched >= self._copies_bytes // 10:
            self._make_room(keep=path)
        return path

    def _make_room(self, *, keep: Path) -> None:
        self._fetched = 0
        copies = sorted(self._read_last(), key=itemgetter(1))
        excess = sum(size for _, _, size in copies) - self._copies_bytes
        for path, _, size in copies:
            if excess <= 0:
                break
            if path != keep:
                path.unlink(missing_ok=True)
                excess -= size

    def _read_last(self) -> Iterator[tuple[Path, int, int]]:
        """Copies, and what a process that died was fetching: when each was read last, and its size in bytes."""
        for pattern in ("??/*", ".fetched-*"):
            for path in self._copies.folder.glob(pattern):
                with suppress(FileNotFoundError):  # another process makes room, too
                    stat = path.stat()
                    yield path, stat.st_atime_ns, stat.st_size

    @contextmanager
    def _asking(self, sha256: Sha256Hex) -> Iterator[None]:
        """The store's errors are ours.

        Raises:
            BlobMissing: there is no such object.
            BlobsUnreachable: anything else.
        """
        try:
            yield
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") == "NoSuchKey":
                raise BlobMissing(f"no blob {sha256}") from error
            raise BlobsUnreachable(f"bucket {self._bucket}: {error}") from error
        except BotoCoreError as error:
            raise BlobsUnreachable(f"bucket {self._bucket}: {error}") from error


def _status(error: ClientError) -> int:
    return error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)


def _touch(path: Path) -> None:
    """The copy counts as read now. Its time of change stays: by that a copy is known to be verified."""
    try:
        os.utime(path, ns=(time.time_ns(), path.stat().st_mtime_ns))
    except FileNotFoundError:  # another process made room just now; whoever opens the path sees that
        return
