"""The owners' actions by API token."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from index.store.blobs import BlobMissing
from index.store.tables import SubmissionState, Token
from scanner.model import Sha256Hex
from tests.fixtures.releases import NOW, seed

if TYPE_CHECKING:
    from pathlib import Path

    from tests.index.owners.conftest import Stage

#: Method, path and body of every action, and whether a maintainer may do it.
ACTIONS = [
    ("GET", "/demo", {}, True),
    ("POST", "/demo/releases/1.0/yank", {"reason": "x"}, True),
    ("POST", "/demo/files/demo-1.0-py3-none-any.whl/yank", {}, True),
    ("POST", "/demo/releases/1.0/unyank", {}, True),
    ("POST", "/demo/files/demo-1.0-py3-none-any.whl/unyank", {}, True),
    ("PUT", "/demo/status", {"status": "archived"}, False),
    ("PUT", "/demo/members/eve", {"role": "maintainer"}, False),
    ("DELETE", "/demo/members/mira", {}, False),
    ("DELETE", "/demo/files/demo-1.0-py3-none-any.whl", {"confirm": "demo-1.0-py3-none-any.whl"}, False),
    ("DELETE", "/demo/releases/2.0", {"confirm": "demo 2.0"}, False),
]


@pytest.mark.parametrize(("method", "path", "body", "maintainer"), ACTIONS)
def test_everybody_may_what_the_table_says(
    stage: Stage, method: str, path: str, body: dict[str, str], *, maintainer: bool
) -> None:
    assert stage.call(method, path, None, **body).status_code == 401
    for stranger in ("eve", "other project"):
        assert stage.call(method, path, stranger, **body).status_code == 404
    assert stage.call(method, path, "mira", **body).status_code == (200 if maintainer else 403)
    assert stage.call(method, path, "maintainer", **body).status_code == 200


def test_the_list_of_actions_is_complete(stage: Stage) -> None:
    adapter = stage.client.application.url_map.bind("localhost")
    tested = {adapter.match(f"/api/projects{path}", method)[0] for method, path, _, _ in ACTIONS}

    rules = stage.client.application.url_map.iter_rules()
    assert tested == {rule.endpoint for rule in rules if rule.endpoint.startswith("owners.")}


def test_a_release_is_yanked_by_the_token_s_owner(stage: Stage) -> None:
    answer = stage.call("POST", "/demo/releases/1.0/yank", "mira", reason="breaks")

    assert answer.json is not None
    assert [file["yanked_reason"] for file in answer.json["files"]] == ["breaks", ""]
    assert [file["yanked"] for file in stage.page()["files"]] == ["breaks", False]
    actor, action, _ = stage.log()[-1]
    assert (actor.partition(":")[0], action) == ("token", "file.yanked")


def test_a_deleted_file_takes_its_bytes_with_it(stage: Stage) -> None:
    gone = stage.files["1.0"]
    refused = stage.call("DELETE", f"/demo/files/{gone.filename}", "maintainer", confirm="demo 1.0")
    assert refused.status_code == 422
    assert refused.json is not None
    assert (refused.content_type, refused.json["code"]) == ("application/problem+json", "not-confirmed")

    stage.call("DELETE", f"/demo/files/{gone.filename}", "maintainer", confirm=gone.filename)
    with pytest.raises(BlobMissing):
        stage.services.blobs.open(Sha256Hex(gone.sha256))
    assert stage.page()["versions"] == ["2.0"]


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"reason": 1}', b'{"resaon": "x"}'])
def test_a_body_that_is_something_else_is_refused(stage: Stage, body: bytes) -> None:
    headers = {"Authorization": f"Bearer {stage.tokens['mira']}"}
    answer = stage.client.post("/api/projects/demo/releases/1.0/yank", data=body, headers=headers)

    assert answer.status_code == 422
    assert not any(file["yanked"] for file in stage.page()["files"])


def test_a_basic_token_works_as_for_uploads_and_a_revoked_one_does_not(stage: Stage) -> None:
    auth = ("__token__", stage.tokens["mira"])
    assert stage.client.get("/api/projects/demo", auth=auth).status_code == 200
    with stage.services.database.write() as session:
        for token in session.query(Token):
            token.revoked_at = NOW
    answer = stage.client.get("/api/projects/demo", auth=auth)
    assert (answer.status_code, answer.headers["WWW-Authenticate"][:5]) == (401, "Basic")


def test_a_held_project_is_shown_to_its_members_without_its_held_files(stage: Stage, tmp_path: Path) -> None:
    held = seed(stage.services, tmp_path, project="held", state=SubmissionState.IN_REVIEW)

    answer = stage.call("GET", "/held", "maintainer")
    assert answer.json is not None
    assert answer.json["files"] == []
    assert held.sha256 not in answer.text
    assert stage.call("GET", "/held", "eve").json == stage.call("GET", "/nothing", "eve").json
