"""A published project with an owner, a maintainer and everybody else, and their API tokens."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask

from index.accounts.permissions import Person
from index.accounts.tokens import create_token
from index.owners.acting import Acting, Errand
from index.owners.views import blueprint
from index.publish.reads import Reads
from index.publish.views import blueprint as publish
from index.store.tables import LogEntry, Membership, MembershipRole, Project
from tests.fixtures.releases import NOW, Seeded, make_user, seed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from index.services import Services

JSON = {"Accept": "application/vnd.pypi.simple.v1+json"}


@dataclass(slots=True)
class Stage:
    """`demo` 1.0 and 2.0 are published; `maintainer` owns it, `mira` maintains it, `eve` has no part."""

    services: Services
    client: FlaskClient
    files: dict[str, Seeded]
    tokens: dict[str, str] = field(default_factory=dict)

    def do(self, who: str, action: Callable[[Errand], Any], *roles: str) -> Any:
        """The action of that person, in a transaction of its own."""
        with self.services.database.write() as session:
            user = make_user(session, who)
            person = Person(user.id, who, frozenset(roles), second_factor=bool(roles))
            return action(Errand(self.services, session, Acting(person, f"user:{who}"), NOW))

    def call(self, method: str, path: str, who: str | None, **body: object) -> TestResponse:
        """The API's answer to the token of that person."""
        headers = {"Authorization": f"Bearer {self.tokens[who]}"} if who else {}
        return self.client.open(f"/api/projects{path}", method=method, json=body or None, headers=headers)

    def page(self) -> dict[str, Any]:
        """The project's page, as installers read it."""
        answer = self.client.get("/simple/demo/", headers=JSON)
        return answer.json or {}

    def log(self) -> list[tuple[str, str, str]]:
        """Actor, action and subject of what owners did."""
        with self.services.database.read() as session:
            rows = session.query(LogEntry).order_by(LogEntry.seq).all()
        return [(row.actor, row.action, row.subject) for row in rows if row.actor.startswith(("user:", "token:"))]


@pytest.fixture
def stage(services: Services, tmp_path: Path) -> Iterator[Stage]:
    app = Flask("owners")
    app.extensions["pratique"] = services
    app.register_blueprint(blueprint)
    app.register_blueprint(publish)
    reads = Reads(app.wsgi_app, services)
    app.wsgi_app = reads  # type: ignore[method-assign] # Flask's own way
    files = {version: seed(services, tmp_path, project="demo", version=version) for version in ("1.0", "2.0")}
    made = Stage(services, app.test_client(), files)
    with services.database.write() as session:
        project = session.query(Project).one()
        session.add(
            Membership(user_id=make_user(session, "mira").id, project_id=project.id, role=MembershipRole.MAINTAINER)
        )
        for name in ("maintainer", "mira", "eve"):
            made.tokens[name] = create_token(session, make_user(session, name), label="test", now=NOW)[1]
        owner = make_user(session)
        made.tokens["other project"] = create_token(session, owner, label="test", project="other", now=NOW)[1]
    yield made
    reads.close()
