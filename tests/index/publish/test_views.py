"""What installers read."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from index.publish.release import publish, unpublish
from index.store.tables import Artifact, DetailPage, File, FilenameClaim, Submission, SubmissionState
from tests.fixtures.blobs import UnreachableBlobs
from tests.fixtures.releases import NOW, seed

if TYPE_CHECKING:
    from pathlib import Path

    from flask.testing import FlaskClient

    from index.services import Services

JSON = "application/vnd.pypi.simple.v1+json"
HTML = "application/vnd.pypi.simple.v1+html"


def test_a_published_file_stands_on_its_page_with_everything_an_installer_needs(
    client: FlaskClient, services: Services, tmp_path: Path
) -> None:
    seeded = seed(services, tmp_path, project="demo")

    page = client.get("/simple/demo/", headers={"Accept": JSON})

    assert page.content_type == JSON
    assert page.json is not None
    assert page.json["meta"]["api-version"] == "1.4"
    assert page.json["versions"] == ["1.0"]
    (file,) = page.json["files"]
    assert file == {
        "filename": seeded.filename,
        "url": f"../../files/{seeded.sha256}/{seeded.filename}",
        "hashes": {"sha256": seeded.sha256},
        "requires-python": ">=3.8",
        "size": len(seeded.data),
        "upload-time": "2026-11-24T12:00:00.000000Z",
        "yanked": False,
        "core-metadata": {"sha256": sha256(seeded.metadata).hexdigest()},
        "dist-info-metadata": {"sha256": sha256(seeded.metadata).hexdigest()},
        "provenance": None,
    }


def test_the_html_page_says_the_same_with_escaped_attributes(
    client: FlaskClient, services: Services, tmp_path: Path
) -> None:
    seeded = seed(services, tmp_path, project="demo")

    text = client.get("/simple/demo/").text

    assert 'content="1.4"' in text
    assert f'href="../../files/{seeded.sha256}/{seeded.filename}#sha256={seeded.sha256}"' in text
    assert 'data-requires-python="&gt;=3.8"' in text
    assert f'data-core-metadata="sha256={sha256(seeded.metadata).hexdigest()}"' in text


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, "text/html; charset=utf-8"),
        ("*/*", "text/html; charset=utf-8"),
        ("text/html", "text/html; charset=utf-8"),
        (JSON, JSON),
        (HTML, HTML),
        ("application/vnd.pypi.simple.latest+json", JSON),
        (f"{JSON}, {HTML}; q=0.1, text/html; q=0.01", JSON),
        (f"{JSON};q=0.1, {HTML};q=0.9", HTML),
    ],
)
def test_the_best_accepted_type_is_served(
    accept: str | None, expected: str, client: FlaskClient, services: Services, tmp_path: Path
) -> None:
    seed(services, tmp_path, project="demo")
    headers = {"Accept": accept} if accept else {}

    for path in ("/simple/", "/simple/demo/"):
        answer = client.get(path, headers=headers)
        assert (answer.status_code, answer.content_type, answer.headers["Vary"]) == (200, expected, "Accept")


def test_a_type_that_we_do_not_have_is_406(client: FlaskClient) -> None:
    assert client.get("/simple/", headers={"Accept": "image/png"}).status_code == 406
    assert client.get("/simple/?format=image/png").status_code == 406


def test_a_name_that_is_not_normalized_leads_to_the_one_that_is(client: FlaskClient) -> None:
    answer = client.get("/simple/De_Mo/")

    assert (answer.status_code, answer.location) == (301, "../de-mo/")


def test_an_unchanged_page_is_304(client: FlaskClient, services: Services, tmp_path: Path) -> None:
    seed(services, tmp_path, project="demo")
    first = client.get("/simple/demo/")

    again = client.get("/simple/demo/", headers={"If-None-Match": first.headers["ETag"]})

    assert (again.status_code, again.data) == (304, b"")
    assert not first.headers["ETag"].startswith("W/")


def test_a_file_is_served_with_ranges(client: FlaskClient, services: Services, tmp_path: Path) -> None:
    seeded = seed(services, tmp_path, project="demo")
    path = f"/files/{seeded.sha256}/{seeded.filename}"

    with client.get(path) as whole, client.get(path, headers={"Range": "bytes=10-19"}) as part:
        assert whole.data == seeded.data
        assert (part.status_code, part.data) == (206, seeded.data[10:20])
        assert part.headers["Content-Range"] == f"bytes 10-19/{len(seeded.data)}"
        assert whole.headers["Accept-Ranges"] == "bytes"


def test_metadata_are_served_byte_for_byte(client: FlaskClient, services: Services, tmp_path: Path) -> None:
    seeded = seed(services, tmp_path, project="demo")

    assert client.get(f"/files/{seeded.sha256}/{seeded.filename}.metadata").data == seeded.metadata


def test_json_facts_tell_of_the_newest_release(client: FlaskClient, services: Services, tmp_path: Path) -> None:
    seed(services, tmp_path, project="demo", version="1.0")
    seed(services, tmp_path, project="demo", version="1.10")
    seed(services, tmp_path, project="demo", version="2.0rc1")

    facts = client.get("/pypi/demo/json").json

    assert facts is not None
    assert facts["info"]["version"] == "1.10"
    assert sorted(facts["releases"]) == ["1.0", "1.10", "2.0rc1"]
    assert client.get("/pypi/demo/1.0/json").json["info"]["version"] == "1.0"  # type: ignore[index] # it is JSON
    assert client.get("/pypi/demo/3/json").status_code == 404


def test_stored_bytes_that_are_not_those_of_their_name_are_never_served(
    client: FlaskClient, services: Services, tmp_path: Path
) -> None:
    seeded = seed(services, tmp_path, project="demo")
    place = services.blobs.path(seeded.sha256)  # type: ignore[arg-type] # it is one
    place.write_bytes(b"something else")

    answer = client.get(f"/files/{seeded.sha256}/{seeded.filename}")

    assert answer.status_code == 503
    assert b"something else" not in answer.data


def test_a_file_whose_store_is_out_of_reach_is_to_be_asked_for_later(
    client: FlaskClient, services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seeded = seed(services, tmp_path, project="demo")
    monkeypatch.setattr(services, "blobs", UnreachableBlobs(services.blobs))

    answer = client.get(f"/files/{seeded.sha256}/{seeded.filename}")

    assert (answer.status_code, answer.headers["Cache-Control"]) == (503, "no-store")
    assert "Try again later" in answer.text
    assert "bucket" not in answer.text


HELD = [state for state in SubmissionState if state is not SubmissionState.PUBLISHED]


@pytest.mark.parametrize("state", HELD)
def test_what_is_held_shows_nowhere(
    state: SubmissionState, client: FlaskClient, services: Services, tmp_path: Path
) -> None:
    """Every GET route is walked, with every name that a held file has."""
    shown = seed(services, tmp_path, project="shown")
    held = seed(services, tmp_path, project="hidden-thing", state=state)
    sibling = seed(services, tmp_path, project="shown", version="2.0", state=state)

    for seeded in (held, sibling):
        for path in every_path(client, seeded.project, seeded.version, seeded.filename, seeded.sha256):
            answer = client.get(path, headers={"Accept": f"{JSON}, */*;q=0.5"})
            leaks = [
                secret
                for secret in seeded.secrets
                if secret in answer.text and secret != shown.project and secret not in path
            ]
            assert not leaks, f"{path} shows {leaks}"
            if seeded.sha256 in path:
                expected = 403 if state is SubmissionState.REJECTED and path.endswith(".whl") else 404
                assert answer.status_code == expected, path
    assert client.get("/simple/hidden-thing/").status_code == 404
    page = client.get("/simple/shown/", headers={"Accept": JSON}).json
    assert page is not None
    assert page["versions"] == ["1.0"]


def every_path(client: FlaskClient, name: str, version: str, filename: str, digest: str) -> list[str]:
    """Every GET route of the application, with these words put in."""
    words = {"name": name, "namespace": name, "version": version, "filename": filename}
    paths = [f"/simple/{name}/", f"/files/{digest}/{filename}", f"/files/{digest}/{filename}.metadata"]
    for rule in client.application.url_map.iter_rules():
        if "GET" in (rule.methods or ()):
            values = {argument: words[argument] for argument in rule.arguments if argument in words}
            built = rule.build({**(rule.defaults or {}), **values})
            assert built is not None
            paths.append(built[1])
    return paths


def test_a_withdrawn_release_is_gone_from_its_page_and_its_files(
    client: FlaskClient, services: Services, tmp_path: Path
) -> None:
    seeded = seed(services, tmp_path, project="demo")
    with services.database.write() as session:
        submission = session.get_one(Submission, seeded.submission_id)
        submission.state = SubmissionState.WITHDRAWN
        unpublish(session, submission, now=NOW, public_url="http://index.test")

    assert client.get("/simple/demo/").status_code == 404
    assert client.get(f"/files/{seeded.sha256}/{seeded.filename}").status_code == 404
    assert "demo" not in client.get("/simple/").text


def test_only_a_published_submission_can_be_shown(services: Services, tmp_path: Path) -> None:
    seeded = seed(services, tmp_path, project="demo", state=SubmissionState.IN_REVIEW)

    with services.database.write() as session, pytest.raises(ValueError, match="in_review"):
        publish(session, session.get_one(Submission, seeded.submission_id), now=NOW, public_url="")


def test_publication_burns_the_filename(services: Services, tmp_path: Path) -> None:
    seeded = seed(services, tmp_path, project="demo")

    with services.database.read() as session:
        assert session.get_one(FilenameClaim, seeded.filename).burned


def test_bytes_that_were_rejected_later_are_refused_although_published_elsewhere(
    client: FlaskClient, services: Services, tmp_path: Path
) -> None:
    seeded = seed(services, tmp_path, project="demo")
    with services.database.write() as session:
        session.get_one(Artifact, seeded.sha256).rejected_at = NOW

    assert client.get(f"/files/{seeded.sha256}/{seeded.filename}").status_code == 403
    assert client.get(f"/files/{seeded.sha256}/{seeded.filename}.metadata").status_code == 404


def test_the_stored_page_names_no_host(services: Services, tmp_path: Path) -> None:
    """Links are relative: the page is right behind every host name."""
    seed(services, tmp_path, project="demo")

    with services.database.read() as session:
        page = session.get_one(DetailPage, "demo")
        assert session.query(File).count() == 1
    assert b"http" not in page.html.replace(b"http-equiv", b"")
