from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from index.services import Services
from index.settings import Settings
from index.store.migrate import migrate
from tests.webui.cheap import hash_cheaply
from tests.webui.desk import Desk
from tests.webui.scenes import Scene, full_desk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


hash_cheaply()


@pytest.fixture
def desk(services: Services, tmp_path: Path) -> Desk:
    """An empty desk."""
    return Desk(services, tmp_path)


@pytest.fixture(scope="session")
def shared_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Desk, Scene]]:
    """A full desk that tests only look at."""
    folder = tmp_path_factory.mktemp("desk")
    services = Services.open(Settings(data=folder / "var"))
    migrate(services.database)
    desk = Desk(services, folder)
    yield desk, full_desk(desk)
    services.database.dispose()


@pytest.fixture
def full(shared_desk: tuple[Desk, Scene]) -> Desk:
    return shared_desk[0]


@pytest.fixture
def scene(shared_desk: tuple[Desk, Scene]) -> Scene:
    return shared_desk[1]
