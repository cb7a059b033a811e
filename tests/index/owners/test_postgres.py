"""What is shown and what owners do, on a real PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from index.accounts.permissions import Person
from index.owners.acting import Acting, Errand
from index.owners.members import set_member
from index.owners.projects import set_status
from index.owners.releases import Target, delete, drop_bytes, yank
from index.publish.changes import changes_since
from index.publish.feeds import new_projects, new_releases
from index.publish.project import project_view
from index.publish.search import search
from index.publish.visible import listed_projects, totals
from index.services import Services
from index.settings import Settings
from index.store.blobs import BlobMissing
from index.store.migrate import migrate
from tests.fixtures.releases import NOW, make_user, seed
from tests.servers.postgres import new_database

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def services(postgres_url: str, tmp_path: Path) -> Iterator[Services]:
    made = Services.open(Settings(data=tmp_path / "var", database_url=str(new_database(postgres_url))))
    migrate(made.database)
    yield made
    made.database.dispose()


def test_everything_is_asked_and_done_there_too(services: Services, tmp_path: Path) -> None:
    first = seed(services, tmp_path, project="demo")
    second = seed(services, tmp_path, project="demo", version="2.0")
    seed(services, tmp_path, project="other")
    with services.database.write() as session:
        owner = make_user(session)
        make_user(session, "mira")
        errand = Errand(
            services,
            session,
            Acting(Person(owner.id, owner.username, frozenset(), second_factor=False), "user:maintainer"),
            NOW,
        )
        yank(errand, Target(project="demo", version="1.0"), reason="old")
        set_status(errand, "demo", status="deprecated", reason="")
        set_member(errand, "demo", username="mira", role="maintainer")
        digests = delete(errand, Target(project="demo", filename=first.filename), confirm=first.filename)
    drop_bytes(services, digests)

    with services.database.read() as session:
        assert listed_projects(session) == [("demo", "demo"), ("other", "other")]
        assert totals(session)[:3] == (2, 2, 2)
        assert [row.project for row in search(session, "named demo", 1).rows] == ["demo"]
        view = project_view(session, "demo", today=NOW.date())
        assert view is not None
        assert [line.version for line in view.releases] == ["2.0"]
        assert b"demo 2.0" in new_releases(session, public_url="")
        assert b"other" in new_projects(session, public_url="")
        events = [event.event for event in changes_since(session, 0, 1000).changes]
    assert events == ["published", "published", "published", "yanked", "status", "unpublished"]
    with pytest.raises(BlobMissing):
        services.blobs.open(digests[0])
    assert second.sha256 not in digests
