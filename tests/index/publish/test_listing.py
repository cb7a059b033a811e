"""The list of projects is kept in blocks, and is what a list made anew would be, after every change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from index.publish import listing
from index.publish.listing import ProjectList
from index.publish.visible import listed_projects
from index.store.database import Database
from index.store.migrate import migrate
from index.store.tables import Change, ChangeKind, Listing
from tests.fixtures.releases import NOW
from tests.servers.postgres import new_database

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy.orm import Session


class Names:
    """Changes the list as publication does."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.serial = 0

    def clear(self) -> None:
        with self.database.write() as session:
            session.execute(delete(Listing))
            session.execute(delete(Change))
        self.serial = 0

    def put(self, *names: str, shown: str = "") -> None:
        with self.database.write() as session:
            for name in names:
                session.merge(
                    Listing(
                        project=name,
                        display_name=shown or name.upper(),
                        version="1",
                        summary="",
                        first_published_at=NOW,
                        last_published_at=NOW,
                    )
                )
            self._tell(session, names)

    def remove(self, *names: str) -> None:
        with self.database.write() as session:
            session.execute(delete(Listing).where(Listing.project.in_(names)))
            self._tell(session, names)

    def _tell(self, session: Session, names: Sequence[str]) -> None:
        self.serial += 1
        session.add_all(
            Change(serial=self.serial, at=NOW, kind=ChangeKind.PUBLISHED, project=name, filename=name) for name in names
        )


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def migrated(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    url = f"sqlite:///{tmp_path_factory.mktemp('store')}/store.sqlite"
    if request.param == "postgresql":
        url = new_database(request.getfixturevalue("postgres_url"))
    made = Database(url)
    migrate(made)
    yield made
    made.dispose()


@pytest.fixture
def names(migrated: Database, monkeypatch: pytest.MonkeyPatch) -> Names:
    monkeypatch.setattr(listing, "_BLOCK", 4)
    monkeypatch.setattr(listing, "_LARGEST", 9)
    monkeypatch.setattr(listing, "_MOST_CHANGED", 12)
    made = Names(migrated)
    made.clear()
    return made


def both(projects: ProjectList) -> tuple[bytes, bytes]:
    listed = projects.now()
    return listed.json(version="1.4"), listed.html()


def check(projects: ProjectList, names: Names) -> None:
    assert both(projects) == both(ProjectList(names.database))


def shown(projects: ProjectList) -> list[str]:
    page = msgspec.json.decode(projects.now().json(version="1.4"))
    assert page["meta"]["_last-serial"] == projects.now().serial
    return [project["name"] for project in page["projects"]]


_NAME = st.from_regex(r"[a-c0](-?[a-c0]){0,3}", fullmatch=True)
_STEP = st.tuples(st.sampled_from(["put", "remove"]), st.lists(_NAME, min_size=1, max_size=16, unique=True))


@given(steps=st.lists(_STEP, max_size=8))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
def test_after_every_change_the_list_is_what_it_would_be_if_it_was_made_anew(
    names: Names, steps: list[tuple[str, list[str]]]
) -> None:
    names.clear()
    projects = ProjectList(names.database)
    there: set[str] = set()
    for action, changed in steps:
        if action == "put":
            names.put(*changed)
            there |= set(changed)
        else:
            names.remove(*changed)
            there -= set(changed)
        check(projects, names)
        assert shown(projects) == [name.upper() for name in sorted(there)]


def test_names_are_in_the_order_of_their_bytes_whatever_the_language_of_the_database(names: Names) -> None:
    names.put("a-b", "ab", "a-c", "ac", "a0", "b")
    assert shown(ProjectList(names.database)) == ["A-B", "A-C", "A0", "AB", "AC", "B"]


def test_a_change_reads_the_block_that_it_is_in_and_no_other(names: Names, monkeypatch: pytest.MonkeyPatch) -> None:
    names.put(*(f"name-{number:03}" for number in range(100)))
    projects = ProjectList(names.database)
    projects.now()
    read: list[int] = []
    real = listed_projects

    def counting(session: Session, *, start: str = "", end: str | None = None) -> list[tuple[str, str]]:
        found = real(session, start=start, end=end)
        read.append(len(found))
        return found

    monkeypatch.setattr(listing, "listed_projects", counting)
    names.put("name-050-x")
    assert "NAME-050-X" in shown(projects)
    assert read == [5]


def test_a_name_that_is_shown_otherwise_is_shown_so(names: Names) -> None:
    names.put("one", "two")
    projects = ProjectList(names.database)
    projects.now()
    names.put("one", shown='<O"ne>')
    assert shown(projects) == ['<O"ne>', "TWO"]
    assert b'<a href="one/">&lt;O&quot;ne&gt;</a><br>' in projects.now().html()


def test_a_list_that_somebody_changed_past_the_feed_is_made_anew_with_the_next_change(names: Names) -> None:
    names.put("one", "two", "three")
    projects = ProjectList(names.database)
    projects.now()
    with names.database.write() as session:
        session.execute(delete(Listing).where(Listing.project == "one"))
    names.put("zulu")
    assert shown(projects) == ["THREE", "TWO", "ZULU"]
