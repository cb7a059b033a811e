"""The log: what is in it stays, and whoever touches it is found out."""

from __future__ import annotations

import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from index.audit.log import GENESIS, Event, LogBroken, append, verify
from index.store.database import Database
from index.store.migrate import migrate
from index.store.tables import LogEntry
from tests.servers.postgres import new_database

if TYPE_CHECKING:
    from collections.abc import Iterator

_NOW = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def migrated(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('log')}/log.sqlite"
    else:
        url = new_database(request.getfixturevalue("postgres_url"))
    made = Database(url)
    migrate(made)
    yield made
    made.dispose()


@pytest.fixture
def database(migrated: Database) -> Database:
    with migrated.write() as session:
        session.execute(text("DELETE FROM log_entry"))
    return migrated


def _event(number: int) -> Event:
    return Event(actor="user:ana", action="submission.approved", subject=f"submission:{number}", old="a", new="b")


def _fill(database: Database, count: int = 5) -> None:
    with database.write() as session:
        for number in range(count):
            append(session, _event(number), now=_NOW + timedelta(seconds=number))


def _verify(database: Database) -> int:
    with database.read() as session:
        return verify(session)


def test_an_empty_log_verifies(database: Database) -> None:
    assert _verify(database) == 0


def test_entries_are_numbered_from_one_and_chained(database: Database) -> None:
    _fill(database)
    assert _verify(database) == 5
    with database.read() as session:
        entries = session.scalars(select(LogEntry).order_by(LogEntry.seq)).all()
    assert [entry.seq for entry in entries] == [1, 2, 3, 4, 5]
    assert entries[0].previous_hash == GENESIS
    assert [entry.previous_hash for entry in entries[1:]] == [entry.hash for entry in entries[:-1]]
    assert entries[0].at == _NOW, "to the microsecond"


@pytest.mark.parametrize("column", ["actor", "action", "subject", "old", "new", "ruleset", "evidence", "previous_hash"])
def test_a_changed_field_is_found(database: Database, column: str) -> None:
    _fill(database)
    with database.write() as session:
        session.execute(text(f"UPDATE log_entry SET {column} = 'x' WHERE seq = 3"))
    with pytest.raises(LogBroken, match="entry 3"):
        _verify(database)


def test_a_changed_time_is_found(database: Database) -> None:
    _fill(database)
    with database.write() as session:
        session.get_one(LogEntry, 3).at = _NOW + timedelta(seconds=2, microseconds=1)
    with pytest.raises(LogBroken, match="entry 3"):
        _verify(database)


@pytest.mark.parametrize(("seq", "message"), [(1, "entry 1 is missing"), (3, "entry 3 is missing")])
def test_a_removed_entry_is_found(database: Database, seq: int, message: str) -> None:
    _fill(database)
    with database.write() as session:
        session.execute(text(f"DELETE FROM log_entry WHERE seq = {seq}"))
    with pytest.raises(LogBroken, match=message):
        _verify(database)


def test_a_removed_entry_whose_successors_were_renumbered_is_found(database: Database) -> None:
    _fill(database)
    with database.write() as session:
        session.execute(text("DELETE FROM log_entry WHERE seq = 3"))
        for seq in (4, 5):
            session.execute(text(f"UPDATE log_entry SET seq = seq - 1 WHERE seq = {seq}"))
    with pytest.raises(LogBroken, match="entry 3"):
        _verify(database)


def test_an_entry_whose_own_hash_was_made_anew_breaks_the_next_one(database: Database) -> None:
    _fill(database)
    with database.write() as session:
        session.execute(text("UPDATE log_entry SET hash = repeat_ WHERE seq = 3".replace("repeat_", f"'{'0' * 64}'")))
    with pytest.raises(LogBroken, match="entry 3"):
        _verify(database)


def test_a_transaction_that_fails_leaves_neither_entry_nor_gap(database: Database) -> None:
    _fill(database, 2)
    with suppress(ZeroDivisionError), database.write() as session:
        append(session, _event(9), now=_NOW)
        raise ZeroDivisionError
    _fill(database, 1)
    assert _verify(database) == 3


def test_writers_at_once_make_one_chain(database: Database) -> None:
    start = threading.Barrier(4)

    def write() -> None:
        start.wait()
        for number in range(10):
            with database.write() as session:
                append(session, _event(number), now=_NOW)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert _verify(database) == 40


def test_a_time_in_another_zone_is_the_same_moment(database: Database) -> None:
    with database.write() as session:
        append(session, _event(1), now=_NOW.astimezone(timezone(timedelta(hours=9))))
    assert _verify(database) == 1
    with database.read() as session:
        assert session.get_one(LogEntry, 1).at == _NOW


_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=60)


@settings(max_examples=40)
@given(actor=_TEXT, old=_TEXT, new=_TEXT, at=st.datetimes(datetime(1971, 1, 1), datetime(2900, 1, 1)))  # noqa: DTZ001 # made aware below
def test_whatever_is_said_in_an_entry_verifies(
    sqlite_log: Database, actor: str, old: str, new: str, at: datetime
) -> None:
    with sqlite_log.write() as session:
        before = verify(session)
        append(session, Event(actor=actor, action="x", subject="y", old=old, new=new), now=at.replace(tzinfo=UTC))
    with sqlite_log.read() as session:
        assert verify(session) == before + 1


@pytest.fixture(scope="module")
def sqlite_log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    made = Database(f"sqlite:///{tmp_path_factory.mktemp('texts')}/log.sqlite")
    migrate(made)
    yield made
    made.dispose()
