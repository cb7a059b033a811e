"""The upload API 2.0 on services of its own, and the reference client before it, without a network between them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests
from flask import Flask
from requests.adapters import BaseAdapter
from sqlalchemy import event, select

from index.accounts.tokens import create_token
from index.publish.reads import Reads
from index.publish.views import blueprint as publish
from index.store.tables import PublishingSession, Submission, User
from index.upload.sessions.views import blueprint as sessions
from index.upload.views import blueprint as upload
from tests.clients.pep694 import Client
from tests.fixtures.artifacts import Artifact, build_wheel
from tests.index.hold.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from index.services import Services

ROOT = "http://127.0.0.1:8000/upload/2.0/"


class Direct(BaseAdapter):
    """Hands requests to the application without a socket."""

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
        return response

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def world(services: Services, tmp_path: Path) -> Iterator[World]:
    event.listen(
        services.database.engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=OFF")
    )
    made = World(services, tmp_path / "world")
    yield made
    made.close()


@pytest.fixture
def app(world: World) -> Iterator[Flask]:
    app = Flask("sessions")
    app.extensions["pratique"] = world.services
    for blueprint in (upload, sessions, publish):
        app.register_blueprint(blueprint)
    reads = Reads(app.wsgi_app, world.services)
    app.wsgi_app = reads  # type: ignore[method-assign] # Flask's own way
    yield app
    reads.close()


@pytest.fixture(autouse=True)
def the_time(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The web process lives in the world's time."""
    for module in ("upload.sessions.views", "upload.views"):
        monkeypatch.setattr(f"index.{module}.utcnow", lambda: world.now)


@pytest.fixture
def make_client(app: Flask, world: World) -> Callable[..., Client]:
    """`make_client("ada", project="foo")`: a person with a token, before the server."""

    def make(username: str = "maya", *, project: str | None = None) -> Client:
        user = world.user(username)
        with world.database.write() as session:
            secret = create_token(
                session, session.get_one(User, user.id), label="test", project=project, now=world.now
            )[1]
        client = Client(ROOT, secret)
        client.http.mount("http://", Direct(app))
        return client

    return make


@pytest.fixture
def client(make_client: Callable[..., Client]) -> Client:
    return make_client()


def wheel(text: str = "", *, name: str = "demo", version: str = "1.0", tag: str = "py3-none-any") -> Artifact:
    return build_wheel(name, version, {f"{name}/__init__.py": f"# {text}\n"}, tag=tag)


def submission_of(world: World, session_url: str) -> Submission:
    """The submission that a session fills."""
    with world.database.read() as session:
        return session.get_one(PublishingSession, session_url.rpartition("/")[2]).submission


def states(world: World) -> list[str]:
    with world.database.read() as session:
        return [str(state) for state in session.scalars(select(Submission.state).order_by(Submission.id))]
