"""The reads ahead of Flask: revalidation, HEAD, and freshness after a change elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO

import pytest

from index.publish.fresh import FreshCache
from index.publish.pages import Page, make_page
from index.publish.release import unpublish
from index.services import Services
from index.store.tables import Submission, SubmissionState
from tests.fixtures.releases import NOW, seed

if TYPE_CHECKING:
    from pathlib import Path

    from flask.testing import FlaskClient

    from scanner.model import Sha256Hex


def test_a_change_by_another_process_is_seen_by_the_next_request(
    client: FlaskClient, services: Services, tmp_path: Path
) -> None:
    """The other process is played by services of their own, on the same file."""
    other = Services.open(services.settings)
    assert client.get("/simple/demo/").status_code == 404

    seeded = seed(other, tmp_path, project="demo")
    path = f"/files/{seeded.sha256}/{seeded.filename}"
    assert client.get("/simple/demo/").status_code == 200
    with client.get(path) as answer:
        assert answer.status_code == 200

    with other.database.write() as session:
        submission = session.get_one(Submission, seeded.submission_id)
        submission.state = SubmissionState.WITHDRAWN
        unpublish(session, submission, now=NOW, public_url="")
    assert client.get("/simple/demo/").status_code == 404
    assert client.get(path).status_code == 404
    other.database.dispose()


@pytest.mark.parametrize("accept", ["text/html", "application/vnd.pypi.simple.v1+json"])
def test_a_large_page_is_loaded_once_for_each_change_of_it_and_is_never_older(
    client: FlaskClient, services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, accept: str
) -> None:
    monkeypatch.setattr("index.publish.detail._LARGE", 0)
    made: list[int] = []

    def counting(*args: Any, **named: Any) -> Page:
        made.append(1)
        return make_page(*args, **named)

    monkeypatch.setattr("index.publish.detail.make_page", counting)
    headers = {"Accept": accept}
    seed(services, tmp_path, project="demo")
    first = client.get("/simple/demo/", headers=headers)
    seed(services, tmp_path, project="other")
    assert client.get("/simple/demo/", headers=headers).data == first.data
    assert len(made) == 1, "another project has changed"

    second = seed(services, tmp_path, project="demo", version="2.0")
    assert second.filename in client.get("/simple/demo/", headers=headers).text
    with services.database.write() as session:
        for submission in session.query(Submission):
            submission.state = SubmissionState.WITHDRAWN
            unpublish(session, submission, now=NOW, public_url="")
    assert client.get("/simple/demo/", headers=headers).status_code == 404
    assert len(made) == 2


def test_nothing_is_loaded_twice_while_nothing_changes(services: Services) -> None:
    cache: FreshCache[int] = FreshCache(services.database)
    loads = []

    def load() -> int:
        loads.append(1)
        return 7

    assert [cache.get("key", load) for _ in range(3)] == [7, 7, 7]
    assert len(loads) == 1
    cache.close()


@pytest.mark.parametrize("small", [0, 1 << 16])
def test_a_whole_file_has_the_headers_of_a_conditional_answer_and_is_closed(
    client: FlaskClient, services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small: int
) -> None:
    monkeypatch.setattr("index.publish.reads._SMALL", small)
    opened: list[BinaryIO] = []
    real = services.blobs.open

    def watched(digest: Sha256Hex) -> BinaryIO:
        opened.append(real(digest))
        return opened[-1]

    monkeypatch.setattr(services.blobs, "open", watched)
    seeded = seed(services, tmp_path, project="demo")
    path = f"/files/{seeded.sha256}/{seeded.filename}"
    with client.get(path) as whole, client.get(path, headers={"If-None-Match": '"other"'}) as conditional:
        assert whole.data == conditional.data == seeded.data
        assert (whole.status, conditional.status) == ("200 OK", "200 OK")
        headers = dict(conditional.headers)
        del headers["Date"]  # the server's matter
        assert dict(whole.headers) == headers
    assert [file.closed for file in opened] == [True, True]


@pytest.mark.parametrize("suffix", ["", ".metadata"])
def test_a_file_is_revalidated_and_answers_head(
    suffix: str, client: FlaskClient, services: Services, tmp_path: Path
) -> None:
    seeded = seed(services, tmp_path, project="demo")
    path = f"/files/{seeded.sha256}/{seeded.filename}{suffix}"

    with client.get(path) as whole, client.head(path) as head:
        assert head.data == b""
        assert head.headers["Content-Length"] == whole.headers["Content-Length"]
        etag, modified = whole.headers["ETag"], whole.headers["Last-Modified"]
    with client.get(path, headers={"If-None-Match": etag}) as again:
        assert again.status_code == 304
    with client.get(path, headers={"If-Modified-Since": modified}) as again:
        assert again.status_code == 304


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Range": "bytes=0-3"}, (206, 4)),
        ({"Range": "bytes=-5"}, (206, 5)),
        ({"Range": "bytes=0-3", "If-Range": '"another"'}, (200, None)),
        ({"Range": "bytes=99999999-"}, (416, None)),
    ],
)
def test_ranges_are_answered_as_the_standard_says(
    headers: dict[str, str], expected: tuple[int, int | None], client: FlaskClient, services: Services, tmp_path: Path
) -> None:
    seeded = seed(services, tmp_path, project="demo")

    with client.get(f"/files/{seeded.sha256}/{seeded.filename}", headers=headers) as answer:
        status, length = expected
        assert answer.status_code == status
        if status == 206:
            assert len(answer.data) == length


def test_an_address_without_its_slash_leads_to_the_page(client: FlaskClient) -> None:
    answer = client.get("/simple/De.Mo")

    assert (answer.status_code, answer.location) == (301, "de-mo/")


@pytest.mark.parametrize("path", ["/files/00/x.whl", "/files/" + "0" * 64 + "/x.whl", "/simple/../x/"])
def test_an_address_that_means_nothing_is_404(path: str, client: FlaskClient) -> None:
    assert client.get(path).status_code == 404
