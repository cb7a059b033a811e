"""One running Pratique for all journeys that do no harm to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.servers.instance import running_instance

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.servers.instance import Instance

#: Short, so that the journeys are; the default of ten seconds differs in nothing else.
SETTLE_SECONDS = 2.0


@pytest.fixture(scope="session")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    environment = {"PRATIQUE_SETTLE_SECONDS": str(SETTLE_SECONDS), "PRATIQUE_LEASE_SECONDS": "3"}
    with running_instance(tmp_path_factory.mktemp("instance"), environment) as running:
        yield running
