"""Works that share a transaction: all of it or nothing of each, and nobody hears of success before the commit."""

from __future__ import annotations

import threading
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event, select, text
from sqlalchemy.exc import IntegrityError, OperationalError

from index.store.database import Database
from index.store.migrate import migrate
from index.store.tables import Membership, MembershipRole, Switch
from tests.servers.postgres import new_database

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from sqlalchemy.orm import Session

_NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    url = f"sqlite:///{tmp_path}/store.sqlite"
    if request.param == "postgresql":
        url = new_database(request.getfixturevalue("postgres_url"))
    made = Database(url)
    migrate(made)
    yield made
    made.dispose()


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[Database]:
    made = Database(f"sqlite:///{tmp_path}/store.sqlite")
    migrate(made)
    yield made
    made.dispose()


def _names(database: Database) -> list[str]:
    with database.read() as session:
        return list(session.scalars(select(Switch.name).order_by(Switch.name)))


def _add(session: Session, name: str) -> str:
    session.add(Switch(name=name, value="", updated_at=_NOW))
    return name


def _adds(count: int) -> list[Callable[[Session], str]]:
    return [partial(_add, name=f"name-{number:02}") for number in range(count)]


def _all_at_once(database: Database, works: Sequence[Callable[[Session], str]]) -> list[str | BaseException]:
    """What became of each work. The first one waits until all others wait for it."""
    outcomes: list[str | BaseException] = [""] * len(works)
    entered, go = threading.Event(), threading.Event()

    def first(session: Session) -> str:
        entered.set()
        assert go.wait(30)
        return works[0](session)

    def run(number: int) -> None:
        try:
            outcomes[number] = database.write_together(works[number] if number else first)
        except BaseException as error:  # noqa: BLE001 # handed to the test
            outcomes[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(works))]
    threads[0].start()
    assert entered.wait(30)
    for thread in threads[1:]:
        thread.start()
    while database.is_sqlite and len(database._together._waiting) < len(works) - 1:
        threading.Event().wait(0.005)
    go.set()
    for thread in threads:
        thread.join(60)
    return outcomes


def _commits(database: Database) -> list[int]:
    counted: list[int] = []
    event.listen(database.engine, "commit", lambda _: counted.append(1))
    return counted


def test_what_a_work_returns_is_returned_and_committed(database: Database) -> None:
    assert database.write_together(lambda session: _add(session, "one")) == "one"
    assert _names(database) == ["one"]


def test_a_work_that_raises_is_rolled_back_and_the_next_one_is_not_kept_out(database: Database) -> None:
    def fail(session: Session) -> str:
        _add(session, "lost")
        session.flush()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        database.write_together(fail)
    database.write_together(lambda session: _add(session, "kept"))
    assert _names(database) == ["kept"]


def test_of_many_at_once_each_has_its_own_outcome_and_those_that_raise_leave_nothing(database: Database) -> None:
    def fail(session: Session) -> str:
        _add(session, "lost")
        session.flush()
        raise ZeroDivisionError

    def clash(session: Session) -> str:
        session.add(Membership(user_id=99, project_id=99, role=MembershipRole.OWNER))
        return "never"

    one, two, three, four, five = _adds(5)
    outcomes = _all_at_once(database, [one, two, fail, three, clash, four, fail, five])

    assert [outcomes[n] for n in (0, 1, 3, 5, 7)] == ["name-00", "name-01", "name-02", "name-03", "name-04"]
    assert [type(outcomes[n]) for n in (2, 4, 6)] == [ZeroDivisionError, IntegrityError, ZeroDivisionError]
    assert _names(database) == ["name-00", "name-01", "name-02", "name-03", "name-04"]


def test_those_that_wait_for_one_share_the_next_commit(embedded: Database) -> None:
    commits = _commits(embedded)
    _all_at_once(embedded, _adds(6))
    assert len(commits) == 2


def test_more_than_one_transaction_takes_are_done_in_several(embedded: Database) -> None:
    outcomes = _all_at_once(embedded, _adds(40))
    assert outcomes == [f"name-{number:02}" for number in range(40)]
    assert len(_names(embedded)) == 40


def test_each_work_sees_what_was_written_before_it(embedded: Database) -> None:
    def count(session: Session) -> str:
        there = len(session.scalars(select(Switch.name)).all())
        return _add(session, f"{there}")

    outcomes = _all_at_once(embedded, [count] * 6)
    assert sorted(map(str, outcomes)) == ["0", "1", "2", "3", "4", "5"]


def test_nobody_hears_of_success_when_the_commit_fails_and_nothing_is_there(embedded: Database) -> None:
    def fail(_connection: object) -> None:
        raise OSError(28, "No space left on device")

    works = _adds(4)
    event.listen(embedded.engine, "commit", fail)
    outcomes = _all_at_once(embedded, works)
    event.remove(embedded.engine, "commit", fail)
    assert [type(outcome) for outcome in outcomes] == [OSError] * 4
    assert _names(embedded) == []
    assert embedded.write_together(works[0]) == "name-00"


def test_a_commit_that_fails_is_not_tried_again(embedded: Database) -> None:
    tried: list[int] = []

    def fail(_connection: object) -> None:
        tried.append(1)
        raise OSError(5, "Input/output error")

    event.listen(embedded.engine, "commit", fail)
    outcomes = _all_at_once(embedded, _adds(4))
    event.remove(embedded.engine, "commit", fail)
    assert [type(outcome) for outcome in outcomes] == [OSError] * 4
    assert len(tried) == 2, "one for the first work, one for the three that waited for it"


def test_a_work_that_ends_the_whole_transaction_fails_alone(embedded: Database) -> None:
    def full(session: Session) -> str:  # what SQLite does by itself on a full disk
        session.connection().exec_driver_sql("ROLLBACK")
        raise OperationalError("INSERT", {}, OSError("database or disk is full"))

    one, two, three, four = _adds(4)
    outcomes = _all_at_once(embedded, [one, two, full, three, four])
    assert [*outcomes[:2], *outcomes[3:]] == ["name-00", "name-01", "name-02", "name-03"]
    assert isinstance(outcomes[2], OperationalError)
    assert _names(embedded) == ["name-00", "name-01", "name-02", "name-03"]
    with embedded.read() as session:
        assert session.scalar(text("PRAGMA integrity_check")) == "ok"


def test_a_work_runs_in_the_context_of_whoever_brought_it(embedded: Database) -> None:
    request: ContextVar[int] = ContextVar("request")
    seen: dict[int, int] = {}

    def bring(number: int) -> Callable[[Session], str]:
        def work(session: Session) -> str:
            seen[number] = request.get()
            return _add(session, str(number))

        return work

    entered, go = threading.Event(), threading.Event()

    def block(_session: Session) -> None:
        entered.set()
        assert go.wait(30)

    def run(number: int) -> None:
        request.set(number)
        embedded.write_together(bring(number))

    blocker = threading.Thread(target=embedded.write_together, args=(block,))
    blocker.start()
    assert entered.wait(30)
    threads = [threading.Thread(target=run, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
    while len(embedded._together._waiting) < 5:
        threading.Event().wait(0.005)
    go.set()
    for thread in (blocker, *threads):
        thread.join(60)
    assert seen == {number: number for number in range(5)}
