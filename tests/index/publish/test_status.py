"""PEP 792: what a project's status does to its pages and files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from index.publish.release import refresh_page
from index.store.tables import Project, ProjectStatus, SubmissionState
from tests.fixtures.releases import NOW, seed

if TYPE_CHECKING:
    from pathlib import Path

    from flask.testing import FlaskClient

    from index.services import Services

JSON = {"Accept": "application/vnd.pypi.simple.v1+json"}


def give(services: Services, name: str, status: ProjectStatus) -> None:
    with services.database.write() as session:
        project = session.query(Project).filter_by(name=name).one()
        project.status, project.status_reason = status, "because"
        refresh_page(session, project, now=NOW, public_url="", why="test")


def test_a_project_in_quarantine_is_an_empty_page_and_its_files_are_gone(
    client: FlaskClient, services: Services, tmp_path: Path
) -> None:
    seeded = seed(services, tmp_path, project="demo")
    path = f"/files/{seeded.sha256}/{seeded.filename}"
    with client.get(path) as before:
        assert before.status_code == 200

    give(services, "demo", ProjectStatus.QUARANTINED)

    page = client.get("/simple/demo/", headers=JSON)
    assert page.status_code == 200
    assert page.json is not None
    assert page.json["project-status"] == {"status": "quarantined", "reason": "because"}
    assert (page.json["files"], page.json["versions"]) == ([], [])
    assert "<a " not in client.get("/simple/demo/").text
    for gone in (path, f"{path}.metadata", "/pypi/demo/json", f"/integrity/demo/1.0/{seeded.filename}/provenance"):
        assert client.get(gone).status_code == 404
    assert "demo" not in client.get("/simple/").text

    give(services, "demo", ProjectStatus.ACTIVE)
    with client.get(path) as after:
        assert after.status_code == 200
    assert "demo" in client.get("/simple/").text


@pytest.mark.parametrize(
    "state", [state for state in SubmissionState if state not in {SubmissionState.PUBLISHED, SubmissionState.WITHDRAWN}]
)
def test_a_quarantine_does_not_tell_that_a_held_project_exists(
    client: FlaskClient, services: Services, tmp_path: Path, state: SubmissionState
) -> None:
    seed(services, tmp_path, project="demo", state=state)
    give(services, "demo", ProjectStatus.QUARANTINED)

    assert client.get("/simple/demo/").status_code == 404


@pytest.mark.parametrize("status", [ProjectStatus.ARCHIVED, ProjectStatus.DEPRECATED])
def test_archived_and_deprecated_projects_are_read_as_before(
    client: FlaskClient, services: Services, tmp_path: Path, status: ProjectStatus
) -> None:
    seeded = seed(services, tmp_path, project="demo")
    give(services, "demo", status)

    page = client.get("/simple/demo/", headers=JSON).json
    assert page is not None
    assert page["project-status"] == {"status": str(status), "reason": "because"}
    assert [file["filename"] for file in page["files"]] == [seeded.filename]
    with client.get(f"/files/{seeded.sha256}/{seeded.filename}") as answer:
        assert answer.status_code == 200
