"""One running Pratique for all clients, with a small limit for files and a second account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from index.accounts.tokens import create_token
from index.clock import utcnow
from tests.clients.projects import Project, make_project
from tests.fixtures.releases import make_user
from tests.servers.instance import running_instance, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.servers.instance import Instance

SETTLE_SECONDS = 1.0

#: So that a file that is too large costs nobody much; every other file of these tests is far smaller.
UPLOAD_MAX_BYTES = 200_000


@dataclass(frozen=True, slots=True)
class Taken:
    """A project of which 1.0 is published; `changed` has the same filenames with other bytes."""

    published: Project
    changed: Project


def publish_plainly(instance: Instance, project: Project) -> None:
    """The project's distributions are published."""
    for path in project.distributions:
        instance.upload(path.name, path.read_bytes()).raise_for_status()
    for path in project.distributions:
        until(lambda name=path.name: instance.state(name) == "published", seconds=20, what=f"{path.name} is published")  # type: ignore[misc] # mypy does not infer a lambda's default


@pytest.fixture(scope="session")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    environment = {
        "PRATIQUE_SETTLE_SECONDS": str(SETTLE_SECONDS),
        "PRATIQUE_UPLOAD_MAX_BYTES": str(UPLOAD_MAX_BYTES),
    }
    with running_instance(tmp_path_factory.mktemp("instance"), environment) as running:
        yield running


@pytest.fixture(scope="session")
def foreign_token(instance: Instance) -> str:
    """The token of an account that has no part in any project."""
    database = instance.database()
    try:
        with database.write() as session:
            _, secret = create_token(session, make_user(session, "stranger"), label="test", now=utcnow())
        return secret
    finally:
        database.dispose()


@pytest.fixture(scope="session")
def taken(instance: Instance, tmp_path_factory: pytest.TempPathFactory) -> Taken:
    folder: Path = tmp_path_factory.mktemp("taken")
    published = make_project(folder / "published", "taken-name")
    changed = make_project(folder / "changed", "taken-name", dependencies=["greeting-other"])
    publish_plainly(instance, published)
    return Taken(published, changed)
