"""Leases and fencing, on SQLite and on a real PostgreSQL."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec
import pytest
from sqlalchemy import func, select, text

from index.audit.log import verify
from index.hold import jobs, orders
from index.store.database import Database
from index.store.migrate import migrate
from index.store.tables import Artifact, Base, Job, JobState, StoredInspection
from tests.index.hold.world import inspection_saying, make_rules
from tests.servers.postgres import new_database

if TYPE_CHECKING:
    from collections.abc import Iterator

_NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
_RULES = make_rules(1).hash
_LEASE = 30.0


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def migrated(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('jobs')}/jobs.sqlite"
    else:
        url = new_database(request.getfixturevalue("postgres_url"))
    made = Database(url)
    migrate(made)
    yield made
    made.dispose()


@pytest.fixture
def database(migrated: Database) -> Database:
    with migrated.write() as session:
        for table in reversed(Base.metadata.sorted_tables):
            session.execute(table.delete())
    return migrated


def _order(database: Database, number: int, *, priority: orders.Priority = orders.Priority.UPLOAD) -> orders.Subject:
    subject = orders.Subject(f"{number:064x}", f"demo-{number}-py3-none-any.whl", _RULES)
    with database.write() as session:
        if session.get(Artifact, subject.sha256) is None:
            session.add(Artifact(sha256=subject.sha256, blake2_256="0" * 64, size=1, received_at=_NOW))
            session.flush()
        assert orders.enqueue(session, subject, now=_NOW, priority=priority)
    return subject


def _claim(database: Database, *, owner: str = "one", at: float = 0.0) -> jobs.ClaimedJob | None:
    with database.write() as session:
        return jobs.claim(session, owner=owner, ruleset=_RULES, now=_NOW + timedelta(seconds=at), lease_seconds=_LEASE)


def _finish(database: Database, job: jobs.ClaimedJob, *, says: str = "clear", at: float = 1.0) -> bool:
    inspection = inspection_saying(says, job.sha256, job.filename, job.ruleset)
    with database.write() as session:
        return jobs.finish(session, job, inspection, now=_NOW + timedelta(seconds=at))


def _job(database: Database, generation: int = 0) -> Job:
    with database.read() as session:
        return session.scalars(select(Job).where(Job.generation == generation)).one()


def _inspections(database: Database) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(StoredInspection)) or 0


def test_a_claim_leases_the_job_and_raises_the_token(database: Database) -> None:
    subject = _order(database, 1)
    job = _claim(database)
    assert job is not None
    assert (job.sha256, job.filename, job.attempt) == (subject.sha256, subject.filename, 1)
    row = _job(database)
    assert (row.state, row.owner, row.lease_until) == (JobState.RUNNING, "one", _NOW + timedelta(seconds=_LEASE))
    assert _claim(database, owner="two") is None


def test_the_more_urgent_job_is_claimed_first_and_then_the_older(database: Database) -> None:
    for number, priority in enumerate([orders.Priority.WITHDRAWN, orders.Priority.UPLOAD, orders.Priority.UPLOAD]):
        _order(database, number, priority=priority)
    claimed = [_claim(database) for _ in range(3)]
    assert [int(job.sha256, 16) for job in claimed if job] == [1, 2, 0]


def test_a_job_of_another_ruleset_is_not_claimed(database: Database) -> None:
    _order(database, 1)
    with database.write() as session:
        assert jobs.claim(session, owner="one", ruleset="f" * 64, now=_NOW, lease_seconds=1) is None


def test_a_finished_job_has_stored_its_inspection(database: Database) -> None:
    _order(database, 1)
    job = _claim(database)
    assert job is not None
    assert _finish(database, job)
    assert (_job(database).state, _inspections(database)) == (JobState.DONE, 1)


def test_a_stale_owner_changes_nothing_after_its_lease_was_taken_over(database: Database) -> None:
    _order(database, 1)
    stale = _claim(database, owner="one")
    fresh = _claim(database, owner="two", at=_LEASE + 1)
    assert stale is not None
    assert fresh is not None
    assert fresh.attempt == 2
    with database.write() as session:
        assert not jobs.renew(session, stale, now=_NOW, lease_seconds=_LEASE)
        assert not jobs.fail_child(session, stale, "late", now=_NOW)
        assert not jobs.give_back(session, stale, "late", now=_NOW)
    assert not _finish(database, stale, says="clear")
    assert (_job(database).state, _inspections(database)) == (JobState.RUNNING, 0)
    assert _finish(database, fresh, says="flagged")
    with database.read() as session:
        assert "say-flagged" in session.scalars(select(StoredInspection.payload)).one()
    assert _job(database).failures == 0, "a lost worker is no failure of the child"


def test_a_renewed_lease_is_not_taken_over(database: Database) -> None:
    _order(database, 1)
    job = _claim(database)
    assert job is not None
    with database.write() as session:
        assert jobs.renew(session, job, now=_NOW + timedelta(seconds=20), lease_seconds=_LEASE)
    assert _claim(database, owner="two", at=_LEASE + 1) is None
    assert _claim(database, owner="two", at=51) is not None


def test_an_expired_lease_is_freed_and_its_late_result_thrown_away(database: Database) -> None:
    _order(database, 1)
    job = _claim(database)
    assert job is not None
    with database.write() as session:
        assert jobs.expire_leases(session, now=_NOW + timedelta(seconds=10)) == (0, [])
        assert jobs.expire_leases(session, now=_NOW + timedelta(seconds=31)) == (1, [])
    assert not _finish(database, job)
    assert (_job(database).state, _job(database).failures) == (JobState.QUEUED, 0)


def test_three_failures_of_the_child_are_final(database: Database) -> None:
    _order(database, 1)
    for expected in (JobState.QUEUED, JobState.QUEUED, JobState.FAILED):
        job = _claim(database)
        assert job is not None
        with database.write() as session:
            assert jobs.fail_child(session, job, "crashed", now=_NOW)
        assert _job(database).state == expected
    assert (_job(database).failures, _job(database).error) == (3, "crashed")
    assert _claim(database) is None
    with database.read() as session:
        assert verify(session) == 1, "the end is in the log"


def test_a_job_that_no_worker_answers_fails_after_so_many_attempts(database: Database) -> None:
    _order(database, 1)
    given_up: list[Job] = []
    for turn in range(jobs.MAX_ATTEMPTS):
        assert not given_up
        assert _claim(database, at=turn * 100) is not None
        with database.write() as session:
            _, given_up = jobs.expire_leases(session, now=_NOW + timedelta(seconds=turn * 100 + 50))
    assert [job.state for job in given_up] == [JobState.FAILED]
    assert _claim(database, at=1e6) is None
    assert "no worker" in _job(database).error


def test_what_was_given_back_is_bounded_too(database: Database) -> None:
    _order(database, 1)
    for _ in range(jobs.MAX_ATTEMPTS):
        job = _claim(database)
        assert job is not None
        with database.write() as session:
            assert jobs.give_back(session, job, "the fork server ended", now=_NOW)
    assert _job(database).state == JobState.FAILED


@pytest.mark.parametrize("wrong", ["sha256", "filename", "ruleset", "engine"])
def test_an_inspection_of_something_else_is_not_stored(database: Database, wrong: str) -> None:
    _order(database, 1)
    job = _claim(database)
    assert job is not None
    inspection = inspection_saying("clear", job.sha256, job.filename, job.ruleset)
    with database.write() as session, pytest.raises(jobs.WrongInspection):
        jobs.finish(session, job, msgspec.structs.replace(inspection, **{wrong: "else"}), now=_NOW)
    assert (_job(database).state, _inspections(database)) == (JobState.RUNNING, 0)


def test_what_is_inspected_or_ordered_is_not_ordered_again(database: Database) -> None:
    subject = _order(database, 1, priority=orders.Priority.WITHDRAWN)
    with database.write() as session:
        assert not orders.enqueue(session, subject, now=_NOW)
    assert _job(database).priority == orders.Priority.UPLOAD, "but it is as urgent as its most urgent order"
    job = _claim(database)
    assert job is not None
    _finish(database, job)
    with database.write() as session:
        assert not orders.enqueue(session, subject, now=_NOW)


def test_an_inspection_that_is_gone_is_ordered_anew(database: Database) -> None:
    subject = _order(database, 1)
    job = _claim(database)
    assert job is not None
    _finish(database, job)
    with database.write() as session:
        session.execute(text("DELETE FROM inspection"))
        assert orders.enqueue(session, subject, now=_NOW)
    assert _job(database, generation=1).state == JobState.QUEUED


def test_a_final_failure_is_asked_for_again_only_on_purpose(database: Database) -> None:
    subject = _order(database, 1)
    job = _claim(database)
    assert job is not None
    with database.write() as session:
        assert not orders.retry_failed(session, subject, now=_NOW)
        assert jobs.fail(session, job, "no such blob", now=_NOW)
        assert not orders.enqueue(session, subject, now=_NOW)
        assert orders.retry_failed(session, subject, now=_NOW)
    assert _job(database, generation=1).state == JobState.QUEUED


def test_two_workers_claim_two_hundred_jobs_each_exactly_once(database: Database) -> None:
    with database.write() as session:
        for number in range(200):
            subject = orders.Subject(f"{number:064x}", f"demo-{number}.whl", _RULES)
            session.add(Artifact(sha256=subject.sha256, blake2_256="0" * 64, size=1, received_at=_NOW))
            session.flush()
            assert orders.enqueue(session, subject, now=_NOW)
    taken: dict[str, list[int]] = {"one": [], "two": []}
    start = threading.Barrier(2)

    def work(owner: str) -> None:
        start.wait()
        while (job := _claim(database, owner=owner)) is not None:
            taken[owner].append(job.id)
            assert _finish(database, job)

    threads = [threading.Thread(target=work, args=(owner,)) for owner in taken]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(taken["one"]) + len(taken["two"]) == 200
    assert len({*taken["one"], *taken["two"]}) == 200
    assert _inspections(database) == 200
    with database.read() as session:
        assert set(session.scalars(select(Job.attempt))) == {1}


def test_leases_are_counted_in_the_databases_time_where_machines_share_one(database: Database) -> None:
    with database.read() as session:
        now = jobs.lease_clock(session)
    assert abs((now - datetime.now(UTC)).total_seconds()) < 5
