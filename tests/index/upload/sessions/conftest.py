"""The upload API 2.0 on services of its own, and the reference client before it, without a network between them."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import requests
from flask import Flask
from requests.adapters import BaseAdapter
from sqlalchemy import event, select
from structlog.testing import capture_logs

from index.accounts.tokens import create_token
from index.publish.reads import Reads
from index.publish.views import blueprint as publish
from index.services import Services
from index.settings import Settings
from index.store.tables import PublishingSession, Submission, User
from index.upload.sessions.views import blueprint as sessions
from index.upload.views import blueprint as upload
from tests.clients.pep694 import Client
from tests.fixtures.artifacts import Artifact, build_wheel
from tests.index.hold.world import World
from tests.index.upload.sessions.standards import check_answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

ROOT = "http://127.0.0.1:8000/upload/2.0/"


class Direct(BaseAdapter):
    """Hands requests to the application without a socket; every answer is held against the specification."""

    def __init__(self, app: Flask) -> None:
        super().__init__()
        self._app = app

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:  # type: ignore[override] # no socket
        with self._app.test_client() as client:
            assert request.method is not None
            answer = client.open(
                request.path_url, method=request.method, headers=dict(request.headers), data=request.body
            )
        response = requests.Response()
        response.status_code = answer.status_code
        response.headers.update(answer.headers)
        response._content = answer.data
        response.reason = answer.status.partition(" ")[2]
        if request.path_url.startswith("/upload/2.0/") and request.method != "HEAD":
            check_answer(response)
        return response

    def close(self) -> None:
        """Nothing is open."""


@dataclass
class Stage:
    """An empty index in a time of its own, and the people before it."""

    world: World
    app: Flask

    def client(self, username: str = "maya", *, project: str | None = None) -> Client:
        """A person with a token, before the server."""
        user = self.world.user(username)
        with self.world.database.write() as session:
            user = session.get_one(User, user.id)
            secret = create_token(session, user, label="test", project=project, now=self.world.now)[1]
        client = Client(ROOT, secret)
        client.http.mount("http://", Direct(self.app))
        return client


@pytest.fixture(scope="session")
def shared_services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """One engine for all stages, so that each statement is compiled once. It does not wait for the disk."""
    services = Services.open(Settings(data=tmp_path_factory.mktemp("shared")))
    event.listen(services.database.engine, "connect", _do_not_wait)
    yield services
    services.database.dispose()


def _do_not_wait(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA synchronous=OFF")  # here nobody pulls the plug


@pytest.fixture
def make_stage(
    shared_services: Services, migrated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], Stage]]:
    """Makes a stage on an empty database; the one made before is gone."""
    made: list[tuple[Stage, Reads]] = []

    def make() -> Stage:
        end()
        place = shared_services.settings.data_folder / "pratique.sqlite"
        for leftover in place.parent.glob(f"{place.name}*"):
            if leftover.suffix != ".lock":
                leftover.unlink()
        shutil.copyfile(migrated, place)
        services = Services(shared_services.settings, shared_services.database, shared_services.blobs)
        world = World(services, tmp_path / "world")
        app, reads = application(services)
        made.append((Stage(world, app), reads))
        for module in ("upload.sessions.views", "upload.views"):  # the web process lives in the world's time
            monkeypatch.setattr(f"index.{module}.utcnow", lambda: world.now)
        return made[-1][0]

    def end() -> None:
        while made:
            stage, reads = made.pop()
            reads.close()
            stage.world.close()

    yield make
    end()


def application(services: Services) -> tuple[Flask, Reads]:
    """What uploaders and installers see of the index."""
    app = Flask("sessions")
    app.extensions["pratique"] = services
    for blueprint in (upload, sessions, publish):
        app.register_blueprint(blueprint)
    reads = Reads(app.wsgi_app, services)
    app.wsgi_app = reads  # type: ignore[method-assign] # Flask's own way
    return app, reads


@pytest.fixture
def stage(make_stage: Callable[[], Stage]) -> Iterator[Stage]:
    with capture_logs():
        yield make_stage()


@pytest.fixture
def world(stage: Stage) -> World:
    return stage.world


@pytest.fixture
def app(stage: Stage) -> Flask:
    return stage.app


@pytest.fixture
def make_client(stage: Stage) -> Callable[..., Client]:
    return stage.client


@pytest.fixture
def client(stage: Stage) -> Client:
    return stage.client()


def wheel(text: str = "", *, name: str = "demo", version: str = "1.0", tag: str = "py3-none-any") -> Artifact:
    return build_wheel(name, version, {f"{name}/__init__.py": f"# {text}\n"}, tag=tag)


def submission_of(world: World, session_url: str) -> Submission:
    """The submission that a session fills."""
    with world.database.read() as session:
        return session.get_one(PublishingSession, session_url.rpartition("/")[2]).submission


def states(world: World) -> list[str]:
    with world.database.read() as session:
        return [str(state) for state in session.scalars(select(Submission.state).order_by(Submission.id))]
