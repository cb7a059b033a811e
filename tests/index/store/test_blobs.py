"""Blobs: durable, verified, never the wrong bytes."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from index.store.blobs import BlobCorrupt, BlobMissing, LocalBlobs
from scanner.model import Sha256Hex

if TYPE_CHECKING:
    from collections.abc import Callable

_DATA = b"some bytes" * 1000
_SHA = Sha256Hex(sha256(_DATA).hexdigest())


@pytest.fixture
def blobs(tmp_path: Path) -> LocalBlobs:
    return LocalBlobs(tmp_path / "blobs")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_bytes(_DATA)
    return path


def _files(blobs: LocalBlobs) -> list[Path]:
    return [path for path in blobs.folder.rglob("*") if path.is_file()]


def test_what_was_put_can_be_opened(blobs: LocalBlobs, source: Path) -> None:
    blobs.put(source, _SHA)
    source.unlink()
    with blobs.open(_SHA) as blob:
        assert blob.read() == _DATA
    assert blobs.path(_SHA).read_bytes() == _DATA


def test_putting_again_is_the_same(blobs: LocalBlobs, source: Path) -> None:
    blobs.put(source, _SHA)
    blobs.put(source, _SHA)
    assert len(_files(blobs)) == 1


@pytest.mark.parametrize("way", [LocalBlobs.open, LocalBlobs.path])
def test_what_was_never_put_is_missing(blobs: LocalBlobs, way: Callable[[LocalBlobs, Sha256Hex], object]) -> None:
    with pytest.raises(BlobMissing):
        way(blobs, _SHA)


@pytest.mark.parametrize("way", [LocalBlobs.open, LocalBlobs.path])
@pytest.mark.parametrize("harm", ["flipped", "cut", "longer"])
def test_other_bytes_are_never_given_out(
    blobs: LocalBlobs, source: Path, harm: str, way: Callable[[LocalBlobs, Sha256Hex], object]
) -> None:
    blobs.put(source, _SHA)
    blobs.path(_SHA)  # it was verified once
    place = _files(blobs)[0]
    changed = {"flipped": b"S" + _DATA[1:], "cut": _DATA[:-1], "longer": _DATA + b"x"}[harm]
    place.write_bytes(changed)
    os.utime(place, ns=(1, 1))
    with pytest.raises(BlobCorrupt):
        way(blobs, _SHA)


def test_putting_the_right_bytes_mends_a_corrupt_blob(blobs: LocalBlobs, source: Path, tmp_path: Path) -> None:
    blobs.put(source, _SHA)
    place = _files(blobs)[0]
    place.unlink()
    place.write_bytes(b"rubbish")
    fresh = tmp_path / "fresh"
    fresh.write_bytes(_DATA)
    blobs.put(fresh, _SHA)
    assert blobs.path(_SHA).read_bytes() == _DATA


@pytest.mark.parametrize("failing", ["fsync", "link and rename"])
def test_a_put_that_fails_leaves_nothing(
    blobs: LocalBlobs, source: Path, failing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    if failing == "fsync":
        monkeypatch.setattr(os, "fsync", full)
    else:
        monkeypatch.setattr(os, "link", full)
        monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        blobs.put(source, _SHA)
    assert _files(blobs) == []


def test_a_source_on_another_disk_is_copied(blobs: LocalBlobs, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def other_disk(*_arguments: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", other_disk)
    blobs.put(source, _SHA)
    source.unlink()
    assert blobs.path(_SHA).read_bytes() == _DATA
    assert len(_files(blobs)) == 1


def test_file_and_folders_are_synced_before_put_returns(
    blobs: LocalBlobs, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[tuple[int, list[Path]]] = []
    real = os.fsync

    def watch(descriptor: int) -> None:
        synced.append((os.fstat(descriptor).st_ino, _files(blobs)))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", watch)
    blobs.put(source, _SHA)
    place = _files(blobs)[0]
    assert synced[0] == (place.stat().st_ino, []), "the bytes first, before anything has the name"
    assert {place.parent.stat().st_ino, blobs.folder.stat().st_ino} <= {inode for inode, there in synced[1:] if there}


def test_bytes_that_another_process_has_put_are_synced_again_unless_this_one_knows_them(
    blobs: LocalBlobs, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blobs.put(source, _SHA)
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(os.fstat(descriptor).st_ino))
    blobs.put(source, _SHA)
    assert synced == []
    LocalBlobs(blobs.folder).put(source, _SHA)
    place = _files(blobs)[0]
    assert {place.stat().st_ino, place.parent.stat().st_ino, blobs.folder.stat().st_ino} <= set(synced)


def test_a_deleted_blob_is_missing_and_deleting_again_is_no_error(blobs: LocalBlobs, source: Path) -> None:
    blobs.put(source, _SHA)
    blobs.delete(_SHA)
    blobs.delete(_SHA)
    with pytest.raises(BlobMissing):
        blobs.open(_SHA)
