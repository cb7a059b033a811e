"""PEP 752: who may upload into a namespace, by both APIs, and that the answer tells nothing of what is held."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from index.accounts.namespaces import grant, revoke
from index.clock import utcnow
from index.publish.release import publish
from index.store.tables import Submission, SubmissionState, User
from tests.fixtures.artifacts import Artifact, build_wheel

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from index.services import Services
    from index.settings import Settings
    from tests.index.upload.conftest import Client

PREFIX = "409 The name 'acme-tool' is in the namespace 'acme', which is reserved. Choose another name."


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"namespaces": True})


def tool(version: str = "1.0") -> Artifact:
    return build_wheel("acme-tool", version, {"acme_tool.py": ""})


def change(services: Services, what: Callable[..., Any], username: str, *, hours: float = 0) -> None:
    now = utcnow() + timedelta(hours=hours)
    with services.database.write() as session:
        what(session, "acme", session.query(User).filter_by(username=username).one(), actor="test", now=now)


def publish_all(services: Services) -> None:
    with services.database.write() as session:
        for submission in session.query(Submission):
            submission.state = SubmissionState.PUBLISHED
            publish(session, submission, now=utcnow(), public_url="")


def test_a_new_project_in_a_namespace_is_for_whoever_has_a_grant(
    new_client: Callable[..., Client], services: Services
) -> None:
    owner, stranger = new_client("ada"), new_client("bob")
    change(services, grant, "ada")

    assert stranger.upload(tool()).status == PREFIX
    assert owner.upload(tool()).status_code == 200
    assert stranger.upload(tool()).status == PREFIX, "a held project changes nothing in the answer"
    publish_all(services)
    assert stranger.upload(tool("2.0")).status == PREFIX
    assert owner.upload(tool("2.0")).status_code == 200
    assert stranger.upload(build_wheel("acmetool", "1.0", {"acmetool.py": ""})).status_code != 409


def test_a_project_that_is_older_than_the_namespace_goes_on(
    new_client: Callable[..., Client], services: Services
) -> None:
    old, stranger = new_client("old"), new_client("bob")
    new_client("ada")
    assert old.upload(tool()).status_code == 200
    change(services, grant, "ada", hours=1)

    assert old.upload(tool("2.0")).status_code == 200
    assert stranger.upload(tool("3.0")).status == PREFIX


def test_a_project_made_under_a_grant_stops_with_it(new_client: Callable[..., Client], services: Services) -> None:
    owner = new_client("ada")
    new_client("eve")
    change(services, grant, "ada", hours=-1)
    assert owner.upload(tool()).status_code == 200
    change(services, grant, "eve")
    change(services, revoke, "ada")

    assert owner.upload(tool("2.0")).status == PREFIX


def test_a_publishing_session_is_refused_in_the_same_way(
    app: Flask, new_client: Callable[..., Client], services: Services
) -> None:
    from index.upload.sessions.views import blueprint  # noqa: PLC0415 # the fixture's application does not have it

    app.register_blueprint(blueprint)
    stranger = new_client("bob")
    new_client("ada")
    change(services, grant, "ada")

    answer = app.test_client().post(
        "/upload/2.0/",
        json={"meta": {"api-version": "2.0"}, "name": "acme-tool", "version": "1.0"},
        headers={"Authorization": f"Bearer {stranger.secret}", "Content-Type": "application/vnd.pypi.upload.v2+json"},
    )
    assert answer.status_code == 409
    assert answer.json is not None
    assert answer.json["code"] == "name.namespace"


def test_without_the_setting_nothing_is_refused(
    app: Flask, new_client: Callable[..., Client], services: Services
) -> None:
    services.settings = services.settings.model_copy(update={"namespaces": False})
    stranger = new_client("bob")
    new_client("ada")
    change(services, grant, "ada")

    assert stranger.upload(tool()).status_code == 200
