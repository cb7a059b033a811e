"""Held means invisible: every route of the whole application is walked by the public, in every state."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from index.store.tables import SubmissionState
from pratique.wsgi import create_app
from tests.fixtures.releases import seed

if TYPE_CHECKING:
    from pathlib import Path

    from flask import Flask

    from index.services import Services
    from tests.fixtures.releases import Seeded

HELD = [state for state in SubmissionState if state is not SubmissionState.PUBLISHED]


@pytest.fixture
def app(services: Services) -> Flask:
    return create_app(services)


@pytest.mark.parametrize("state", HELD)
def test_the_public_finds_nothing_of_what_is_held(
    state: SubmissionState, app: Flask, services: Services, tmp_path: Path
) -> None:
    seed(services, tmp_path, project="shown-project")
    first = seed(services, tmp_path, project="hidden-project", state=state)
    next_one = seed(services, tmp_path, project="shown-project", version="2.7", state=state)
    client = app.test_client()

    for held in (first, next_one):
        for path in paths(app, held):
            for accept in ("text/html", "application/json", "application/vnd.pypi.simple.v1+json"):
                with client.get(path, headers={"Accept": accept}) as answer:
                    told = leaks(answer.get_data().decode("latin-1"), path, held)
                    assert not told, f"GET {path} ({accept}, {answer.status_code}) shows {told}"
                    if any(secret in path for secret in (held.filename, held.submission_id)):
                        assert answer.status_code >= 300, f"GET {path} answers {answer.status_code}"


def leaks(text: str, path: str, held: Seeded) -> list[str]:
    """The held names that the text shows, beyond those that were asked for."""
    secrets = (*held.secrets, held.submission_id, f"{held.project} {held.version}")
    return [secret for secret in secrets if secret in text and secret not in path and secret != "shown-project"]


def paths(app: Flask, held: Seeded) -> list[str]:
    """Every address that a GET route of the application can have for the held file, and those ahead of Flask."""
    words = {
        "name": held.project,
        "project": held.project,
        "version": held.version,
        "filename": held.filename,
        "member": "demo.py",
        "submission_id": held.submission_id,
        "number": "1",
        "key": "1",
    }
    found = [
        f"/simple/{held.project}/",
        f"/files/{held.sha256}/{held.filename}",
        f"/files/{held.sha256}/{held.filename}.metadata",
    ]
    for rule in app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()):
            continue
        values = {argument: words.get(argument, "1") for argument in rule.arguments}
        built = rule.build({**values, **(rule.defaults or {})})
        assert built is not None, rule
        found.append(built[1])
        found += [f"{built[1]}?{query}={held.project}" for query in ("q", "name", "search")]
    return found


def test_the_walk_would_notice_what_is_shown(app: Flask, services: Services, tmp_path: Path) -> None:
    """The same walk over a published file finds it: the test above can fail."""
    shown = seed(services, tmp_path, project="visible-project")
    client = app.test_client()

    seen = set()
    for path in paths(app, shown):
        with client.get(path, headers={"Accept": "text/html"}) as answer:
            seen.update(leaks(answer.get_data().decode("latin-1"), path, shown))
    assert {shown.filename, shown.sha256} <= seen
