"""The whole of holding on a real PostgreSQL: the same steps, and two at once."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from index.audit.log import verify
from index.hold.decisions import DecisionRefused, approve, reject, reopen, restore, withdraw
from index.hold.intake import FilenameTaken
from index.services import Services
from index.settings import Settings
from index.store.database import Database
from index.store.migrate import differences, migrate
from index.store.tables import Base, Case, CaseOrigin, Decision, File, StoredVerdict, SubmissionState
from tests.index.hold.world import World, make_rules
from tests.servers.postgres import new_database

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

S = SubmissionState


@pytest.fixture(scope="module")
def database(postgres_url: str) -> Iterator[Database]:
    made = Database(new_database(postgres_url))
    migrate(made)
    yield made
    made.dispose()


@pytest.fixture
def world(database: Database, tmp_path: Path) -> World:
    with database.write() as session:
        for table in reversed(Base.metadata.sorted_tables):
            session.execute(table.delete())
    settings = Settings(data=tmp_path, database_url=database.url.render_as_string(hide_password=False))
    services = Services.open(settings)
    services.database.dispose()
    services.database = database
    return World(services, tmp_path / "world")


def _at_once(*steps: Callable[[], object]) -> list[BaseException | None]:
    """What each step raised, when all began together."""
    start = threading.Barrier(len(steps))
    raised: list[BaseException | None] = [None] * len(steps)

    def run(number: int, step: Callable[[], object]) -> None:
        start.wait()
        try:
            step()
        except Exception as error:  # noqa: BLE001 # handed to the test
            raised[number] = error

    threads = [threading.Thread(target=run, args=(number, step)) for number, step in enumerate(steps)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return raised


def test_the_migrations_leave_nothing_different_from_the_tables(database: Database) -> None:
    assert differences(database) == []


def test_a_clear_release_is_published_and_a_flagged_one_is_decided(world: World) -> None:
    assert world.state(world.upload("demo", "1.0")) == S.PUBLISHED
    held = world.upload("demo", "1.1", says="flagged")
    assert world.state(held) == S.IN_REVIEW
    world.decide(reject, held)
    world.decide(reopen, held)
    world.decide(approve, held)
    world.decide(withdraw, held)
    world.decide(restore, held)
    assert world.state(held) == S.PUBLISHED
    with world.database.read() as session:
        verify(session)


def test_a_waiting_release_follows_and_a_new_ruleset_renews(world: World) -> None:
    first = world.upload("demo", "1.0", says="flagged")
    second = world.upload("demo", "1.1")
    with world.database.read() as session:
        assert set(session.scalars(select(Case.origin))) == {CaseOrigin.VERDICT, CaseOrigin.WAITING}
    world.use_rules(make_rules(2))
    world.keeper.tick(world.later(1))
    world.inspect_all()
    assert {world.state(first), world.state(second)} == {S.IN_REVIEW}
    world.decide(approve, first)
    world.keeper.tick(world.later(1))
    assert world.state(second) == S.PUBLISHED


def test_of_two_uploads_of_one_filename_one_wins(world: World) -> None:
    world.user("maya")
    files = [world.file("demo", "1.0", content) for content in ("one", "two")]
    raised = _at_once(*(lambda file=file: world.receive(file) for file in files))
    assert [type(error) for error in raised if error] == [FilenameTaken], raised
    with world.database.read() as session:
        assert session.scalar(select(func.count()).select_from(File)) == 1


def test_two_uploads_of_one_release_join_one_submission(world: World) -> None:
    world.user("maya")
    files = [world.file("demo", "1.0", tag=tag) for tag in ("py2", "py3")]
    receipts: list[str] = []
    _at_once(*(lambda file=file: receipts.append(world.receive(file).submission_id) for file in files))
    assert len(receipts) == 2
    assert len(set(receipts)) == 1


def test_of_two_reviewers_at_once_one_decides(world: World) -> None:
    held = world.upload("demo", "1.0", says="flagged")
    world.user("ana")
    world.user("ben")
    raised = _at_once(
        lambda: world.decide(approve, held, by="ana"),
        lambda: world.decide(reject, held, by="ben"),
    )
    # Who comes second hears of another state, or, after a rejection, of rejected bytes.
    assert [isinstance(error, DecisionRefused) for error in raised if error] == [True], raised
    with world.database.read() as session:
        decisions = session.scalars(select(Decision)).all()
        verify(session)
    assert len(decisions) == 1
    assert world.state(held) == (S.PUBLISHED if decisions[0].kind == "approve" else S.REJECTED)


def test_two_workers_that_finish_at_once_make_one_verdict(world: World) -> None:
    receipt = world.receive(world.file("demo", "1.0"))
    world.inspect_all()
    world.keeper.tick(world.later(0))
    world.later(11)
    world.settle()
    raised = _at_once(*[lambda: world.advance(receipt.submission_id)] * 4)
    assert raised == [None] * 4
    with world.database.read() as session:
        assert session.scalar(select(func.count()).select_from(StoredVerdict)) == 1
        verify(session)
    assert world.state(receipt.submission_id) == S.PUBLISHED
