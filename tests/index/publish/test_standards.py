"""To the letter: every document against its specification, and what HTTP asks of a page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec
import pytest
from bs4 import BeautifulSoup
from pypi_attestations import GitHubPublisher, GitLabPublisher, GooglePublisher
from werkzeug.http import http_date

from index.clock import utcnow
from index.publish.release import refresh_page
from index.store.tables import File, Project, ProjectStatus
from scanner.model import ProvenanceFact
from tests.fixtures.releases import NOW, seed
from tests.index.publish.standards import Detail, ProjectFacts, ProjectList, Provenance, ReleaseFacts

if TYPE_CHECKING:
    from pathlib import Path

    from flask.testing import FlaskClient

    from index.services import Services
    from tests.fixtures.releases import Seeded

JSON = "application/vnd.pypi.simple.v1+json"
INTEGRITY = "application/vnd.pypi.integrity.v1+json"


def change(services: Services, name: str, *, now: datetime = NOW, **values: object) -> None:
    """The project's row, or that of its files, has these values, and its pages are renewed."""
    with services.database.write() as session:
        project = session.query(Project).filter_by(name=name).one()
        for key, value in values.items():
            rows = [project] if hasattr(project, key) else session.query(File).all()
            for row in rows:
                setattr(row, key, value)
        refresh_page(session, project, now=now, public_url="http://127.0.0.1:8000", why="test")


def attest(services: Services, seeded: Seeded, *facts: ProvenanceFact) -> None:
    change(
        services,
        seeded.project,
        attestations=msgspec.json.encode([{"version": 1, "number": number} for number, _ in enumerate(facts)]).decode(),
        provenance=msgspec.json.encode(facts).decode(),
    )


def test_the_documents_are_those_of_the_specification(client: FlaskClient, services: Services, tmp_path: Path) -> None:
    seeded = seed(services, tmp_path, project="demo")
    seed(services, tmp_path, project="demo", version="2.0")
    attest(services, seeded, ProvenanceFact(seeded.filename, "publish", "Google", "maya@example.org"))
    change(
        services, "demo", yanked=True, yanked_reason="it breaks", status=ProjectStatus.DEPRECATED, status_reason="old"
    )

    for accept in (JSON, "application/vnd.pypi.simple.latest+json"):
        detail = msgspec.json.decode(client.get("/simple/demo/", headers={"Accept": accept}).data, type=Detail)
        listed = msgspec.json.decode(client.get("/simple/", headers={"Accept": accept}).data, type=ProjectList)
    assert detail.versions == ["1.0", "2.0"]
    assert {file.yanked for file in detail.files} == {"it breaks"}
    assert detail.project_status.reason == "old"
    assert detail.files[0].provenance == (f"http://127.0.0.1:8000/integrity/demo/1.0/{seeded.filename}/provenance")
    assert [project.name for project in listed.projects] == ["demo"]


def test_the_json_api_has_the_keys_of_the_json_api(client: FlaskClient, services: Services, tmp_path: Path) -> None:
    seed(services, tmp_path, project="demo")
    seed(services, tmp_path, project="demo", version="2.0")
    change(services, "demo", yanked=True, yanked_reason="it breaks")

    whole = msgspec.json.decode(client.get("/pypi/demo/json").data, type=ProjectFacts)
    one = msgspec.json.decode(client.get("/pypi/demo/1.0/json").data, type=ReleaseFacts)
    assert list(whole.releases) == ["1.0", "2.0"]
    assert (whole.info.version, whole.urls) == ("2.0", whole.releases["2.0"])
    assert (one.info.version, one.urls) == ("1.0", whole.releases["1.0"])
    assert (one.info.yanked, one.info.yanked_reason) == (True, "it breaks")
    assert one.info.release_url == "http://127.0.0.1:8000/project/demo/1.0/"
    assert one.urls[0].python_version == "py3"
    assert whole.last_serial == int(client.get("/simple/demo/").headers["X-PyPI-Last-Serial"])


def test_the_html_page_says_what_the_json_page_says(client: FlaskClient, services: Services, tmp_path: Path) -> None:
    seed(services, tmp_path, project="demo")
    change(
        services,
        "demo",
        yanked=True,
        yanked_reason='say "no" & <go>',
        status=ProjectStatus.ARCHIVED,
        status_reason='"done" <ok>',
    )
    detail = msgspec.json.decode(client.get("/simple/demo/", headers={"Accept": JSON}).data, type=Detail)

    page = BeautifulSoup(client.get("/simple/demo/").data, "html.parser")
    metas = {meta["name"]: meta["content"] for meta in page.select("meta[name]")}
    assert metas == {
        "pypi:repository-version": "1.4",
        "pypi:project-status": "archived",
        "pypi:project-status-reason": '"done" <ok>',
    }
    (link,), (file,) = page.select("a"), detail.files
    assert link.get_text() == file.filename
    assert link["href"] == f"{file.url}#sha256={file.hashes.sha256}"
    assert link["data-yanked"] == file.yanked == 'say "no" & <go>'
    assert link["data-requires-python"] == file.requires_python == ">=3.8"
    assert not isinstance(file.core_metadata, bool)
    assert link["data-core-metadata"] == link["data-dist-info-metadata"] == f"sha256={file.core_metadata.sha256}"


MODELS = {"GitHub": GitHubPublisher, "GitLab": GitLabPublisher, "Google": GooglePublisher}


@pytest.mark.parametrize(
    ("kind", "identity"),
    [
        ("GitHub", "example/demo:release.yml"),
        ("GitLab", "example/group/demo:.gitlab-ci.yml"),
        ("Google", "builder@example.iam.gserviceaccount.com"),
    ],
)
def test_a_publisher_has_the_keys_of_its_kind(
    client: FlaskClient, services: Services, tmp_path: Path, kind: str, identity: str
) -> None:
    seeded = seed(services, tmp_path, project="demo")
    fact = ProvenanceFact(seeded.filename, "publish", kind, identity)
    attest(services, seeded, fact, fact)

    answer = client.get(f"/integrity/demo/1.0/{seeded.filename}/provenance", headers={"Accept": INTEGRITY})
    (bundle,) = msgspec.json.decode(answer.data, type=Provenance).attestation_bundles
    assert answer.content_type == INTEGRITY
    assert [one["number"] for one in bundle.attestations] == [0, 1]
    read = MODELS[kind].model_validate(msgspec.to_builtins(bundle.publisher))
    assert ":".join(str(value) for key, value in read.model_dump().items() if value and key != "kind") == identity


def test_two_publishers_are_two_bundles(client: FlaskClient, services: Services, tmp_path: Path) -> None:
    seeded = seed(services, tmp_path, project="demo")
    facts = [ProvenanceFact(seeded.filename, "publish", "GitHub", f"example/{name}:ci.yml") for name in ("b", "a", "b")]
    attest(services, seeded, *facts)

    answer = client.get(f"/integrity/demo/1.0/{seeded.filename}/provenance")
    bundles = msgspec.json.decode(answer.data, type=Provenance).attestation_bundles
    assert [[one["number"] for one in bundle.attestations] for bundle in bundles] == [[1], [0, 2]]


def test_provenance_in_another_type_is_406(client: FlaskClient) -> None:
    answer = client.get("/integrity/demo/1.0/demo.whl/provenance", headers={"Accept": "text/html"})

    assert answer.status_code == 406


@pytest.mark.parametrize("path", ["/simple/", "/simple/demo/"])
@pytest.mark.parametrize("query", ["a=b&format=application/vnd.pypi.simple.v1%2Bjson", f"format={JSON}"])
def test_the_type_can_be_asked_for_in_the_query(
    client: FlaskClient, services: Services, tmp_path: Path, path: str, query: str
) -> None:
    seed(services, tmp_path, project="demo")

    assert client.get(f"{path}?{query}", headers={"Accept": "text/html"}).content_type == JSON


@pytest.mark.parametrize("accept", [f"{JSON};q=0", "*/*;q=0", "image/*", ";;;"])
def test_what_cannot_be_accepted_is_406_and_varies(
    client: FlaskClient, services: Services, tmp_path: Path, accept: str
) -> None:
    seed(services, tmp_path, project="demo")

    for path in ("/simple/", "/simple/demo/"):
        answer = client.get(path, headers={"Accept": accept})
        assert (answer.status_code, answer.headers["Vary"]) == (406, "Accept")


@pytest.mark.parametrize("path", ["/simple/", "/simple/demo/"])
def test_a_page_answers_head_and_revalidates_by_date(
    client: FlaskClient, services: Services, tmp_path: Path, path: str
) -> None:
    seed(services, tmp_path, project="demo")
    whole = client.get(path)
    head = client.head(path)
    assert (head.data, head.headers["Content-Length"]) == (b"", str(len(whole.data)))
    assert whole.headers["Last-Modified"] == http_date(NOW)

    def ask(since: datetime, **headers: str) -> int:
        return client.get(path, headers={"If-Modified-Since": http_date(since), **headers}).status_code

    assert ask(NOW) == 304
    assert ask(NOW - timedelta(seconds=1)) == 200
    assert ask(NOW, **{"If-None-Match": '"another"'}) == 200
    assert ask(NOW - timedelta(days=1), **{"If-None-Match": f'"another", W/{whole.headers["ETag"]}'}) == 304
    assert client.get(path, headers={"If-Modified-Since": "yesterday"}).status_code == 200


def test_a_page_that_changed_in_this_second_has_no_date_yet(
    client: FlaskClient, services: Services, tmp_path: Path
) -> None:
    """Another change may come within the same second, and a date does not tell the two apart."""
    seed(services, tmp_path, project="demo")
    change(services, "demo", now=utcnow().replace(microsecond=0) + timedelta(seconds=30), yanked=True)

    assert "Last-Modified" not in client.get("/simple/demo/").headers


def test_the_list_is_new_after_every_change(client: FlaskClient, services: Services, tmp_path: Path) -> None:
    first = client.get("/simple/")
    seed(services, tmp_path, project="demo")
    second = client.get("/simple/")
    change(services, "demo", status=ProjectStatus.QUARANTINED)
    third = client.get("/simple/")

    assert ["demo" in answer.text for answer in (first, second, third)] == [False, True, False]
    serials = [int(answer.headers["X-PyPI-Last-Serial"]) for answer in (first, second, third)]
    assert serials == sorted(set(serials))


def test_upload_time_is_that_of_publication(client: FlaskClient, services: Services, tmp_path: Path) -> None:
    seed(services, tmp_path, project="demo")

    (file,) = msgspec.json.decode(client.get("/simple/demo/", headers={"Accept": JSON}).data, type=Detail).files
    assert datetime.fromisoformat(file.upload_time) == NOW.astimezone(UTC)
