"""Which store a URL names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from index.store.blobs import LocalBlobs
from index.store.opening import open_blobs
from index.store.s3 import S3Blobs

if TYPE_CHECKING:
    from pathlib import Path

    from index.store.blobs import BlobStore


def _opened(url: str, folder: Path) -> BlobStore:
    return open_blobs(url, copies=folder / "copies", copies_bytes=1)


def test_a_folder_and_a_bucket_are_known(tmp_path: Path) -> None:
    assert isinstance(_opened(f"file://{tmp_path}/blobs", tmp_path), LocalBlobs)
    assert isinstance(_opened("s3://bucket/some/prefix?region=eu-west-1", tmp_path), S3Blobs)


@pytest.mark.parametrize(
    "url",
    ["", "ftp://x/y", "file://", "/just/a/path", "s3:///prefix", "s3://bucket?acl=public", "s3://key:secret@bucket/"],
)
def test_a_place_that_we_do_not_know_is_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"PRATIQUE_BLOBS_URL is .*, expected (file:///PATH|s3://BUCKET)") as refused:
        _opened(url, tmp_path)
    assert "secret" not in str(refused.value)
