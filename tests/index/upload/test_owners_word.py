"""What owners and the index say of a project, and what uploads get from then on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from index.accounts.permissions import Person
from index.clock import utcnow
from index.owners.acting import Acting, Errand
from index.owners.releases import Target, delete, drop_bytes
from index.store.blobs import LocalBlobs
from index.store.tables import File, Project, ProjectStatus, User
from tests.fixtures.artifacts import Artifact, build_wheel
from tests.index.upload.test_names import publish_all

if TYPE_CHECKING:
    from index.services import Services
    from scanner.model import Sha256Hex
    from tests.index.upload.conftest import Client

SECOND = build_wheel("tidy-example", "2.0", {"tidy_example/__init__.py": "x = 1\n"})


def delete_first(services: Services) -> tuple[Sha256Hex, ...]:
    """Version 1.0 is deleted by its owner, but for its bytes, which are returned."""
    with services.database.write() as session:
        owner = session.query(User).one()
        acting = Acting(Person(owner.id, owner.username, frozenset(), second_factor=False), "user:owner")
        target = Target(project="tidy-example", version="1.0")
        return delete(Errand(services, session, acting, utcnow()), target, confirm=target.confirmation)


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (ProjectStatus.ACTIVE, "200"),
        (ProjectStatus.DEPRECATED, "200"),
        (ProjectStatus.ARCHIVED, "400 This project is archived"),
        (ProjectStatus.QUARANTINED, "400 This project is in quarantine"),
    ],
)
def test_archived_and_quarantined_projects_take_no_files(
    client: Client, services: Services, wheel: Artifact, status: ProjectStatus, answer: str
) -> None:
    client.upload(wheel)
    publish_all(services)
    with services.database.write() as session:
        project = session.query(Project).one()
        project.status = status

    assert client.upload(SECOND).status.startswith(answer)
    with services.database.read() as session:
        assert session.query(File).count() == (2 if answer == "200" else 1)


def test_a_deleted_filename_is_taken_for_the_same_and_for_other_bytes(
    client: Client, services: Services, wheel: Artifact
) -> None:
    client.upload(wheel)
    publish_all(services)
    delete_first(services)

    for artifact in (wheel, Artifact(wheel.filename, build_wheel("tidy-example", "1.0", {"a.py": ""}).data)):
        assert client.upload(artifact).status.startswith("409 File already exists (")


def test_bytes_that_are_deleted_while_they_come_again_are_stored_again(
    client: Client, services: Services, wheel: Artifact, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same wheel under another build tag: its bytes are found, and deleted before the transaction begins."""
    again = Artifact("tidy_example-1.0-1-py3-none-any.whl", wheel.data)
    client.upload(wheel)
    publish_all(services)
    digests = delete_first(services)
    put = LocalBlobs.put
    deleted: list[bool] = []

    def put_and_delete(self: LocalBlobs, source: object, sha256: Sha256Hex) -> None:
        put(self, source, sha256)  # type: ignore[arg-type] # it is a path
        if not deleted:
            deleted.append(True)
            drop_bytes(services, digests)
            assert not self.folder.joinpath(sha256[:2], sha256).exists()

    monkeypatch.setattr(LocalBlobs, "put", put_and_delete)
    answer = client.upload(again)

    assert answer.status_code == 200, answer.status
    with services.blobs.open(digests[0]) as blob:
        assert blob.read() == wheel.data
