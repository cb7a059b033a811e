"""Every refusal: its status, its code, that it is a problem document, and that nothing has changed by it."""

from __future__ import annotations

import hashlib
import json
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from index.hold.switches import set_switch
from index.store.tables import FileSession, LogEntry, Submission, Token
from index.upload.names import PROHIBITED_SWITCH
from scanner.model import Sha256Hex
from tests.clients.pep694 import CONTENT_TYPE, Problem
from tests.fixtures.artifacts import build_wheel
from tests.index.upload.sessions.conftest import states, wheel

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from flask import Flask
    from werkzeug.test import TestResponse

    from tests.clients.pep694 import Client, Release
    from tests.index.hold.world import World

WHEEL = wheel()
META = {"api-version": "2.0"}


def check_problem(answer: TestResponse, status: int, code: str) -> None:
    """It is RFC 9457 with the members of PEP 694."""
    assert answer.headers["Content-Type"] == "application/problem+json"
    document = json.loads(answer.data)
    assert (answer.status_code, document["code"]) == (status, code), document
    assert document["status"] == status
    assert document["meta"] == META
    assert document["title"]
    assert document["detail"] == document["details"]
    assert document["type"] == f"http://127.0.0.1:8000/help/upload-errors#{code.replace('.', '-')}"
    assert document["errors"]
    assert all(set(error) == {"source", "message"} for error in document["errors"])


def ask(
    app: Flask, client: Client, path: str = "", body: object = None, method: str = "POST", **headers: str
) -> TestResponse:
    """The answer to a request that says exactly this."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = {"Content-Type": CONTENT_TYPE, **{name.replace("_", "-"): value for name, value in headers.items()}}
    with app.test_client() as web:
        return web.open(
            path or "/upload/2.0/", method=method, data=data, headers=sent, auth=("__token__", client.token)
        )


# Who asks


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("", "auth.credentials-missing"),
        ("Basic bWF5YTpzZWNyZXQ=", "auth.credentials-invalid"),  # maya:secret
        ("Basic X190b2tlbl9fOnByYXRpcXVlLXdyb25n", "auth.credentials-invalid"),
        ("Bearer pratique-wrong", "auth.credentials-invalid"),
        ("Bearer", "auth.credentials-missing"),
        ("Digest username=maya", "auth.credentials-missing"),
    ],
)
@pytest.mark.parametrize("path", ["/upload/2.0/", "/upload/2.0/sessions/X/publish", "/upload/2.0/nothing"])
def test_without_a_token_everything_is_401(app: Flask, header: str, code: str, path: str) -> None:
    answer = app.test_client().post(path, headers={"Authorization": header} if header else {})
    check_problem(answer, 401, code)
    challenge = answer.headers["WWW-Authenticate"]
    assert "Basic realm=" in challenge
    assert "Bearer realm=" in challenge


def test_a_token_may_come_as_a_bearer(app: Flask, client: Client) -> None:
    body = json.dumps({"meta": META, "name": "demo", "version": "1.0"})
    headers = {"Content-Type": CONTENT_TYPE, "Authorization": f"Bearer {client.token}"}
    assert app.test_client().post("/upload/2.0/", data=body, headers=headers).status_code == 201


def requests_of(release: Release, file: Mapping[str, Any]) -> list[tuple[str, str, object]]:
    """Every request that speaks of a session or a file."""
    act, mechanism = {"meta": META}, file["mechanism"]
    announce = {"filename": "demo-1.0-py2-none-any.whl", "size": 1, "hashes": {"sha256": "0" * 64}}
    return [
        ("GET", release.links["session"], act),
        ("DELETE", release.links["session"], act),
        ("POST", release.links["publish"], act),
        ("POST", release.links["extend"], {**act, "extend-for": 1}),
        ("POST", release.links["upload"], {**act, **announce, "mechanism": "http-post-bytes"}),
        ("GET", file["links"]["file-upload-session"], act),
        ("DELETE", file["links"]["file-upload-session"], act),
        ("POST", file["links"]["complete"], act),
        ("POST", mechanism["file_url"], WHEEL.data),
        ("POST", mechanism["attestations_url"], b"[{}]"),
    ]


def kind_of(body: object, url: str) -> str:
    if url.endswith("/attestations"):
        return "application/json"
    return "application/octet-stream" if isinstance(body, bytes) else CONTENT_TYPE


@pytest.mark.parametrize("number", range(10))
@pytest.mark.parametrize("who", ["stranger", "other-project"])
def test_who_may_not_upload_to_the_project_gets_403_for_every_request(
    app: Flask, client: Client, make_client: Callable[..., Client], number: int, who: str
) -> None:
    release = client.open("demo", "1.0")
    file = release.announce(*WHEEL)
    other = make_client("otto") if who == "stranger" else make_client("maya", project="else")
    method, url, body = requests_of(release, file)[number]
    answer = ask(app, other, url, body, method, Content_Type=kind_of(body, url))
    check_problem(answer, 403, "name-not-allowed" if who == "stranger" else "auth.token-scope")
    assert release.look() == "open"


@pytest.mark.parametrize("number", range(10))
def test_what_does_not_exist_is_404_for_every_request(app: Flask, client: Client, number: int) -> None:
    release = client.open("demo", "1.0")
    method, url, body = requests_of(release, release.announce(*WHEEL))[number]
    known = url.split("/")[6]
    answer = ask(app, client, url.replace(known, "0" * 26), body, method, Content_Type=kind_of(body, url))
    check_problem(answer, 404, "session.unknown")


@pytest.mark.parametrize("number", range(10))
@pytest.mark.parametrize("state", ["processing", "published", "canceled"])
def test_a_session_that_takes_no_changes_refuses_them_with_409(
    app: Flask, client: Client, world: World, number: int, state: str
) -> None:
    release = client.open("demo", "1.0")
    release.upload(*WHEEL)
    pending = release.announce(*wheel(tag="py2-none-any"))
    if state == "canceled":
        release.cancel()
    else:
        release.delete(pending)
        release.publish()
    if state == "published":
        world.inspect_all()
        world.later(1)
        world.keeper.tick(world.now)
    assert release.look() == state
    method, url, body = requests_of(release, pending)[number]
    answer = ask(app, client, url, body, method, Content_Type=kind_of(body, url))
    harmless = {
        "processing": {0: 200, 2: 202, 3: 200, 5: 200, 6: 204},
        "published": {0: 200, 2: 201, 5: 200, 6: 204},
        "canceled": {0: 200, 1: 204, 5: 200, 6: 204},
    }[state]
    if number in harmless:
        assert answer.status_code == harmless[number], answer.text
    else:
        check_problem(answer, 409, "session.closed")
    assert release.look() == state


# What is asked


CREATE = {"meta": META, "name": "demo", "version": "1.0"}


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        (CREATE, {"Content_Type": "application/json"}, 415, "request.content-type"),
        (CREATE, {"Content_Type": ""}, 415, "request.content-type"),
        (CREATE, {"Accept": "text/html"}, 406, "request.not-acceptable"),
        (CREATE, {"Accept": f"{CONTENT_TYPE};q=0"}, 406, "request.not-acceptable"),
        (b"{", {}, 400, "request.malformed"),
        (b"\xff", {}, 400, "request.malformed"),
        ([], {}, 400, "request.malformed"),
        ({"name": "demo", "version": "1.0"}, {}, 400, "request.malformed"),
        ({**CREATE, "meta": {}}, {}, 400, "request.malformed"),
        ({**CREATE, "meta": {"api-version": 2.0}}, {}, 400, "request.malformed"),
        ({**CREATE, "meta": {"api-version": "3.0"}}, {}, 400, "request.api-version"),
        ({"meta": META, "name": "demo"}, {}, 400, "request.malformed"),
        ({**CREATE, "name": 1}, {}, 400, "request.malformed"),
        ({**CREATE, "name": "x" * 201}, {}, 400, "request.malformed"),
        (b" " * 70_000, {}, 413, "request.too-large"),
        ({**CREATE, "name": "-demo"}, {}, 400, "session.name"),
        ({**CREATE, "name": "d\u00e9mo"}, {}, 400, "session.name"),
        ({**CREATE, "name": ""}, {}, 400, "session.name"),
        ({**CREATE, "version": "one"}, {}, 400, "session.version"),
        ({**CREATE, "version": ""}, {}, 400, "session.version"),
        ({**CREATE, "name": "json"}, {}, 403, "name.standard-library"),
        ({**CREATE, "name": "forbidden"}, {}, 403, "name-not-allowed"),
    ],
)
def test_a_session_is_not_opened(  # noqa: PLR0917 # the columns of the table
    app: Flask, client: Client, world: World, body: object, headers: dict[str, str], status: int, code: str
) -> None:
    with world.database.write() as session:
        set_switch(session, PROHIBITED_SWITCH, "forbidden", actor="user:root", now=world.now)
    check_problem(ask(app, client, body=body, **headers), status, code)
    assert states(world) == []


def test_what_an_index_of_its_own_wants_to_know_is_not_looked_at(app: Flask, client: Client) -> None:
    meta = {**META, "_example.org": {"organization": "mine"}}
    assert ask(app, client, body={**CREATE, "meta": meta, "color": "green"}).status_code == 201


def test_a_held_name_gets_the_answer_of_a_prohibited_one(
    app: Flask, client: Client, make_client: Callable[..., Client], world: World
) -> None:
    with world.database.write() as session:
        set_switch(session, PROHIBITED_SWITCH, "forbidden", actor="user:root", now=world.now)
    client.open("reserved", "1.0")
    otto = make_client("otto")
    held = ask(app, otto, body={**CREATE, "name": "reserved"})
    prohibited = ask(app, otto, body={**CREATE, "name": "forbidden"})
    similar = ask(app, otto, body={**CREATE, "name": "re-served"})
    assert held.status_code == prohibited.status_code == similar.status_code == 403
    assert held.text.replace("reserved", "forbidden") == prohibited.text
    assert similar.text.replace("re-served", "forbidden") == prohibited.text


def test_a_second_session_is_409_and_leads_to_the_first(app: Flask, client: Client) -> None:
    release = client.open("demo", "1.0")
    answer = ask(app, client, body={**CREATE, "name": "Demo"})
    check_problem(answer, 409, "session.exists")
    assert answer.headers["Location"] == release.links["session"]
    assert client.open("demo", "2.0").status == "open", "another version is another session"


def test_another_spelling_of_the_version_is_409(app: Flask, client: Client) -> None:
    client.open("demo", "1.0")
    check_problem(ask(app, client, body={**CREATE, "version": "1.0.0"}), 409, "release.version-spelling")


FILE = {
    "meta": META,
    "filename": WHEEL.filename,
    "size": len(WHEEL.data),
    "hashes": {"sha256": sha256(WHEEL.data).hexdigest()},
    "mechanism": "http-post-bytes",
}


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"mechanism": "vnd-acme-postal"}, 422, "file.mechanism"),
        ({"mechanism": 1}, 400, "request.malformed"),
        ({"filename": "demo.zip"}, 400, "filename.extension"),
        ({"filename": "../demo-1.0-py3-none-any.whl"}, 400, "filename.characters"),
        ({"filename": "Demo-1.0.tar.gz"}, 400, "filename.not-normalized"),
        ({"filename": "else-1.0-py3-none-any.whl"}, 400, "form.name-mismatch"),
        ({"filename": "demo-1.1-py3-none-any.whl"}, 400, "form.version-mismatch"),
        ({"filename": "demo-1.0-py3-none-linux_x86_64.whl"}, 400, "wheel.platform-tag"),
        ({"size": 0}, 400, "request.malformed"),
        ({"size": -1}, 400, "request.malformed"),
        ({"size": "12"}, 400, "request.malformed"),
        ({"size": 200 * 1024**2}, 409, "form.file-too-large"),
        ({"hashes": {}}, 400, "request.malformed"),
        ({"hashes": {"md5": "0" * 32}}, 400, "form.digest-missing"),
        ({"hashes": {"sha256": "xyz"}}, 400, "form.digest-malformed"),
        ({"hashes": {"sha256": "0" * 63 + "\u0660"}}, 400, "form.digest-malformed"),
        ({"hashes": {"rot13": "00"}}, 400, "file.hash-unknown"),
        ({"hashes": {"shake_128": "00", "sha256": "0" * 64}}, 400, "file.hash-unknown"),
    ],
)
def test_a_file_is_not_announced(  # noqa: PLR0917 # the columns of the table
    app: Flask, client: Client, world: World, changes: Mapping[str, Any], status: int, code: str
) -> None:
    release = client.open("demo", "1.0")
    check_problem(ask(app, client, release.links["upload"], {**FILE, **changes}), status, code)
    release.look()
    assert release.document["files"] == {}


def test_a_file_on_its_way_or_failed_is_in_the_way_of_another_of_its_name(app: Flask, client: Client) -> None:
    release = client.open("demo", "1.0")
    file = release.announce(*WHEEL)
    check_problem(ask(app, client, release.links["upload"], FILE), 409, "file.in-the-way")
    with pytest.raises(Problem):
        release.complete(file)  # no bytes: it has failed
    check_problem(ask(app, client, release.links["upload"], FILE), 409, "file.in-the-way")
    release.delete(file)
    assert release.upload(*WHEEL)["status"] == "completed"


@pytest.mark.parametrize(
    ("body", "kind", "status", "code"),
    [
        (WHEEL.data[:-1], "application/octet-stream", 400, "file.size"),
        (WHEEL.data + b"x", "application/octet-stream", 400, "file.size"),
        (WHEEL.data[:-1] + b"x", "application/octet-stream", 400, "form.digest-mismatch"),
        (WHEEL.data, CONTENT_TYPE, 415, "request.content-type"),
        (WHEEL.data, "multipart/form-data", 415, "request.content-type"),
    ],
)
def test_bytes_that_were_not_announced_are_refused_and_may_be_sent_again(  # noqa: PLR0917 # the columns of the table
    app: Flask, client: Client, world: World, body: bytes, kind: str, status: int, code: str
) -> None:
    release = client.open("demo", "1.0")
    file = release.announce(*WHEEL)
    check_problem(ask(app, client, file["mechanism"]["file_url"], body, Content_Type=kind), status, code)
    folder = world.services.settings.incoming_folder
    assert not folder.exists() or list(folder.iterdir()) == []
    for _ in range(2):
        client.send_raw(file["mechanism"]["file_url"], WHEEL.data, "application/octet-stream")
    assert release.complete(file)["status"] == "completed"


def test_every_hash_that_was_announced_is_computed(client: Client) -> None:
    release = client.open("demo", "1.0")
    names = ("md5", "sha1", "sha3_256", "blake2b", "sha512")
    hashes = {name: hashlib.new(name, WHEEL.data).hexdigest().upper() for name in names}
    file = release.announce(*WHEEL, hashes=hashes)
    client.send_raw(file["mechanism"]["file_url"], WHEEL.data, "application/octet-stream")
    assert release.complete(file)["status"] == "completed"
    other = wheel(tag="py2-none-any")
    wrong = release.announce(*other, hashes={**hashes, "sha256": sha256(other.data).hexdigest()})
    with pytest.raises(Problem) as refused:
        client.send_raw(wrong["mechanism"]["file_url"], other.data, "application/octet-stream")
    assert refused.value.code == "form.digest-mismatch"


BAD_WHEEL = build_wheel("demo", "1.0", {"demo/__init__.py": ""}, metadata={"Classifier": "Private :: Not for upload"})


@pytest.mark.parametrize(
    ("data", "attestations", "code"),
    [
        (b"no archive", None, "archive.zip"),
        (BAD_WHEEL.data, None, "metadata.classifier-private"),
        (WHEEL.data, b'[{"version": 1}]', "attestations.invalid"),
        (None, None, "file.no-bytes"),
    ],
)
def test_a_completion_that_fails_is_final_for_the_file(
    app: Flask, client: Client, data: bytes | None, attestations: bytes | None, code: str
) -> None:
    release = client.open("demo", "1.0")
    file = release.announce(WHEEL.filename, data or b"x")
    if data is not None:
        client.send_raw(file["mechanism"]["file_url"], data, "application/octet-stream")
    if attestations is not None:
        client.send_raw(file["mechanism"]["attestations_url"], attestations, "application/json")
    with pytest.raises(Problem) as refused:
        release.complete(file)
    assert refused.value.status == 400
    assert refused.value.code.startswith(code)

    document = client.send("GET", file["links"]["file-upload-session"]).json()
    assert document["status"] == "error"
    assert document["notices"] == [error["message"] for error in refused.value.document["errors"]]
    release.look()
    entry = {"status": "error", "link": file["links"]["file-upload-session"], "notices": document["notices"]}
    assert release.document["files"] == {WHEEL.filename: entry}
    with pytest.raises(Problem) as refused:
        release.publish()
    assert (refused.value.status, refused.value.code) == (409, "file.not-completed")
    assert f"{WHEEL.filename} is error" in str(refused.value)
    for url, body, kind in (
        (file["links"]["complete"], {"meta": META}, CONTENT_TYPE),
        (file["mechanism"]["file_url"], WHEEL.data, "application/octet-stream"),
        (file["mechanism"]["attestations_url"], b"[{}]", "application/json"),
    ):
        check_problem(ask(app, client, url, body, Content_Type=kind), 409, "file.not-pending")
    release.delete(file)
    release.upload(*WHEEL)
    assert release.publish() == "processing"


def test_a_refused_file_is_in_the_log(client: Client, world: World) -> None:
    release = client.open("demo", "1.0")
    file = release.announce(*BAD_WHEEL)
    client.send_raw(file["mechanism"]["file_url"], BAD_WHEEL.data, "application/octet-stream")
    with pytest.raises(Problem):
        release.complete(file)
    with world.database.read() as session:
        entry = session.scalars(select(LogEntry).where(LogEntry.action == "upload.refused")).one()
        assert (entry.new, entry.evidence) == ("metadata.classifier-private", sha256(BAD_WHEEL.data).hexdigest())


@pytest.mark.parametrize(
    ("body", "kind", "status", "code"),
    [
        (b"[]", "application/json", 400, "attestations.malformed"),
        (b"{}", "application/json", 400, "attestations.malformed"),
        (b"[1]", "application/json", 400, "attestations.malformed"),
        (b"[", "application/json", 400, "attestations.malformed"),
        (b"[{}]", "application/octet-stream", 415, "request.content-type"),
        (b"[{}]" + b" " * (4 * 1024**2), "application/json", 413, "request.too-large"),
    ],
)
def test_what_are_no_attestations_is_refused_at_once(  # noqa: PLR0917 # the columns of the table
    app: Flask, client: Client, body: bytes, kind: str, status: int, code: str
) -> None:
    release = client.open("demo", "1.0")
    file = release.announce(*WHEEL)
    check_problem(ask(app, client, file["mechanism"]["attestations_url"], body, Content_Type=kind), status, code)


def test_an_empty_session_and_one_with_a_pending_file_are_not_published(app: Flask, client: Client) -> None:
    release = client.open("demo", "1.0")
    check_problem(ask(app, client, release.links["publish"], {"meta": META}), 409, "session.empty")
    release.upload(*WHEEL)
    pending = release.announce(*wheel(tag="py2-none-any"))
    check_problem(ask(app, client, release.links["publish"], {"meta": META}), 409, "file.not-completed")
    assert release.look() == "open"
    release.delete(pending)
    assert release.publish() == "processing"


@pytest.mark.parametrize("body", [{"meta": META}, {"meta": META, "extend-for": -1}, {"meta": META, "extend-for": "1"}])
def test_an_extension_by_nothing_that_is_a_number_is_400(app: Flask, client: Client, body: object) -> None:
    release = client.open("demo", "1.0")
    check_problem(ask(app, client, release.links["extend"], body), 400, "request.malformed")


def test_other_methods_and_other_addresses_are_problems_too(app: Flask, client: Client) -> None:
    answer = ask(app, client, method="GET")
    check_problem(answer, 405, "request.method")
    assert answer.headers["Allow"] == "POST"
    answer = ask(app, client, "/upload/2.0/sessions/X", method="PUT")
    check_problem(answer, 405, "request.method")
    assert answer.headers["Allow"] == "DELETE, GET"
    check_problem(ask(app, client, "/upload/2.0/other"), 404, "session.unknown")


def test_what_breaks_on_our_side_is_a_problem_without_details(
    app: Flask, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("secret words")

    monkeypatch.setattr("index.upload.sessions.publishing.open_session", fail)
    answer = ask(app, client, body=CREATE)
    check_problem(answer, 500, "request.failed")
    assert "secret" not in answer.text


def test_a_token_that_dies_while_bytes_come_stores_nothing(client: Client, world: World) -> None:
    release = client.open("demo", "1.0")
    file = release.announce(*WHEEL)
    client.send_raw(file["mechanism"]["file_url"], WHEEL.data, "application/octet-stream")
    with world.database.write() as session:
        for token in session.scalars(select(Token)):
            token.revoked_at = world.now
    with pytest.raises(Problem) as refused:
        release.complete(file)
    assert refused.value.status == 401
    with world.database.read() as session:
        assert session.scalars(select(FileSession.status)).one() == "pending"
        assert session.scalars(select(Submission)).one().files == []


def test_bytes_that_are_gone_before_the_completion_fail_the_file(client: Client, world: World) -> None:
    release = client.open("demo", "1.0")
    file = release.announce(*WHEEL)
    client.send_raw(file["mechanism"]["file_url"], WHEEL.data, "application/octet-stream")
    world.services.blobs.delete(Sha256Hex(sha256(WHEEL.data).hexdigest()))
    with pytest.raises(Problem) as refused:
        release.complete(file)
    assert refused.value.code == "file.no-bytes"
    release.delete(file)
    assert release.upload(*WHEEL)["status"] == "completed"
