"""The doorbell: a real Celery worker hears it over every broker, and nothing is lost when it is silent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from amqp.exceptions import ChannelError
from kombu import Connection, Queue
from sqlalchemy import select
from structlog.testing import capture_logs

from index.clock import utcnow
from index.hold.folder import ENOUGH, FolderTransport
from index.hold.queue import QUEUE, TASK, doorbell, make_celery
from index.settings import Settings
from index.store.tables import Job, JobState, SubmissionState
from tests.servers.process import free_port, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.index.hold.world import World

_ROOT = Path(__file__).parents[3]


def _settings(world: World, broker_url: str = "") -> Settings:
    return Settings(data=world.services.settings.data, broker_url=broker_url)


def _queue_folder(settings: Settings) -> Path:
    return settings.data_folder / "queue"


def _is_done(world: World) -> bool:
    with world.database.read() as session:
        return set(session.scalars(select(Job.state))) == {JobState.DONE}


@contextmanager
def _celery_worker(settings: Settings, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "celery", "-A", "tests.index.hold.celery_worker", "worker"]
    options = ["-P", "threads", "-c", "2", "--without-gossip", "--without-mingle", "--without-heartbeat"]
    environment = {"PRATIQUE_DATA": str(settings.data), "PRATIQUE_BROKER_URL": settings.broker_url}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, *options, "-l", "warning"],
            cwd=_ROOT,
            env={**os.environ, **environment},
            stdout=output,
            stderr=output,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait(10)


@pytest.fixture
def own_world(make_world: Callable[[], World]) -> World:
    world = make_world()
    world.now = utcnow()
    for message in _queue_folder(world.services.settings).glob("*"):
        message.unlink()
    return world


@pytest.mark.parametrize("broker", ["filesystem", "redis", "rabbitmq"])
def test_a_real_worker_hears_the_bell_and_does_the_job(
    own_world: World, broker: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    world = own_world
    url = "" if broker == "filesystem" else request.getfixturevalue(f"{broker}_url")
    settings = _settings(world, url)
    submission = world.receive(world.file("demo", "1.0")).submission_id
    ring = doorbell(make_celery(settings))
    log = tmp_path / "worker.log"
    with _celery_worker(settings, log) as process, capture_logs() as logs:
        ring()
        assert logs == []
        try:
            wait_until(lambda: _is_done(world), "the job is done", seconds=40)
        except TimeoutError:
            pytest.fail(log.read_text())
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0, log.read_text()
    assert "Traceback" not in log.read_text()
    if broker == "rabbitmq":
        assert _queues(url) == {QUEUE}
    world.keeper.tick(world.later(11))
    assert world.state(submission) == SubmissionState.PUBLISHED


def _queues(url: str) -> set[str]:
    """Which of the queues that Celery might declare there are: its own one, and one for delayed delivery."""
    found = set()
    for name in (QUEUE, "celery_delayed_0"):
        with Connection(url) as connection, suppress(ChannelError):
            Queue(name, channel=connection.channel()).queue_declare(passive=True)
            found.add(name)
    return found


def test_a_lost_message_is_rung_again_by_the_keeper_and_a_real_worker_does_the_job(
    own_world: World, tmp_path: Path
) -> None:
    world = own_world
    settings = _settings(world)
    world.now -= timedelta(seconds=100)
    world.receive(world.file("demo", "1.0"))
    ring = doorbell(make_celery(settings))
    ring()
    for message in _queue_folder(settings).glob("*.msg"):
        message.unlink()
    world.services.ring = ring
    with _celery_worker(settings, tmp_path / "worker.log"):
        world.keeper.tick(world.later(61))
        wait_until(lambda: _is_done(world), "the job is done", seconds=40)


@pytest.mark.parametrize("scheme", ["redis", "amqp", "filesystem"])
def test_a_broker_that_is_down_raises_nothing_and_delays_nobody(scheme: str, tmp_path: Path) -> None:
    url = "" if scheme == "filesystem" else f"{scheme}://127.0.0.1:{free_port()}//"
    settings = Settings(data=tmp_path, broker_url=url)
    now = 1000.0
    ring = doorbell(make_celery(settings), clock=lambda: now)
    if scheme == "filesystem":
        _queue_folder(settings).rmdir()
    begin = time.monotonic()
    with capture_logs() as logs:
        ring()
        ring()  # it is not asked again at once
    assert time.monotonic() - begin < 1.5
    assert [entry["event"] for entry in logs] == ["doorbell.failed"]
    now += 5
    with capture_logs() as logs:
        ring()
    assert [entry["event"] for entry in logs] == ["doorbell.failed"]


@pytest.mark.parametrize("url", ["sqs://x", "memory://", "nonsense"])
def test_a_broker_that_we_do_not_know_is_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected filesystem, amqp"):
        make_celery(Settings(data=tmp_path, broker_url=url))


def test_no_more_bells_hang_in_the_folder_than_somebody_needs(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    ring = doorbell(make_celery(settings))
    for _ in range(ENOUGH + 20):
        ring()
    assert len(list(_queue_folder(settings).iterdir())) == ENOUGH


def _connection(settings: Settings) -> Connection:
    options = make_celery(settings).conf.broker_transport_options
    return Connection(transport=FolderTransport, transport_options=options)


def test_each_message_in_the_folder_is_taken_once_by_readers_that_race(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    ring = doorbell(make_celery(settings))
    taken: list[object] = []
    stop = threading.Event()

    def read() -> None:
        with _connection(settings) as connection:
            queue = connection.SimpleQueue(QUEUE)
            while not stop.is_set():
                try:
                    message = queue.get(block=False)
                except queue.Empty:
                    continue
                message.ack()
                taken.append(message.headers["id"])

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for _ in range(50):
        ring()
    try:
        wait_until(lambda: len(taken) >= 50, "all are taken", seconds=30)
    finally:
        stop.set()
        for reader in readers:
            reader.join(10)
    assert len(taken) == len(set(taken)) == 50
    assert list(_queue_folder(settings).iterdir()) == []


def test_a_torn_message_is_passed_over(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    ring = doorbell(make_celery(settings))
    torn = _queue_folder(settings) / f"0_torn.{QUEUE}.msg"
    torn.write_text('{"body": "')
    ring()
    with _connection(settings) as connection:
        message = connection.SimpleQueue(QUEUE).get(block=False)
        message.ack()
    assert message.headers["task"] == TASK
    assert list(_queue_folder(settings).iterdir()) == []


def test_the_web_process_rings_without_loading_the_scanner() -> None:
    heavy = {"bandit", "index.hold.worker", "scanner.assess", "scanner.sandbox"}
    code = f"import sys, index.hold.queue; sys.exit(bool({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=_ROOT, check=False).returncode == 0


def test_a_worker_that_cannot_open_ends(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, rules=tmp_path / "nowhere")
    code = (
        "from index.hold.queue import make_worker_app; from index.settings import Settings;"
        "make_worker_app(Settings()).worker_main(['worker', '-P', 'threads', '-c', '1'])"
    )
    environment = {**os.environ, "PRATIQUE_DATA": str(settings.data), "PRATIQUE_RULES": str(settings.rules)}
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=_ROOT, env=environment, check=False, capture_output=True, timeout=60
    )
    assert ended.returncode == 1
    assert b"RulesetBroken" in ended.stdout + ended.stderr
