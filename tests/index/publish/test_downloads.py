"""Downloads: counted for each file and day, never in the way of a read, and not lost at the end of the process."""

from __future__ import annotations

import threading
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
import requests

from index.clock import utcnow
from index.publish.downloads import DownloadCounter
from index.publish.reads import Reads
from index.publish.usage import RECENT_DAYS, Usage, downloads_by_file, total_downloads, usage_of
from index.services import Services
from index.settings import Settings
from index.store.migrate import migrate
from index.store.tables import Downloads, File, Project, ProjectStatus, SubmissionState
from tests.fixtures.releases import NOW, seed
from tests.servers.instance import running_instance, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flask.testing import FlaskClient

    from tests.fixtures.releases import Seeded

TODAY = NOW.date()


@pytest.fixture
def counter(services: Services) -> Iterator[DownloadCounter]:
    made = DownloadCounter(services.database, every=3600)
    yield made
    made.close()


def file_id(services: Services, seeded: Seeded) -> int:
    with services.database.read() as session:
        return session.query(File).filter_by(filename=seeded.filename).one().id


def stored(services: Services) -> dict[tuple[int, date], int]:
    with services.database.read() as session:
        return {(row.file_id, row.day): row.count for row in session.query(Downloads)}


def put(services: Services, seeded: Seeded, day: date, count: int) -> None:
    number = file_id(services, seeded)
    with services.database.write() as session:
        session.add(Downloads(file_id=number, day=day, count=count))


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (("GET", "", {}), (200, 1)),
        (("HEAD", "", {}), (200, 0)),
        (("GET", "", {"Range": "bytes=0-3"}), (206, 0)),
        (("GET", "", {"Range": "bytes=99999999-"}), (416, 0)),
        (("GET", "", {"If-None-Match": "*"}), (304, 0)),
        (("GET", ".metadata", {}), (200, 0)),
        (("GET", ".asc", {}), (404, 0)),
    ],
)
def test_only_a_whole_file_that_was_given_out_counts(
    request_: tuple[str, str, dict[str, str]],
    expected: tuple[int, int],
    client: FlaskClient,
    services: Services,
    tmp_path: Path,
) -> None:
    seeded = seed(services, tmp_path, project="demo")
    method, suffix, headers = request_

    with client.open(f"/files/{seeded.sha256}/{seeded.filename}{suffix}", method=method, headers=headers) as answer:
        status = answer.status_code
    reads = client.application.wsgi_app
    assert isinstance(reads, Reads)
    reads.close()
    assert (status, sum(stored(services).values())) == expected


def test_a_withheld_file_is_not_counted(client: FlaskClient, services: Services, tmp_path: Path) -> None:
    seeded = seed(services, tmp_path, project="demo", state=SubmissionState.IN_REVIEW)

    assert client.get(f"/files/{seeded.sha256}/{seeded.filename}").status_code == 404
    reads = client.application.wsgi_app
    assert isinstance(reads, Reads)
    reads.close()
    assert stored(services) == {}


def test_counts_of_many_threads_and_processes_add_up(
    services: Services, counter: DownloadCounter, tmp_path: Path
) -> None:
    number = file_id(services, seed(services, tmp_path, project="demo"))
    other_process = DownloadCounter(services.database, every=3600)

    def count() -> None:
        for _ in range(200):
            counter.count(number)
            other_process.count(number)

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    counter.flush()
    other_process.close()
    assert sum(stored(services).values()) == 2 * 4 * 200


def test_it_is_written_without_anybody_asking(services: Services, tmp_path: Path) -> None:
    number = file_id(services, seed(services, tmp_path, project="demo"))
    counter = DownloadCounter(services.database, every=0.01)
    counter.count(number)

    until(lambda: stored(services), seconds=10, what="the count is written")
    counter.close()
    assert list(stored(services).values()) == [1]


def test_what_could_not_be_written_is_counted_on(
    services: Services, counter: DownloadCounter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = file_id(services, seed(services, tmp_path, project="demo"))
    counter.count(number)

    def full(_counts: object) -> None:
        raise OSError("no room")

    with monkeypatch.context() as patched:
        patched.setattr(counter, "_add", full)
        counter.flush()
    counter.count(number)
    counter.flush()
    assert list(stored(services).values()) == [2]


def test_a_web_process_that_ends_in_order_loses_nothing(tmp_path: Path) -> None:
    with running_instance(tmp_path / "var") as instance:
        services = Services.open(instance.settings)
        seeded = seed(services, tmp_path, project="demo")
        for _ in range(3):
            url = f"{instance.url}/files/{seeded.sha256}/{seeded.filename}"
            assert requests.get(url, timeout=30).content == seeded.data
    assert sum(stored(services).values()) == 3
    services.database.dispose()


def test_use_is_that_of_visible_files_in_all_and_in_the_last_days(services: Services, tmp_path: Path) -> None:
    first = seed(services, tmp_path, project="demo")
    second = seed(services, tmp_path, project="demo", version="2.0")
    withdrawn = seed(services, tmp_path, project="demo", version="3.0", state=SubmissionState.WITHDRAWN)
    put(services, first, TODAY - timedelta(days=RECENT_DAYS), 100)
    put(services, first, TODAY - timedelta(days=RECENT_DAYS - 1), 10)
    put(services, second, TODAY, 1)
    put(services, withdrawn, TODAY, 1000)

    with services.database.read() as session:
        assert usage_of(session, ["demo", "nowhere"], today=TODAY) == {"demo": Usage(111, 11, 0), "nowhere": Usage()}
        assert total_downloads(session, today=TODAY) == (111, 11)
        files = session.query(File).filter(File.filename.in_([first.filename, second.filename])).order_by(File.id).all()
        assert list(downloads_by_file(session, files).values()) == [110, 1]


def test_the_figures_show_downloads_and_nothing_of_a_project_in_quarantine(
    client: FlaskClient, services: Services, tmp_path: Path
) -> None:
    put(services, seed(services, tmp_path, project="demo"), utcnow().date(), 3)
    hidden = seed(services, tmp_path, project="hidden")
    put(services, hidden, utcnow().date(), 5)
    with services.database.write() as session:
        session.query(Project).filter_by(name="hidden").one().status = ProjectStatus.QUARANTINED

    figures = client.get("/stats").json
    assert figures is not None
    assert (figures["projects"], figures["downloads"], figures["downloads_30_days"]) == (1, 3, 3)


def test_counts_add_up_on_postgresql(postgres_url: str, tmp_path: Path) -> None:
    services = Services.open(Settings(data=tmp_path / "var", database_url=postgres_url))
    migrate(services.database)
    number = file_id(services, seed(services, tmp_path, project="counted"))
    counters = [DownloadCounter(services.database, every=3600) for _ in range(2)]
    for counter in counters:
        counter.count(number)
        counter.flush()
        counter.count(number)
        counter.close()

    assert stored(services)[number, utcnow().date()] == 4
    with services.database.read() as session:
        assert usage_of(session, ["counted"], today=utcnow().date())["counted"] == Usage(4, 4, 0)
    services.database.dispose()
