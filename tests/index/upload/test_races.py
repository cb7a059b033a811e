"""Two uploads at once, and uploads that are cut off between any two steps."""

from __future__ import annotations

import errno
import threading
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import event, func, select

from index.accounts.tokens import create_token
from index.clock import utcnow
from index.services import Services
from index.settings import Settings
from index.store.migrate import migrate
from index.store.tables import File, Project, Release, Submission, User
from index.upload.views import blueprint
from tests.fixtures.artifacts import Artifact, build_sdist, build_wheel
from tests.fixtures.blobs import UnreachableBlobs
from tests.index.upload.conftest import BOUNDARY, Client, form_parts, multipart

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from werkzeug.test import TestResponse

    from index.store.database import Database


@dataclass
class World:
    """An index, and names that nobody used in it: one PostgreSQL serves all tests."""

    services: Services
    app: Flask
    name: str = field(default_factory=lambda: f"race-{uuid4().hex}")

    def client(self) -> Client:
        now, username = utcnow(), f"user-{uuid4().hex}"
        with self.services.database.write() as session:
            user = User(
                username=username,
                email=f"{username}@example.invalid",
                fs_uniquifier=username,
                create_datetime=now,
                update_datetime=now,
            )
            session.add(user)
            session.flush()
            return Client(self.app, create_token(session, user, label="test", now=now)[1])

    def wheel(self, text: str = "") -> Artifact:
        return build_wheel(self.name, "1.0", {f"{self.name.replace('-', '_')}/__init__.py": text})

    def stored(self) -> list[str]:
        with self.services.database.read() as session:
            query = select(File.filename).join(Submission).join(Release).join(Project).where(Project.name == self.name)
            return list(session.scalars(query.order_by(File.filename)))

    def submissions(self) -> int:
        with self.services.database.read() as session:
            query = select(func.count(Submission.id)).join(Release).join(Project).where(Project.name == self.name)
            return session.scalar(query) or 0


def world_of(services: Services) -> World:
    app = Flask("races")
    app.extensions["pratique"] = services
    app.register_blueprint(blueprint)
    return World(services, app)


@pytest.fixture(params=["sqlite", "postgresql"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""
    services = Services.open(Settings(data=tmp_path / "var", database_url=url))
    migrate(services.database)
    yield world_of(services)
    services.database.dispose()


@pytest.fixture
def single(services: Services) -> World:
    return world_of(services)


def at_once(uploads: Sequence[Callable[[], TestResponse]]) -> list[TestResponse]:
    """All uploads begin together, each in a thread of its own; their answers, in order."""
    barrier = threading.Barrier(len(uploads))
    answers: list[TestResponse | None] = [None] * len(uploads)

    def run(place: int) -> None:
        barrier.wait(timeout=10)
        answers[place] = uploads[place]()

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(uploads))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert None not in answers
    return [answer for answer in answers if answer is not None]


def test_the_same_file_twice_at_once_is_stored_once_and_both_hear_200(world: World) -> None:
    client, wheel = world.client(), world.wheel()
    answers = at_once([lambda: client.upload(wheel)] * 4)
    assert [answer.status_code for answer in answers] == [200] * 4
    assert world.stored() == [wheel.filename]
    assert world.submissions() == 1


def test_of_two_contents_for_one_filename_one_wins_and_the_other_is_409(world: World) -> None:
    client = world.client()
    contents = [world.wheel("a = 1\n"), world.wheel("b = 2\n")]
    answers = at_once([lambda wheel=wheel: client.upload(wheel) for wheel in contents])  # type: ignore[misc] # bound early
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert world.stored() == [contents[0].filename]


def test_of_two_people_one_gets_a_new_name(world: World) -> None:
    people = [world.client(), world.client()]
    answers = at_once([lambda who=who, n=n: who.upload(world.wheel(f"x = {n}\n")) for n, who in enumerate(people)])  # type: ignore[misc] # bound early
    assert sorted(answer.status_code for answer in answers) == [200, 400]
    loser = next(answer for answer in answers if answer.status_code != 200)
    assert loser.status == f"400 The name '{world.name}' isn't allowed."
    assert len(world.stored()) == 1


def test_the_files_of_a_release_that_come_at_once_are_one_submission(world: World) -> None:
    client = world.client()
    artifacts = [
        world.wheel(),
        build_sdist(world.name, "1.0", {"a.py": ""}),
        *(build_wheel(world.name, "1.0", {"a.py": ""}, tag=f"cp{n}-none-any") for n in (311, 312)),
    ]
    answers = at_once([lambda each=each: client.upload(each) for each in artifacts])  # type: ignore[misc] # bound early
    assert [answer.status_code for answer in answers] == [200] * 4
    assert world.stored() == sorted(each.filename for each in artifacts)
    assert world.submissions() == 1


# Cut off between the steps


class FailingBlobs:
    """A store that fails once, before or after it has stored."""

    def __init__(self, blobs: Any, *, after: bool, error: Exception) -> None:
        self.blobs, self.after, self.error = blobs, after, error
        self.failures = 1

    def put(self, *args: Any) -> None:
        if not self.after and self.failures:
            self.failures = 0
            raise self.error
        self.blobs.put(*args)
        if self.failures:
            self.failures = 0
            raise self.error


def fail_before_commit(database: Database) -> None:
    """The next write transaction does all its work and is then rolled back, as by a crash."""

    def fail(_connection: object) -> None:
        raise ConnectionError("the process is gone")

    event.listen(database.engine, "commit", fail, once=True)


def check_that_a_retry_stores_one_file(world: World, client: Client, wheel: Artifact) -> None:
    assert list(world.services.settings.incoming_folder.iterdir()) == []
    assert world.stored() == []
    for _ in range(4):  # twine repeats five times
        assert client.upload(wheel).status_code == 200
    assert world.stored() == [wheel.filename]
    assert world.submissions() == 1


@pytest.mark.parametrize("after", [False, True])
def test_a_crash_around_the_blob_stores_nothing_and_a_retry_stores_one_file(single: World, after: bool) -> None:
    client, wheel = single.client(), single.wheel()
    failing = FailingBlobs(single.services.blobs, after=after, error=ConnectionError("the process is gone"))
    single.services.blobs = failing  # type: ignore[assignment] # only `put` is used here
    assert client.upload(wheel).status_code == 500
    check_that_a_retry_stores_one_file(single, client, wheel)


def test_a_crash_before_the_commit_stores_nothing_and_a_retry_stores_one_file(single: World) -> None:
    client, wheel = single.client(), single.wheel()
    fail_before_commit(single.services.database)
    assert client.upload(wheel).status_code == 500
    check_that_a_retry_stores_one_file(single, client, wheel)


def test_a_full_disk_is_507_and_a_retry_stores_one_file(single: World) -> None:
    client, wheel = single.client(), single.wheel()
    full = OSError(errno.ENOSPC, "No space left on device")
    single.services.blobs = FailingBlobs(single.services.blobs, after=False, error=full)  # type: ignore[assignment] # only `put` is used here
    answer = client.upload(wheel)
    assert answer.status.startswith("507 This index has no room left.")
    check_that_a_retry_stores_one_file(single, client, wheel)


def test_a_store_out_of_reach_is_503_and_a_retry_stores_one_file(single: World) -> None:
    client, wheel = single.client(), single.wheel()
    blobs = UnreachableBlobs(single.services.blobs)
    single.services.blobs = blobs
    answer = client.upload(wheel)
    assert answer.status.startswith("503 This index cannot reach its storage.")
    blobs.cut = False
    check_that_a_retry_stores_one_file(single, client, wheel)


@pytest.mark.parametrize("broken", ["ring", "unlink", "log"])
def test_nothing_that_fails_after_the_commit_is_a_5xx(
    single: World, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    if broken == "ring":
        single.services.ring = fail
    elif broken == "log":
        single.services.ring = fail
        monkeypatch.setattr("index.upload.announcement._log", SimpleNamespace(info=fail, exception=fail))
    else:
        monkeypatch.setattr("index.upload.form.os", SimpleNamespace(unlink=fail))
    assert single.client().upload(single.wheel()).status_code == 200
    assert len(single.stored()) == 1


# Slow uploads


def test_a_slow_upload_keeps_the_submission_of_its_release_open(single: World) -> None:
    # "Slow" is longer than half the settle time for one read of the body: here, 50 microseconds.
    client = single.client()
    assert client.upload(single.wheel()).status_code == 200
    with single.services.database.write() as session:
        submission = session.scalars(select(Submission)).one()
        submission.closes_at = utcnow()  # it would close now
        before = submission.closes_at
    single.services.settings = single.services.settings.model_copy(update={"settle_seconds": 0.0001})

    # The body is refused in the end, so it is not the file itself that renews the time.
    artifact = build_sdist(single.name, "1.0", {"a.py": ""})
    body = multipart(form_parts(artifact, {"sha256_digest": "0" * 64}))
    assert len(body) > 200
    with single.app.test_client() as web:
        answer = web.post(
            "/legacy/",
            data=body,
            auth=("__token__", client.secret),
            content_type=f"multipart/form-data; boundary={BOUNDARY}",
        )
    assert answer.status_code == 400
    with single.services.database.read() as session:
        assert session.scalars(select(Submission.closes_at)).one() > before
