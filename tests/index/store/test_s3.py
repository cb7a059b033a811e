"""Blobs in a bucket: durable when put, verified before they are read, never the wrong bytes."""

from __future__ import annotations

import os
from hashlib import sha256
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from index.store.blobs import BlobCorrupt, BlobMissing, BlobsUnreachable
from index.store.s3 import S3Blobs
from scanner.model import Sha256Hex
from tests.servers.process import free_port
from tests.servers.s3 import BUCKET, S3_CREDENTIALS, bucket_url, s3_client, s3_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mypy_boto3_s3 import S3Client

_DATA = b"some bytes" * 1000
_SHA = Sha256Hex(sha256(_DATA).hexdigest())
_EITHER = pytest.mark.parametrize("way", [S3Blobs.open, S3Blobs.path])


@pytest.fixture(scope="module")
def server_url() -> Iterator[str]:
    with s3_server() as server:
        yield server.url


@pytest.fixture(scope="module")
def client(server_url: str) -> S3Client:
    return s3_client(server_url)


@pytest.fixture
def prefix() -> str:
    """The test's own part of the bucket."""
    return uuid4().hex


@pytest.fixture
def keys(client: S3Client, prefix: str) -> Callable[[], list[str]]:
    """What lies in it."""
    return lambda: [one["Key"] for one in client.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])]


@pytest.fixture
def opened(server_url: str, prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., S3Blobs]:
    """The store, as one machine after the other opens it."""
    for name, value in S3_CREDENTIALS.items():
        monkeypatch.setenv(name, value)

    def open_store(machine: str = "one", *, url: str = server_url, copies_bytes: int = 10**6) -> S3Blobs:
        return S3Blobs.of_url(bucket_url(url, prefix), copies=tmp_path / machine, copies_bytes=copies_bytes)

    return open_store


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_bytes(_DATA)
    return path


def test_what_one_machine_put_another_can_open(
    opened: Callable[..., S3Blobs], source: Path, keys: Callable[[], list[str]]
) -> None:
    opened("one").put(source, _SHA)
    source.unlink()
    other = opened("another")
    with other.open(_SHA) as blob:
        assert blob.read() == _DATA
        blob.seek(10)
        assert blob.read(10) == _DATA[10:20]
    assert other.path(_SHA).read_bytes() == _DATA
    assert len(keys()) == 1


def test_what_is_there_is_not_sent_again(
    opened: Callable[..., S3Blobs], source: Path, client: S3Client, keys: Callable[[], list[str]]
) -> None:
    opened().put(source, _SHA)
    (key,) = keys()
    client.put_object_tagging(Bucket=BUCKET, Key=key, Tagging={"TagSet": [{"Key": "seen", "Value": "yes"}]})
    opened("another").put(source, _SHA)
    assert client.get_object_tagging(Bucket=BUCKET, Key=key)["TagSet"], "a new object would have no tag"


def test_a_copy_that_is_there_is_read_without_the_store(opened: Callable[..., S3Blobs], source: Path) -> None:
    store = opened()
    store.put(source, _SHA)
    store.path(_SHA)
    offline = opened(url=f"http://127.0.0.1:{free_port()}")
    assert offline.path(_SHA).read_bytes() == _DATA


@_EITHER
def test_what_was_never_put_is_missing(
    opened: Callable[..., S3Blobs], way: Callable[[S3Blobs, Sha256Hex], object]
) -> None:
    with pytest.raises(BlobMissing):
        way(opened(), Sha256Hex("0" * 64))


@_EITHER
@pytest.mark.parametrize("harm", ["flipped", "cut", "longer", "empty"])
def test_an_object_with_other_bytes_is_never_given_out(  # noqa: PLR0917 # fixtures
    opened: Callable[..., S3Blobs],
    source: Path,
    client: S3Client,
    tmp_path: Path,
    harm: str,
    way: Callable[[S3Blobs, Sha256Hex], object],
    keys: Callable[[], list[str]],
) -> None:
    opened().put(source, _SHA)
    (key,) = keys()
    changed = {"flipped": b"S" + _DATA[1:], "cut": _DATA[:-1], "longer": _DATA + b"x", "empty": b""}[harm]
    client.put_object(Bucket=BUCKET, Key=key, Body=changed)
    with pytest.raises(BlobCorrupt):
        way(opened("another"), _SHA)
    assert [path for path in (tmp_path / "another").rglob("*") if path.is_file()] == []


def test_putting_the_right_bytes_mends_a_corrupt_object(
    opened: Callable[..., S3Blobs], source: Path, client: S3Client, keys: Callable[[], list[str]]
) -> None:
    opened().put(source, _SHA)
    (key,) = keys()
    client.put_object(Bucket=BUCKET, Key=key, Body=b"rubbish")
    opened("another").put(source, _SHA)
    assert opened("third").path(_SHA).read_bytes() == _DATA


def test_a_corrupt_copy_is_fetched_again(opened: Callable[..., S3Blobs], source: Path) -> None:
    store = opened()
    store.put(source, _SHA)
    place = store.path(_SHA)
    place.write_bytes(b"rubbish")
    os.utime(place, ns=(1, 1))
    assert store.path(_SHA).read_bytes() == _DATA


def test_a_deleted_blob_is_missing_and_deleting_again_is_no_error(
    opened: Callable[..., S3Blobs], source: Path, keys: Callable[[], list[str]]
) -> None:
    store = opened()
    store.put(source, _SHA)
    store.path(_SHA)
    store.delete(_SHA)
    store.delete(_SHA)
    with pytest.raises(BlobMissing):
        store.open(_SHA)
    assert keys() == []


def test_a_store_out_of_reach_is_said_to_be(opened: Callable[..., S3Blobs], source: Path) -> None:
    nowhere = opened(url=f"http://127.0.0.1:{free_port()}")
    for act in (
        lambda: nowhere.put(source, _SHA),
        lambda: nowhere.open(_SHA),
        lambda: nowhere.path(_SHA),
        lambda: nowhere.delete(_SHA),
    ):
        with pytest.raises(BlobsUnreachable):
            act()


def test_a_bucket_that_does_not_exist_is_not_a_missing_blob(
    server_url: str, opened: Callable[..., S3Blobs], tmp_path: Path
) -> None:
    opened()
    store = S3Blobs.of_url(
        bucket_url(server_url).replace(BUCKET, "nobodys"), copies=tmp_path / "copies", copies_bytes=1
    )
    with pytest.raises(BlobsUnreachable):
        store.path(_SHA)


def test_copies_that_were_not_read_for_longest_make_room(opened: Callable[..., S3Blobs], tmp_path: Path) -> None:
    contents = [bytes([number]) * 1000 for number in range(6)]
    digests = [Sha256Hex(sha256(content).hexdigest()) for content in contents]
    store = opened(copies_bytes=4500)
    for content, digest in zip(contents, digests, strict=True):
        place = tmp_path / digest
        place.write_bytes(content)
        store.put(place, digest)
    for digest in digests[:4]:
        store.path(digest)
    store.path(digests[0])  # read again: no longer the oldest
    store.path(digests[4])
    there = {path.name for path in (tmp_path / "one").glob("??/*")}
    assert there == {digests[number] for number in (0, 2, 3, 4)}
    assert store.path(digests[1]).read_bytes() == contents[1], "it is fetched again"
