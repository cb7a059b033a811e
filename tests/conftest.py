"""Fixtures that all rooms share. Servers are started once, on free ports, and only when a test asks for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from index.services import Services
from index.settings import Settings
from index.store.migrate import migrate
from tests.servers.postgres import running_postgres
from tests.servers.rabbitmq import running_rabbitmq
from tests.servers.redis import running_redis

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "var")


@pytest.fixture
def services(settings: Settings) -> Iterator[Services]:
    """Services on a migrated SQLite of their own."""
    made = Services.open(settings)
    migrate(made.database)
    yield made
    made.database.dispose()


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_postgres(tmp_path_factory.mktemp("postgres")) as url:
        yield url


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_redis(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture(scope="session")
def rabbitmq_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_rabbitmq(tmp_path_factory.mktemp("rabbitmq")) as url:
        yield url
