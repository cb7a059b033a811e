"""The keeper: finds what was lost, and costs nothing while nothing happens."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select, text

from index.audit.log import verify
from index.hold import jobs
from index.hold.decisions import approve
from index.hold.keeper import Keeper
from index.store.tables import Job, JobState, LogEntry, Message, StoredVerdict, SubmissionState
from tests.index.hold.world import inspection_saying, make_rules

if TYPE_CHECKING:
    from tests.index.hold.world import World

S = SubmissionState


def _count(world: World, table: type[StoredVerdict | Message | LogEntry]) -> int:
    with world.database.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_a_submission_closes_when_it_has_settled_and_not_before(world: World) -> None:
    submission = world.receive(world.file("demo", "1.0")).submission_id
    wait = world.keeper.tick(world.later(9.9))
    assert (world.state(submission), 0 < wait <= 0.11) == (S.OPEN, True)
    world.keeper.tick(world.later(0.1))
    assert world.state(submission) == S.SCANNING


def test_what_was_inspected_while_it_was_open_is_published_in_the_tick_that_closes_it(world: World) -> None:
    submission = world.receive(world.file("demo", "1.0")).submission_id
    world.inspect_all()
    assert world.state(submission) == S.OPEN
    world.keeper.tick(world.later(10))
    assert world.state(submission) == S.PUBLISHED


def test_the_job_of_a_dead_worker_is_freed_and_announced(world: World) -> None:
    world.receive(world.file("demo", "1.0"))
    with world.database.write() as session:
        assert jobs.claim(session, owner="dead", ruleset=world.assessor.ruleset, now=world.now, lease_seconds=30)
    world.keeper.tick(world.later(29))
    assert world.rings == 0
    assert world.inspect_all() == 0
    world.keeper.tick(world.later(1))
    assert world.rings == 1
    assert world.inspect_all() == 1


def test_a_lost_message_is_sent_again_after_a_while_and_not_before(world: World) -> None:
    world.receive(world.file("demo", "1.0"))
    world.keeper.tick(world.later(59))
    assert world.rings == 0
    world.keeper.tick(world.later(1))
    assert world.rings == 1
    world.keeper.tick(world.later(1))
    assert world.rings == 1
    world.keeper.tick(world.later(60))
    assert world.rings == 2


def test_what_a_worker_that_died_after_finishing_left_is_advanced(world: World) -> None:
    submission = world.receive(world.file("demo", "1.0")).submission_id
    world.settle()
    with world.database.write() as session:
        job = jobs.claim(session, owner="w", ruleset=world.assessor.ruleset, now=world.now, lease_seconds=30)
        assert job is not None
        inspection = inspection_saying("clear", job.sha256, job.filename)
        assert jobs.finish(session, job, inspection, now=world.now)
    assert world.state(submission) == S.SCANNING
    world.keeper.tick(world.later(1))
    assert world.state(submission) == S.PUBLISHED


def test_a_new_ruleset_re_inspects_uploads_before_what_is_in_review(world: World) -> None:
    held = world.upload("held", "1.0", says="flagged")
    fresh = world.receive(world.file("fresh", "1.0")).submission_id
    world.use_rules(make_rules(2))
    world.keeper.tick(world.now)
    with world.database.read() as session:
        query = select(Job.filename).where(Job.ruleset == world.assessor.ruleset, Job.state == JobState.QUEUED)
        order = session.scalars(query.order_by(Job.priority.desc(), Job.id)).all()
    assert [name.split("-")[0] for name in order] == ["fresh", "held"]
    assert world.rings >= 1
    world.inspect_all()
    assert (world.state(held), world.state(fresh)) == (S.IN_REVIEW, S.OPEN)


def test_what_is_published_is_not_re_inspected_by_itself(world: World) -> None:
    world.upload("demo", "1.0")
    world.use_rules(make_rules(2))
    world.keeper.tick(world.now)
    assert world.inspect_all() == 0


def test_a_keeper_with_other_rules_than_the_active_ones_judges_nothing(world: World) -> None:
    submission = world.receive(world.file("demo", "1.0")).submission_id
    old = world.keeper
    world.use_rules(make_rules(2))
    old.tick(world.later(11))
    world.inspect_all()
    assert world.state(submission) == S.PUBLISHED, "by the new rules"


def test_two_keepers_do_no_harm(world: World) -> None:
    other = Keeper(world.services, assessor=world.assessor)
    world.receive(world.file("demo", "1.0"))
    world.receive(world.file("else", "1.0"), says="flagged")
    world.inspect_all()
    world.later(11)
    for _ in range(3):
        world.keeper.tick(world.now)
        other.tick(world.now)
    other.close()
    assert _count(world, StoredVerdict) == 2
    assert sorted(kind for kind, _ in world.mails()) == ["held", "published"]
    with world.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Message).where(Message.sent_at.is_(None))) == 0
        closings = select(func.count()).select_from(LogEntry).where(LogEntry.action == "submission.closed")
        assert session.scalar(closings) == 2
        verify(session)


def test_one_submission_that_cannot_be_closed_does_not_stop_the_others(world: World) -> None:
    broken = world.receive(world.file("broken", "1.0")).submission_id
    well = world.receive(world.file("well", "1.0")).submission_id
    world.inspect_all()
    stop = f"BEFORE UPDATE ON submission WHEN old.id = '{broken}' BEGIN SELECT RAISE(ABORT, 'no'); END"
    with world.database.write() as session:
        session.execute(text(f"CREATE TRIGGER stop {stop}"))
    world.keeper.tick(world.later(11))
    assert (world.state(broken), world.state(well)) == (S.OPEN, S.PUBLISHED)
    with world.database.write() as session:
        session.execute(text("DROP TRIGGER stop"))
    world.keeper.tick(world.later(29))
    assert world.state(broken) == S.OPEN, "it is left alone for a while"
    world.keeper.tick(world.later(1))
    assert world.state(broken) == S.PUBLISHED


def test_stale_uploads_are_swept_and_fresh_ones_are_not(world: World) -> None:
    folder = world.services.settings.incoming_folder
    folder.mkdir(parents=True, exist_ok=True)
    stale, fresh = folder / "stale", folder / "fresh"
    for path, age in ((stale, 90_000), (fresh, 3600)):
        path.write_bytes(b"x")
        os.utime(path, (world.now.timestamp() - age,) * 2)
    world.keeper.tick(world.now)
    assert (stale.exists(), fresh.exists()) == (False, True)


def test_an_approval_elsewhere_is_seen_at_the_next_tick(world: World) -> None:
    first = world.upload("demo", "1.0", says="flagged")
    second = world.upload("demo", "1.1")
    world.keeper.tick(world.later(1))
    world.keeper.tick(world.later(1))
    world.decide(approve, first)
    world.keeper.tick(world.now)
    assert world.state(second) == S.PUBLISHED


def test_an_idle_tick_asks_for_no_more_than_a_counter(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.upload("demo", "1.0")
    world.upload("else", "1.0", says="flagged")
    for _ in range(3):
        world.keeper.tick(world.later(0.5))
    with monkeypatch.context() as patch:
        patch.setattr(world.keeper, "_look", lambda _now: pytest.fail("it looked"))
        ticks = 200
        begin = time.process_time()
        for _ in range(ticks):
            assert world.keeper.tick(world.later(0.5)) == 0.5
        each = (time.process_time() - begin) / ticks
    assert each < 0.001, f"{each * 1000:.3f} ms"
    world.receive(world.file("third", "1.0"))
    assert world.keeper._watch.has_changed()
