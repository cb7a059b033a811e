"""Two at once, on both databases: names and filenames are somebody's whichever way they come."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from index.accounts.tokens import create_token
from index.clock import utcnow
from index.services import Services
from index.settings import Settings
from index.store.migrate import migrate
from index.store.tables import File, Project, Release, Submission, User
from tests.clients.pep694 import Client, Problem
from tests.fixtures.artifacts import Artifact, build_wheel
from tests.index.upload.conftest import Client as LegacyClient
from tests.index.upload.sessions.conftest import ROOT, Direct, application

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from flask import Flask


class Crowd:
    """An index, and a name that nobody used in it: one PostgreSQL serves all tests."""

    def __init__(self, services: Services, app: Flask) -> None:
        self.services = services
        self.app = app
        self.name = f"race-{uuid4().hex}"

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
            client = Client(ROOT, create_token(session, user, label="test", now=now)[1])
        client.http.mount("http://", Direct(self.app))
        return client

    def wheel(self, text: str = "") -> Artifact:
        return build_wheel(self.name, "1.0", {f"{self.name.replace('-', '_')}/__init__.py": f"# {text}\n"})

    def count(self, what: type[File | Submission]) -> int:
        query = select(func.count(what.id)).select_from(Submission)
        query = query.join(Release, Submission.release_id == Release.id).join(Project, Release.project_id == Project.id)
        if what is File:
            query = query.join(File, File.submission_id == Submission.id)
        with self.services.database.read() as session:
            return session.scalar(query.where(Project.name == self.name)) or 0


@pytest.fixture(params=["sqlite", "postgresql"])
def crowd(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Crowd]:
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""
    services = Services.open(Settings(data=tmp_path / "var", database_url=url))
    migrate(services.database)
    app, reads = application(services)
    yield Crowd(services, app)
    reads.close()
    services.database.dispose()


def at_once(*acts: Callable[[], object]) -> list[object]:
    """What each act returned, or the status of its refusal; all began together."""
    barrier = threading.Barrier(len(acts))
    results: list[object] = [None] * len(acts)

    def run(place: int) -> None:
        barrier.wait(timeout=10)
        try:
            results[place] = acts[place]()
        except Problem as refused:
            results[place] = refused.status

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return results


def test_of_two_people_one_reserves_a_new_name(crowd: Crowd) -> None:
    people = [crowd.client(), crowd.client()]
    results = at_once(*(lambda who=who: who.open(crowd.name, "1.0").status for who in people))
    assert sorted(map(str, results)) == ["403", "open"]


def test_of_two_requests_one_opens_the_session(crowd: Crowd) -> None:
    client = crowd.client()
    results = at_once(*[lambda: client.open(crowd.name, "1.0").status] * 2)
    assert sorted(map(str, results)) == ["409", "open"]
    assert crowd.count(Submission) == 1


def test_a_session_and_a_plain_upload_do_not_both_have_a_release(crowd: Crowd) -> None:
    client = crowd.client()
    plain = LegacyClient(crowd.app, client.token)
    results = at_once(lambda: client.open(crowd.name, "1.0").status, lambda: plain.upload(crowd.wheel()).status_code)
    assert results in (["open", 409], [409, 200])
    assert crowd.count(Submission) == 1


def test_a_file_that_is_completed_twice_at_once_is_there_once(crowd: Crowd) -> None:
    client = crowd.client()
    release = client.open(crowd.name, "1.0")
    wheel = crowd.wheel()
    file = release.announce(*wheel)
    client.send_raw(file["mechanism"]["file_url"], wheel.data, "application/octet-stream")
    results = at_once(*[lambda: release.complete(file)["status"]] * 2)
    assert "completed" in results
    assert set(results) <= {"completed", 409}
    assert (release.look(), crowd.count(File)) == ("open", 1)
    assert release.document["files"][wheel.filename]["status"] == "completed"


def test_what_is_canceled_while_it_is_published_is_one_or_the_other(crowd: Crowd) -> None:
    client = crowd.client()
    release = client.open(crowd.name, "1.0")
    release.upload(*crowd.wheel())
    results = at_once(release.publish, release.cancel)
    assert results in (["processing", 409], [409, None])
    assert release.look() == ("processing" if results[0] == "processing" else "canceled")


def test_a_file_that_is_deleted_while_it_is_completed_is_not_in_the_session(crowd: Crowd) -> None:
    client = crowd.client()
    release = client.open(crowd.name, "1.0")
    wheel = crowd.wheel()
    file = release.announce(*wheel)
    client.send_raw(file["mechanism"]["file_url"], wheel.data, "application/octet-stream")
    results = at_once(lambda: release.complete(file)["status"], lambda: release.delete(file))
    assert results[1] is None
    with suppress(Problem):
        release.look()
    assert (release.document["files"], crowd.count(File)) == ({}, 0)
