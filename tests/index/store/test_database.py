"""Transactions: short, whole, and one writer at a time on SQLite."""

from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError, StatementError

from index.store.database import Database
from index.store.migrate import differences, migrate
from index.store.tables import Membership, MembershipRole, Switch
from tests.servers.postgres import new_database

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.services import Services

_NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
_ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def migrated(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('store')}/store.sqlite"
    else:
        url = new_database(request.getfixturevalue("postgres_url"))
    made = Database(url)
    migrate(made)
    yield made
    made.dispose()


@pytest.fixture
def database(migrated: Database) -> Database:
    with migrated.write() as session:
        session.execute(text("DELETE FROM switch"))
        session.add(Switch(name="count", value="0", updated_at=_NOW))
    return migrated


def _count(database: Database) -> str:
    with database.read() as session:
        return session.get_one(Switch, "count").value


def test_a_block_that_ends_is_committed(database: Database) -> None:
    with database.write() as session:
        session.get_one(Switch, "count").value = "1"
    assert _count(database) == "1"


def test_a_block_that_raises_is_rolled_back(database: Database) -> None:
    with suppress(ZeroDivisionError), database.write() as session:
        session.get_one(Switch, "count").value = "1"
        session.flush()
        raise ZeroDivisionError
    assert _count(database) == "0"
    with database.write() as session:
        session.get_one(Switch, "count").value = "2"
    assert _count(database) == "2", "and the next writer is not kept out"


def test_what_a_reader_changes_is_thrown_away(database: Database) -> None:
    with database.read() as session:
        session.get_one(Switch, "count").value = "1"
        session.flush()
    assert _count(database) == "0"


def test_what_was_read_can_be_looked_at_after_the_block(database: Database) -> None:
    with database.read() as session:
        switch = session.get_one(Switch, "count")
    assert switch.value == "0"


def test_threads_that_read_and_then_write_lose_nothing_and_are_never_locked_out(database: Database) -> None:
    start = threading.Barrier(4)
    failures: list[BaseException] = []

    def add() -> None:
        start.wait()
        try:
            for _ in range(15):
                with database.write() as session:
                    database.lock_project(session, "demo")
                    switch = session.get_one(Switch, "count")
                    switch.value = str(int(switch.value) + 1)
        except BaseException as error:  # noqa: BLE001 # handed to the test
            failures.append(error)

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    assert _count(database) == "60"


_ADDER = """
import sys
from index.store.database import Database
from index.store.tables import Switch
database = Database(sys.argv[1])
for _ in range(20):
    with database.write() as session:
        database.lock_project(session, "demo")
        switch = session.get_one(Switch, "count")
        switch.value = str(int(switch.value) + 1)
database.dispose()
"""


def test_processes_that_read_and_then_write_lose_nothing(database: Database) -> None:
    url = database.url.render_as_string(hide_password=False)
    processes = [subprocess.Popen([sys.executable, "-c", _ADDER, url], cwd=_ROOT) for _ in range(2)]
    assert [process.wait(60) for process in processes] == [0, 0]
    assert _count(database) == "40"


def test_foreign_keys_are_enforced(database: Database) -> None:
    with pytest.raises(IntegrityError), database.write() as session:
        session.add(Membership(user_id=99, project_id=99, role=MembershipRole.OWNER))


def test_a_time_comes_back_aware_and_in_utc(database: Database) -> None:
    elsewhere = timezone(timedelta(hours=-7))
    with database.write() as session:
        session.get_one(Switch, "count").updated_at = _NOW.astimezone(elsewhere)
    with database.read() as session:
        stored = session.scalars(select(Switch.updated_at)).one()
    assert stored == _NOW
    assert stored.utcoffset() == timedelta(0)


def test_a_naive_time_is_refused(database: Database) -> None:
    with pytest.raises(StatementError, match="naive datetime"), database.write() as session:
        session.get_one(Switch, "count").updated_at = datetime(2026, 1, 1)  # noqa: DTZ001 # that is the point


def test_the_migrations_leave_nothing_different_from_the_tables(migrated: Database) -> None:
    assert differences(migrated) == []


def test_migrating_again_changes_nothing(migrated: Database) -> None:
    migrate(migrated)
    assert differences(migrated) == []


_MIGRATE = "import sys; from index.store.database import Database as D; from index.store.migrate import migrate as m"


@pytest.mark.parametrize("backend", ["sqlite", "postgresql"])
def test_two_processes_that_migrate_at_once_do_no_harm(
    backend: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = f"sqlite:///{tmp_path}/new.sqlite"
    if backend == "postgresql":
        url = new_database(request.getfixturevalue("postgres_url"))
    code = f"{_MIGRATE}; m(D(sys.argv[1]))"
    processes = [subprocess.Popen([sys.executable, "-c", code, url], cwd=_ROOT) for _ in range(2)]
    assert [process.wait(60) for process in processes] == [0, 0]
    database = Database(url)
    assert differences(database) == []
    database.dispose()


def test_sqlite_in_memory_is_refused() -> None:
    with pytest.raises(ValueError, match="forgets everything"):
        Database("sqlite://")


def test_sqlite_survives_a_power_cut_and_reads_while_it_writes(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/one.sqlite")
    migrate(database)
    with database.write() as writer:
        writer.add(Switch(name="count", value="0", updated_at=_NOW))
        writer.flush()
        with database.read() as reader:
            assert reader.get(Switch, "count") is None
            assert reader.execute(text("PRAGMA journal_mode")).scalar() == "wal"
            assert reader.execute(text("PRAGMA synchronous")).scalar() == 2
    database.dispose()


def test_project_locks_on_postgresql_are_for_one_project(postgres_url: str) -> None:
    one, two = Database(postgres_url), Database(postgres_url)
    with one.write() as first, two.write() as second:
        one.lock_project(first, "demo")
        two.lock_project(second, "else")
        taken = "SELECT pg_try_advisory_xact_lock(hashtextextended('project:demo', 0))"
        assert second.execute(text(taken)).scalar() is False
    one.dispose()
    two.dispose()


def test_a_writing_transaction_inside_another_one_is_refused_instead_of_waiting_for_itself(services: Services) -> None:
    with services.database.write(), pytest.raises(RuntimeError, match="wait for itself"), services.database.write():
        pass
    with services.database.write() as session:
        assert session.scalar(text("SELECT 1")) == 1
