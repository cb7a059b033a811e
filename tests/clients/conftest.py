"""One running Pratique for all clients, with a small limit for files and a second account."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
import requests
from sqlalchemy import select

from index.accounts.tokens import create_token
from index.clock import utcnow
from index.store.tables import File, Submission
from tests.clients.projects import Project, make_project
from tests.fixtures.artifacts import build_wheel
from tests.fixtures.releases import make_user
from tests.servers.instance import running_instance, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
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


@dataclass(frozen=True, slots=True)
class Shelf:
    """A project whose 1.0 and 2.0 are published, one after the other; 2.0 is yanked."""

    instance: Instance
    project: str
    filenames: dict[str, str]
    """By version."""
    data: dict[str, bytes]
    """By filename."""
    received: dict[str, datetime]
    published: dict[str, datetime]


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


@pytest.fixture(scope="session")
def shelf(instance: Instance) -> Shelf:
    data: dict[str, bytes] = {}
    for version in ("1.0", "2.0"):
        content: dict[str, bytes | str] = {"shelf.py": f'VERSION = "{version}"\n', "shelf.bin": os.urandom(100_000)}
        filename, data[filename] = build_wheel("shelf", version, content)
        instance.upload(filename, data[filename]).raise_for_status()
        until(lambda name=filename: instance.state(name) == "published", seconds=20, what=f"{filename} is published")  # type: ignore[misc] # mypy does not infer a lambda's default
    answer = requests.post(
        f"{instance.url}/api/projects/shelf/releases/2.0/yank",
        json={"reason": "broken build"},
        headers={"Authorization": f"Bearer {instance.account.upload_token}"},
        timeout=30,
    )
    answer.raise_for_status()
    filenames = {name.split("-")[1]: name for name in data}
    received, published = _times(instance, list(data))
    return Shelf(instance, "shelf", filenames, data, received, published)


def _times(instance: Instance, names: list[str]) -> tuple[dict[str, datetime], dict[str, datetime]]:
    """When the files were received, and when they were published, by the database."""
    database = instance.database()
    try:
        with database.read() as session:
            query = select(File.filename, Submission.opened_at, Submission.published_at).join(File.submission)
            rows = session.execute(query.where(File.filename.in_(names))).all()
    finally:
        database.dispose()
    return {name: opened for name, opened, _ in rows}, {name: at for name, _, at in rows if at is not None}
