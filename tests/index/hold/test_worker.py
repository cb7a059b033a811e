"""The worker: what it does with a job, whatever the sandbox, the store or another worker does."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from index.clock import utcnow
from index.hold import jobs
from index.hold.worker import Worker, cache_of
from index.store.tables import Case, CaseOrigin, Job, JobState, StoredInspection, SubmissionState
from scanner.sandbox import FailureReason, InspectionFailed
from tests.fixtures.blobs import UnreachableBlobs
from tests.index.hold.world import inspection_saying, make_rules

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from scanner.model import Inspection, Sha256Hex
    from tests.index.hold.world import World

S = SubmissionState


class FakeSandbox:
    """Answers as it is told; reads the file that it is given."""

    def __init__(self, world: World, *, answer: Callable[[Path, str], Inspection] | None = None) -> None:
        self.ruleset_hash = world.assessor.ruleset
        self._world = world
        self._answer = answer
        self.seen: list[str] = []
        self.bases: list[Sha256Hex | None] = []

    def inspect(self, artifact: Path, filename: str, *, base: Sha256Hex | None = None) -> Inspection:
        self.bases.append(base)
        self.seen.append(filename)
        if self._answer is not None:
            return self._answer(artifact, filename)
        return inspection_saying(self._world.says.get(artifact.name, "clear"), artifact.name, filename)

    def close(self) -> None:
        """Nothing to close."""


def _receive(world: World, *, says: str = "clear") -> str:
    world.now = utcnow() - timedelta(seconds=20)
    submission = world.receive(world.file("demo", "1.0"), says=says).submission_id
    world.later(11)
    world.keeper.tick(world.now)
    assert world.state(submission) == S.SCANNING
    return submission


def _job(world: World) -> Job:
    with world.database.read() as session:
        return session.scalars(select(Job)).one()


def _origin(world: World) -> CaseOrigin:
    with world.database.read() as session:
        return CaseOrigin(session.scalars(select(Case.origin)).one())


def _fails_with(reason: FailureReason) -> Callable[[Path, str], Inspection]:
    def answer(_artifact: Path, _filename: str) -> Inspection:
        raise InspectionFailed(reason, "as told")

    return answer


@pytest.mark.parametrize(("says", "state"), [("clear", S.PUBLISHED), ("flagged", S.IN_REVIEW)])
def test_a_worker_works_off_what_there_is_and_moves_the_submission(
    world: World, says: str, state: SubmissionState
) -> None:
    submission = _receive(world, says=says)
    worker = Worker(world.services, FakeSandbox(world), assessor=world.assessor)
    assert worker.work() == 1
    assert worker.work() == 0
    assert (world.state(submission), _job(world).state) == (state, JobState.DONE)


def test_the_sandbox_gets_a_file_with_the_verified_bytes(world: World) -> None:
    _receive(world)
    read: list[bytes] = []

    def answer(artifact: Path, filename: str) -> Inspection:
        read.append(artifact.read_bytes())
        return inspection_saying("clear", artifact.name, filename)

    Worker(world.services, FakeSandbox(world, answer=answer), assessor=world.assessor).work()
    assert read == [b"demo 1.0 py3 "]


def test_bytes_out_of_reach_hold_the_release_until_they_are_reached(world: World) -> None:
    submission = _receive(world)
    blobs = UnreachableBlobs(world.services.blobs)
    world.services.blobs = blobs
    worker = Worker(world.services, FakeSandbox(world), assessor=world.assessor)
    assert worker.work() == 1
    assert worker.work() == 0, "it is not tried again at once"
    job = _job(world)
    assert (world.state(submission), job.state, job.failures) == (S.SCANNING, JobState.RUNNING, 0)

    blobs.cut = False
    world.now = utcnow() + timedelta(seconds=world.services.settings.lease_seconds + 1)
    world.keeper.tick(world.now)
    assert worker.work() == 1
    assert world.state(submission) == S.PUBLISHED


@pytest.mark.parametrize("fault", ["missing", "corrupt"])
def test_bytes_that_are_not_there_hold_the_release_at_once(world: World, fault: str) -> None:
    submission = _receive(world)
    place = world.services.blobs.path(world.submission(submission).files[0].artifact.sha256)  # type: ignore[arg-type] # as stored
    if fault == "missing":
        place.unlink()
    else:
        place.write_bytes(b"flipped")
    sandbox = FakeSandbox(world)
    assert Worker(world.services, sandbox, assessor=world.assessor).work() == 1
    assert sandbox.seen == []
    job = _job(world)
    assert job.state == JobState.FAILED
    assert "blob" in job.error
    assert (world.state(submission), _origin(world)) == (S.IN_REVIEW, CaseOrigin.FAILURE)


@pytest.mark.parametrize("reason", sorted(set(FailureReason) - {FailureReason.GONE, FailureReason.STALE}))
def test_three_failures_of_the_child_hold_the_release(world: World, reason: FailureReason) -> None:
    submission = _receive(world)
    sandbox = FakeSandbox(world, answer=_fails_with(reason))
    assert Worker(world.services, sandbox, assessor=world.assessor).work() == 3
    assert _job(world).error == f"{reason}: as told"
    assert (world.state(submission), _origin(world)) == (S.IN_REVIEW, CaseOrigin.FAILURE)


def test_a_fork_server_that_ends_is_no_failure_of_the_child(world: World) -> None:
    _receive(world)
    calls = 0

    def answer(artifact: Path, filename: str) -> Inspection:
        nonlocal calls
        calls += 1
        if calls <= 5:
            raise InspectionFailed(FailureReason.GONE, "killed")
        return inspection_saying("clear", artifact.name, filename)

    Worker(world.services, FakeSandbox(world, answer=answer), assessor=world.assessor).work()
    assert (_job(world).state, _job(world).failures) == (JobState.DONE, 0)


def test_a_worker_whose_rules_have_changed_gives_its_job_back_and_ends(world: World) -> None:
    submission = _receive(world)
    ends: list[str] = []
    worker = Worker(
        world.services,
        FakeSandbox(world, answer=_fails_with(FailureReason.STALE)),
        assessor=world.assessor,
        end_process=lambda: ends.append("ended"),
    )
    assert (worker.work(), worker.work(), ends) == (1, 0, ["ended"])
    assert (_job(world).state, _job(world).failures) == (JobState.QUEUED, 0)
    assert world.state(submission) == S.SCANNING


@pytest.mark.parametrize("fault", ["ruleset", "sha256", "raises"])
def test_an_answer_that_cannot_be_believed_is_a_failure(world: World, fault: str) -> None:
    submission = _receive(world)

    def answer(artifact: Path, filename: str) -> Inspection:
        if fault == "raises":
            raise ValueError("surprise")
        sha = artifact.name if fault == "ruleset" else "0" * 64
        return inspection_saying(
            "clear", sha, filename, make_rules(9).hash if fault == "ruleset" else make_rules(1).hash
        )

    Worker(world.services, FakeSandbox(world, answer=answer), assessor=world.assessor).work()
    assert _job(world).state == JobState.FAILED
    assert world.state(submission) == S.IN_REVIEW


def test_the_lease_is_renewed_while_the_child_runs(world: World) -> None:
    _receive(world)
    world.services.settings = world.services.settings.model_copy(update={"lease_seconds": 0.3})
    leases: set[object] = set()

    def answer(artifact: Path, filename: str) -> Inspection:
        deadline = time.monotonic() + 20
        while len(leases) < 3 and time.monotonic() < deadline:
            leases.add(_job(world).lease_until)
            time.sleep(0.02)
        return inspection_saying("clear", artifact.name, filename)

    Worker(world.services, FakeSandbox(world, answer=answer), assessor=world.assessor).work()
    assert len(leases) >= 3
    assert (_job(world).state, _job(world).attempt) == (JobState.DONE, 1)


def test_the_result_of_a_worker_that_lost_its_lease_is_thrown_away(world: World) -> None:
    submission = _receive(world)

    def answer(artifact: Path, filename: str) -> Inspection:
        with world.database.write() as session:  # another worker takes it over, and finds something
            later = utcnow() + timedelta(hours=1)
            job = jobs.claim(session, owner="other", ruleset=world.assessor.ruleset, now=later, lease_seconds=1)
            assert job is not None
            jobs.finish(session, job, inspection_saying("flagged", artifact.name, filename), now=later)
        return inspection_saying("clear", artifact.name, filename)

    Worker(world.services, FakeSandbox(world, answer=answer), assessor=world.assessor).work()
    with world.database.read() as session:
        assert "say-flagged" in session.scalars(select(StoredInspection.payload)).one()
    assert world.state(submission) == S.IN_REVIEW


def test_a_release_that_cannot_be_advanced_does_not_stop_the_worker(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    _receive(world)
    monkeypatch.setattr("index.hold.gate.Gate.advance", lambda *_args, **_options: 1 / 0)
    assert Worker(world.services, FakeSandbox(world), assessor=world.assessor).work() == 1
    assert _job(world).state == JobState.DONE


def test_threads_of_one_worker_do_each_job_once(world: World) -> None:
    world.now = utcnow()
    for number in range(12):
        world.receive(world.file(f"demo{number}", "1.0"))
    sandbox = FakeSandbox(world)
    worker = Worker(world.services, sandbox, assessor=world.assessor)
    threads = [threading.Thread(target=worker.work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(sandbox.seen) == len(set(sandbox.seen)) == 12


def _inspected(world: World, content: str, version: str, *, says: str = "clear", tag: str = "py3") -> FakeSandbox:
    """A release that comes in, and the sandbox in which the worker looked at it."""
    world.now = utcnow() - timedelta(seconds=20)
    world.receive(world.file("demo", version, content, tag=tag), says=says)
    world.later(11)
    world.keeper.tick(world.now)
    sandbox = FakeSandbox(world)
    Worker(world.services, sandbox, assessor=world.assessor).work()
    return sandbox


def test_the_published_release_before_may_speak_for_members_that_stayed(world: World) -> None:
    assert _inspected(world, "one", "1.0").bases == [None]
    first = _job(world).sha256
    assert _inspected(world, "two", "1.1").bases == [first]


def test_a_release_that_is_held_speaks_for_nothing(world: World) -> None:
    _inspected(world, "one", "1.0", says="flagged")
    assert _inspected(world, "two", "1.1").bases == [None]


def test_an_unusable_folder_is_said_and_the_worker_works_without(world: World, tmp_path: Path) -> None:
    place = tmp_path / "inspections"
    place.touch()
    settings = world.services.settings.model_copy(update={"data": tmp_path})
    with capture_logs() as logs:
        assert cache_of(settings) is None
    assert [entry["event"] for entry in logs] == ["cache.unusable"]
    assert "choose another folder" in logs[0]["error"]
    assert cache_of(settings.model_copy(update={"inspection_cache_bytes": 0})) is None
    place.unlink()
    assert cache_of(settings) is not None
