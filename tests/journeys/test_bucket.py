"""The whole way of a release with its bytes in a bucket."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.clients.projects import install_with_pip, make_project, publish
from tests.servers.instance import running_instance, until
from tests.servers.s3 import BUCKET, S3_CREDENTIALS, bucket_url, s3_client, s3_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.servers.instance import Instance
    from tests.servers.process import Server


@pytest.fixture
def bucket() -> Iterator[Server]:
    with s3_server() as server:
        yield server


@pytest.fixture
def instance(bucket: Server, tmp_path: Path) -> Iterator[Instance]:
    environment = {
        **S3_CREDENTIALS,
        "PRATIQUE_SETTLE_SECONDS": "1",
        "PRATIQUE_BLOBS_URL": bucket_url(bucket.url, "pratique"),
    }
    with running_instance(tmp_path / "instance", environment) as running:
        yield running


def test_a_release_goes_through_a_bucket_and_installs(bucket: Server, instance: Instance, tmp_path: Path) -> None:
    project = make_project(tmp_path / "project", "greeting-bucket")
    publish("twine", project, instance)
    until(lambda: instance.get(f"/simple/{project.name}/").ok, seconds=20, what="published")

    stored = s3_client(bucket.url).list_objects_v2(Bucket=BUCKET, Prefix="pratique/")["Contents"]
    assert len(stored) == len(project.distributions)
    assert not (instance.settings.data_folder / "blobs").exists()
    install_with_pip(instance, project.name, tmp_path / "pip")

    bucket.kill()  # what this machine has a copy of goes on; what is new is refused, and nothing of it is stored
    install_with_pip(instance, project.name, tmp_path / "again")
    later = make_project(tmp_path / "later", "greeting-later")
    refused = instance.upload(later.distributions[0].name, later.distributions[0].read_bytes())
    assert refused.status_code == 503
    assert refused.reason.startswith("This index cannot reach its storage.")
    assert instance.state(later.distributions[0].name) == ""
