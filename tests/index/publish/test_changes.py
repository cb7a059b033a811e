"""The feed of changes: a mirror that follows it has what the public sees."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from index.publish.release import publish, refresh_page, unpublish
from index.store.tables import Artifact, File, Project, ProjectStatus, Submission, SubmissionState
from tests.fixtures.releases import NOW, seed

if TYPE_CHECKING:
    from pathlib import Path

    from flask.testing import FlaskClient
    from sqlalchemy.orm import Session

    from index.services import Services


def renew(session: Session, name: str) -> None:
    project = session.query(Project).filter_by(name=name).one()
    refresh_page(session, project, now=NOW, public_url="", why="test")


def changes(client: FlaskClient, **query: int) -> dict[str, Any]:
    answer = client.get("/changes/", query_string=query)
    assert answer.status_code == 200
    assert answer.json is not None
    return dict(answer.json)


def test_every_change_of_a_file_is_told_once(client: FlaskClient, services: Services, tmp_path: Path) -> None:
    seeded = seed(services, tmp_path, project="demo")

    def state(value: SubmissionState) -> None:
        with services.database.write() as session:
            submission = session.get_one(Submission, seeded.submission_id)
            submission.state = value
            if value is SubmissionState.PUBLISHED:
                publish(session, submission, now=NOW, public_url="")
            else:
                unpublish(session, submission, now=NOW, public_url="")

    def put(row: type[File | Project | Artifact], **values: object) -> None:
        with services.database.write() as session:
            for key, value in values.items():
                setattr(session.query(row).one(), key, value)
            renew(session, "demo")
            renew(session, "demo")  # a page that stays as it is changes nothing

    put(File, yanked=True, yanked_reason="broken")
    put(File, yanked=False, yanked_reason="")
    state(SubmissionState.WITHDRAWN)
    state(SubmissionState.PUBLISHED)
    put(Project, status=ProjectStatus.QUARANTINED)
    put(Project, status=ProjectStatus.ARCHIVED)
    put(Artifact, rejected_at=NOW)

    told = changes(client)["changes"]
    assert [event["event"] for event in told] == [
        *("published", "yanked", "unyanked", "unpublished", "published"),
        *("unpublished", "status", "published", "status", "unpublished"),
    ]
    assert told[0] == {
        "event": "published",
        "serial": told[0]["serial"],
        "time": "2026-11-24T12:00:00.000000Z",
        "project": "demo",
        "version": "1.0",
        "filename": seeded.filename,
        "sha256": seeded.sha256,
    }
    assert {(e["filename"], e["version"], e["sha256"]) for e in told if e["event"] != "status"} == {
        (seeded.filename, "1.0", seeded.sha256)
    }


@pytest.mark.parametrize("state", [state for state in SubmissionState if state is not SubmissionState.PUBLISHED])
def test_what_was_never_visible_is_never_told(
    client: FlaskClient, services: Services, tmp_path: Path, state: SubmissionState
) -> None:
    seed(services, tmp_path, project="demo", state=state)
    with services.database.write() as session:
        renew(session, "demo")
        if state is not SubmissionState.WITHDRAWN:  # that was visible
            session.query(Project).one().status = ProjectStatus.QUARANTINED
            renew(session, "demo")

    assert changes(client) == {"since": 0, "serial": 0, "last_serial": 0, "changes": []}


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 1000])
def test_a_mirror_that_asks_on_misses_nothing_and_gets_nothing_twice(
    client: FlaskClient, services: Services, tmp_path: Path, limit: int
) -> None:
    """Three files of one project leave in one transaction: they are never divided between two answers."""
    for number in range(3):
        seed(services, tmp_path, project="demo", version=f"{number}.0")
    with services.database.write() as session:
        session.query(Project).one().status = ProjectStatus.QUARANTINED
        renew(session, "demo")

    followed: list[dict[str, Any]] = []
    since = 0
    while (page := changes(client, since=since, limit=limit))["changes"]:
        assert {event["serial"] for event in page["changes"]}.isdisjoint(event["serial"] for event in followed)
        followed += page["changes"]
        since = page["serial"]
    assert followed == changes(client)["changes"]
    assert len(followed) == 7
    assert page["serial"] == page["last_serial"] == since


@pytest.mark.parametrize("query", ["since=-1", "limit=0", "limit=1001"])
def test_a_question_without_sense_is_400(client: FlaskClient, query: str) -> None:
    assert client.get(f"/changes/?{query}").status_code == 400
