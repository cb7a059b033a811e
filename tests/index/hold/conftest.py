from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event
from structlog.testing import capture_logs

from index.services import Services
from index.settings import Settings
from index.store.database import Database
from index.store.migrate import migrate
from tests.index.hold.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import Any


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database, to be copied: migrating takes longer than most of these tests."""
    path = tmp_path_factory.mktemp("migrated") / "empty.sqlite"
    database = Database(f"sqlite:///{path}")
    migrate(database)
    database.dispose()
    return path


@pytest.fixture(scope="session")
def shared_services(tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path) -> Iterator[Services]:
    """One engine for all worlds, so that each statement is compiled once. It does not wait for the disk."""
    folder = tmp_path_factory.mktemp("shared")
    services = Services.open(Settings(data=folder))
    event.listen(services.database.engine, "connect", _do_not_wait)
    yield services
    services.database.dispose()


def _do_not_wait(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA synchronous=OFF")  # here nobody pulls the plug


@pytest.fixture
def make_world(shared_services: Services, migrated_sqlite: Path, tmp_path: Path) -> Iterator[Callable[[], World]]:
    """Makes a world on an empty database; the one made before is gone."""
    made: list[World] = []

    def make() -> World:
        end()
        place = shared_services.settings.data_folder / "pratique.sqlite"
        for leftover in place.parent.glob(f"{place.name}*"):
            if leftover.suffix != ".lock":
                leftover.unlink()
        shutil.copyfile(migrated_sqlite, place)
        services = Services(shared_services.settings, shared_services.database, shared_services.blobs)
        made.append(World(services, tmp_path / "world"))
        return made[-1]

    def end() -> None:
        while made:
            made.pop().close()

    yield make
    end()


@pytest.fixture
def world(make_world: Callable[[], World]) -> Iterator[World]:
    with capture_logs():
        yield make_world()
