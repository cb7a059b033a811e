"""A desk, the application on it, and somebody who visits it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from index.services import Services
from index.settings import Settings
from index.store.migrate import migrate
from pratique.wsgi import create_app
from tests.webui.browser import Visitor
from tests.webui.cheap import hash_cheaply
from tests.webui.desk import Desk
from tests.webui.scenes import Scene, full_desk
from webui.limits import limiter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flask import Flask


hash_cheaply()


@pytest.fixture(autouse=True)
def fresh_limits() -> Iterator[None]:
    """Attempts of one test do not count in the next."""
    yield
    if limiter._storage is not None:  # some application of this process has limits
        limiter.reset()


@pytest.fixture
def desk(services: Services, tmp_path: Path) -> Desk:
    """An empty desk."""
    return Desk(services, tmp_path)


@pytest.fixture
def app(services: Services) -> Flask:
    return create_app(services)


@pytest.fixture
def visitor(app: Flask) -> Visitor:
    return Visitor(app)


@pytest.fixture(scope="session")
def shared_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Desk, Scene]]:
    folder = tmp_path_factory.mktemp("desk")
    services = Services.open(Settings(data=folder / "var"))
    migrate(services.database)
    desk = Desk(services, folder)
    yield desk, full_desk(desk)
    services.database.dispose()


@pytest.fixture
def full(shared_desk: tuple[Desk, Scene]) -> Desk:
    """A full desk that tests only look at."""
    return shared_desk[0]


@pytest.fixture
def scene(shared_desk: tuple[Desk, Scene]) -> Scene:
    return shared_desk[1]


@pytest.fixture(scope="session")
def shared_app(shared_desk: tuple[Desk, Scene]) -> Flask:
    return create_app(shared_desk[0].services)


@pytest.fixture
def anyone(shared_app: Flask) -> Visitor:
    """Somebody who is not signed in, before the full desk."""
    return Visitor(shared_app)


@pytest.fixture(scope="session")
def signed_in_analyst(shared_desk: tuple[Desk, Scene], shared_app: Flask) -> Visitor:
    visitor = Visitor(shared_app)
    visitor.sign_in(shared_desk[0].account("ada", "analyst"))
    return visitor


@pytest.fixture(scope="session")
def signed_in_administrator(shared_desk: tuple[Desk, Scene], shared_app: Flask) -> Visitor:
    visitor = Visitor(shared_app)
    visitor.sign_in(shared_desk[0].account("root-of-all", "administrator"))
    return visitor


@pytest.fixture
def analyst(signed_in_analyst: Visitor) -> Visitor:
    """An analyst before the full desk."""
    return signed_in_analyst


@pytest.fixture
def administrator(signed_in_administrator: Visitor) -> Visitor:
    """An administrator who is no analyst, before the full desk."""
    return signed_in_administrator
