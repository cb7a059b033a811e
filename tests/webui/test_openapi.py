"""The OpenAPI document: complete, valid, and what a live server keeps, as schemathesis asks it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance

from index.services import Services
from tests.fixtures.releases import seed
from tests.servers.web import running_web
from webui.openapi import OPERATIONS, Operation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask
    from schemathesis import Case

#: Blueprints whose JSON a standard describes, and addresses of ours that are no JSON for programs.
EXAMPLES = 6

#: A form can be right and its meaning wrong: what was typed to confirm is something else, the last owner would leave.
NOT_ASKED: list[Any] = [positive_data_acceptance]

#: 404 to whoever proves nothing, as for a submission that does not exist.
HIDDEN = "/submissions/{submission_id}"
STANDARDS = {"publish.integrity", "publish.facts", "publish.rss_updates", "publish.rss_packages", "publish.security"}
NO_JSON = {"publish.robots"}


def test_every_address_of_ours_that_answers_json_is_described(app: Flask) -> None:
    found = set()
    for rule in app.url_map.iter_rules():
        ours = rule.endpoint.startswith(("owners.", "publish.")) and rule.endpoint not in STANDARDS | NO_JSON
        if (ours or rule.endpoint == "people.status") and not rule.build_only:
            path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
            found |= {(method.lower(), path) for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}}
    assert found == {(operation.method, operation.path) for operation in OPERATIONS}


def test_the_document_is_served_to_everybody(app: Flask) -> None:
    answer = app.test_client().get("/openapi.json")

    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json["openapi"] == "3.1.0"
    assert answer.json["servers"] == [{"url": "http://127.0.0.1:8000"}]


@dataclass(frozen=True, slots=True)
class Live:
    """A web process with a published project of the account that owns the token."""

    schema: Any
    token: str
    known: dict[str, str]
    """Path parameters that lead somewhere."""


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    folder = tmp_path_factory.mktemp("live")
    with running_web(folder / "var", {"PRATIQUE_NAMESPACES": "true"}) as (configured, account):
        services = Services.open(configured)
        seeded = seed(services, folder, project="demo")
        services.database.dispose()
        known = {
            "name": "demo",
            "version": "1.0",
            "filename": seeded.filename,
            "username": account.maintainer,
            "submission_id": seeded.submission_id,
        }
        schema = schemathesis.openapi.from_url(f"{configured.resolved_public_url}/openapi.json")
        yield Live(schema, account.upload_token, known)


@pytest.mark.parametrize("there", [False, True], ids=["any-name", "what-is-there"])
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: f"{operation.method} {operation.path}")
def test_a_live_server_answers_as_it_is_described(operation: Operation, there: bool, live: Live) -> None:
    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
    @given(live.schema[operation.path][operation.method.upper()].as_strategy())
    def ask(case: Case[Any]) -> None:
        if there:
            case.path_parameters |= {name: live.known[name] for name in case.path_parameters if name in live.known}
        excluded = NOT_ASKED + ([ignored_auth] if operation.path == HIDDEN else [])
        case.call_and_validate(headers={"Authorization": f"Bearer {live.token}"}, excluded_checks=excluded)

    ask()


def test_the_document_is_one_of_openapi(live: Live) -> None:
    live.schema.validate()
