"""An index with another one upstream: both real, the scanner told what to say."""

from __future__ import annotations

import shutil
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask
from structlog.testing import capture_logs

from index.clock import utcnow
from index.mirror.serving import UpstreamReads
from index.publish.reads import Reads
from index.publish.views import blueprint
from index.services import Services
from index.settings import Settings
from index.store.database import Database
from index.store.migrate import migrate
from index.store.tables import File, Submission
from tests.fixtures.artifacts import build_wheel
from tests.index.hold.world import World
from tests.servers.postgres import new_database
from tests.servers.simple_index import OtherIndex, other_index

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from werkzeug.test import TestResponse

    from tests.fixtures.artifacts import Artifact
    from tests.servers.simple_index import Shelved

JSON = "application/vnd.pypi.simple.v1+json"


def wheel(name: str = "tidy", version: str = "1.0", text: str = "") -> Artifact:
    """A wheel, another one for each text."""
    return build_wheel(name, version, {f"{name.replace('-', '_')}.py": f"VALUE = {text!r}\n"})


@dataclass
class Mirror:
    """The index before the other one, with a worker that says `clear` unless it is told otherwise."""

    services: Services
    world: World
    elsewhere: OtherIndex
    reads: list[Reads] = field(default_factory=list)
    _client: Any = None

    def get(self, path: str, **headers: str) -> TestResponse:
        """The public's answer."""
        if self._client is None:
            app = Flask("mirror")
            app.extensions["pratique"] = self.services
            app.register_blueprint(blueprint)
            self.reads.append(Reads(app.wsgi_app, self.services, UpstreamReads.open(self.services)))
            app.wsgi_app = self.reads[-1]  # type: ignore[method-assign] # Flask's own way
            self._client = app.test_client()
        answer: TestResponse = self._client.get(path, headers=headers)
        answer.get_data()
        answer.close()
        return answer

    def restart(self) -> None:
        """The web process is a new one."""
        self._client = None

    def page(self, name: str) -> dict[str, dict[str, Any]]:
        """The files on the project's page, by name."""
        answer = self.get(f"/simple/{name}/", Accept=JSON)
        assert answer.status_code == 200, answer.text
        assert answer.json is not None
        return {file["filename"]: file for file in answer.json["files"]}

    def fetch(self, file: Shelved) -> TestResponse:
        """The answer to whoever asks for the file."""
        return self.get(f"/files/{file.sha256}/{file.filename}")

    def state(self, file: Shelved) -> str:
        """The state of the newest submission with the file; empty without one."""
        with self.services.database.read() as session:
            found = (
                session.query(Submission.state)
                .join(File, File.submission_id == Submission.id)
                .filter(File.filename == file.filename, File.sha256 == file.sha256)
                .order_by(Submission.id.desc())
                .first()
            )
        return str(found[0]) if found else ""

    def submission_of(self, file: Shelved) -> str:
        """The id of the submission with the file."""
        return self.world.submissions_with(file.sha256)[-1].id

    def works(self, stop: threading.Event) -> None:
        """What comes is inspected, until the end."""
        while not stop.wait(0.02):
            self.world.now = utcnow()
            self.world.inspect_all()


@pytest.fixture
def elsewhere() -> Iterator[OtherIndex]:
    with other_index() as running:
        yield running


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file: copying it takes a fiftieth of the time of making it."""
    path = tmp_path_factory.mktemp("migrated") / "pratique.sqlite"
    database = Database(f"sqlite:///{path}")
    migrate(database)
    database.dispose()  # the last connection to close writes everything into the one file
    return path


@pytest.fixture
def make_mirror(
    tmp_path: Path, elsewhere: OtherIndex, migrated: Path, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Mirror]]:
    """`make_mirror(upstream_cooldown_days=0)`; with `postgres=True` on that database."""
    stop = threading.Event()
    threads: list[threading.Thread] = []
    made: list[Mirror] = []

    def make(*, postgres: bool = False, worker: bool = True, **changes: Any) -> Mirror:
        given: dict[str, Any] = {
            "data": tmp_path / f"var{len(made)}",
            "upstream_url": elsewhere.url,
            "upstream_wait_seconds": 10.0,
            "upstream_timeout_seconds": 2.0,
            "upstream_page_seconds": 0.0,
        }
        if postgres:
            given["database_url"] = new_database(request.getfixturevalue("postgres_url"))
        settings = Settings(**{**given, **changes})
        settings.data_folder.mkdir(parents=True)
        shutil.copy(migrated, settings.data_folder)
        services = Services.open(settings)
        if postgres:
            migrate(services.database)
        world = World(services, tmp_path / f"world{len(made)}")
        world.now = utcnow()
        mirror = Mirror(services, world, elsewhere)
        made.append(mirror)
        if worker:
            threads.append(threading.Thread(target=mirror.works, args=(stop,)))
            threads[-1].start()
        return mirror

    with capture_logs():
        yield make
        stop.set()
        for thread in threads:
            thread.join(20)
    for mirror in made:
        for reads in mirror.reads:
            reads.close()
        mirror.world.close()


@pytest.fixture
def mirror(make_mirror: Callable[..., Mirror]) -> Mirror:
    return make_mirror()
