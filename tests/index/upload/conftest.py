"""The upload endpoint alone, on services of its own, and what clients send to it."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from flask import Flask

from index.accounts.tokens import create_token
from index.clock import utcnow
from index.publish.reads import Reads
from index.publish.views import blueprint as publish
from index.services import Services
from index.store.database import Database
from index.store.migrate import migrate
from index.store.tables import User
from index.upload.views import blueprint
from tests.fixtures.artifacts import Artifact, benign_release

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from werkzeug.test import TestResponse

    from index.settings import Settings

Part = tuple[str, str | None, bytes, str | None]
"""Name, filename, value and content type of one part."""

BOUNDARY = "----------8d1f6c2b7e"


def multipart(parts: Sequence[Part], boundary: str = BOUNDARY) -> bytes:
    """The body, written here by hand: what a client sends must not depend on the library under test."""
    out = bytearray()
    for name, filename, value, kind in parts:
        extra = "" if filename is None else f'; filename="{filename}"'
        out += f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{extra}\r\n'.encode()
        out += f"Content-Type: {kind}\r\n\r\n".encode() if kind else b"\r\n"
        out += value + b"\r\n"
    return bytes(out + f"--{boundary}--\r\n".encode())


def digests(data: bytes, *names: str) -> dict[str, str]:
    made = {
        "md5_digest": hashlib.md5(data, usedforsecurity=False).hexdigest(),
        "sha256_digest": hashlib.sha256(data).hexdigest(),
        "blake2_256_digest": hashlib.blake2b(data, digest_size=32).hexdigest(),
    }
    return {name: made[name] for name in names}


def form_parts(
    artifact: Artifact,
    changes: Mapping[str, str | None] | None = None,
    *,
    content_last: bool = True,
    content_type: str | None = "application/octet-stream",
) -> list[Part]:
    """What a client sends for `artifact`; `changes` replace fields, or leave them out (None)."""
    name, version = artifact.filename.removesuffix(".tar.gz").split("-")[:2]
    is_wheel = artifact.filename.endswith(".whl")
    fields: dict[str, str | None] = {
        ":action": "file_upload",
        "protocol_version": "1",
        "metadata_version": "2.1",
        "name": name,
        "version": version,
        "filetype": "bdist_wheel" if is_wheel else "sdist",
        "pyversion": "py3" if is_wheel else "source",
        **digests(artifact.data, "sha256_digest", "blake2_256_digest"),
        **(changes or {}),
    }
    parts: list[Part] = [(key, None, value.encode(), None) for key, value in fields.items() if value is not None]
    parts.insert(len(parts) if content_last else 0, ("content", artifact.filename, artifact.data, content_type))
    return parts


@dataclass
class Client:
    """Sends uploads with a token."""

    app: Flask
    secret: str
    accept: str = "*/*"
    headers: dict[str, str] = field(default_factory=dict)

    def post(self, body: bytes, url: str = "/legacy/", **headers: str) -> TestResponse:
        with self.app.test_client() as client:
            return client.post(
                url,
                data=body,
                auth=("__token__", self.secret),
                content_type=f"multipart/form-data; boundary={BOUNDARY}",
                headers={"Accept": self.accept, **self.headers, **headers},
            )

    def upload(self, artifact: Artifact, changes: Mapping[str, str | None] | None = None) -> TestResponse:
        return self.post(multipart(form_parts(artifact, changes)))


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file: copying it takes a fiftieth of the time of making it."""
    path = tmp_path_factory.mktemp("migrated") / "pratique.sqlite"
    database = Database(f"sqlite:///{path}")
    migrate(database)
    database.dispose()  # the last connection to close writes everything into the one file
    assert not path.with_name("pratique.sqlite-wal").exists()
    return path


@pytest.fixture
def services(settings: Settings, migrated: Path) -> Iterator[Services]:
    settings.data_folder.mkdir(parents=True)
    shutil.copy(migrated, settings.data_folder)
    made = Services.open(settings)
    yield made
    made.database.dispose()


@pytest.fixture
def app(services: Services) -> Iterator[Flask]:
    app = Flask("upload")
    app.extensions["pratique"] = services
    app.register_blueprint(blueprint)
    app.register_blueprint(publish)
    reads = Reads(app.wsgi_app, services)
    app.wsgi_app = reads  # type: ignore[method-assign] # Flask's own way
    yield app
    reads.close()


@pytest.fixture
def new_client(app: Flask, services: Services) -> Callable[..., Client]:
    """Makes a person with a token: `new_client("ada", project="foo")`."""

    def make(username: str = "ada", *, project: str | None = None) -> Client:
        now = utcnow()
        with services.database.write() as session:
            user = User(
                username=username,
                email=f"{username}@example.invalid",
                fs_uniquifier=username,
                create_datetime=now,
                update_datetime=now,
            )
            session.add(user)
            session.flush()
            return Client(app, create_token(session, user, label="test", project=project, now=now)[1])

    return make


@pytest.fixture
def client(new_client: Callable[..., Client]) -> Client:
    return new_client()


@pytest.fixture
def wheel() -> Artifact:
    return benign_release()[0]


@pytest.fixture
def sdist() -> Artifact:
    return benign_release()[1]
