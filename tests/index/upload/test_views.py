from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select
from werkzeug.test import EnvironBuilder, run_wsgi_app

from index.accounts.tokens import list_tokens, revoke_token
from index.clock import utcnow
from index.store.tables import Artifact as StoredArtifact
from index.store.tables import File, LogEntry, Submission, SubmissionState
from scanner.model import Sha256Hex
from tests.fixtures.artifacts import Artifact, build_sdist, build_wheel
from tests.index.upload.conftest import BOUNDARY, Client, digests, form_parts, multipart

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from index.services import Services


def files(services: Services) -> list[tuple[str, str]]:
    with services.database.read() as session:
        return [(each.filename, each.sha256) for each in session.scalars(select(File).order_by(File.id))]


def incoming(services: Services) -> list[str]:
    folder = services.settings.incoming_folder
    return [path.name for path in folder.iterdir()] if folder.exists() else []


def twine(artifact: Artifact) -> bytes:
    return multipart(form_parts(artifact, {"comment": "", "classifiers": "Topic :: Security"}))


def uv(artifact: Artifact) -> bytes:
    first = {":action": "file_upload", "requires_python": "", "import_names": "x"}
    return multipart([*form_parts(artifact, first, content_type=None), ("description", None, b"", None)])


def poetry(artifact: Artifact) -> bytes:
    return multipart(form_parts(artifact, digests(artifact.data, "md5_digest")))


def flit(artifact: Artifact) -> bytes:
    changes: dict[str, str | None] = {
        "metadata_version": "2.3",
        "blake2_256_digest": None,
        "pyversion": "py2.py3" if artifact.filename.endswith(".whl") else None,
        **digests(artifact.data, "md5_digest"),
    }
    return multipart(form_parts(artifact, changes, content_type=None))


def content_first(artifact: Artifact) -> bytes:
    return multipart(form_parts(artifact, content_last=False))


@pytest.mark.parametrize("encode", [twine, uv, poetry, flit, content_first])
def test_a_release_arrives_as_each_client_sends_it(
    client: Client, services: Services, wheel: Artifact, sdist: Artifact, encode: Callable[[Artifact], bytes]
) -> None:
    for artifact in (wheel, sdist):
        answer = client.post(encode(artifact))
        assert answer.status == "200 OK", answer.text

    sha256 = [Sha256Hex(hashlib.sha256(each.data).hexdigest()) for each in (wheel, sdist)]
    assert files(services) == [(wheel.filename, sha256[0]), (sdist.filename, sha256[1])]
    with services.database.read() as session:
        submission = session.scalars(select(Submission)).one()
        assert submission.state == SubmissionState.OPEN
        assert [services.blobs.path(each).read_bytes() for each in sha256] == [wheel.data, sdist.data]
        received = session.scalars(select(LogEntry.actor).where(LogEntry.action == "file.received")).all()
        assert received == ["token:1", "token:1"]
    assert incoming(services) == []


def test_the_answer_says_where_to_follow_the_submission(client: Client, services: Services, wheel: Artifact) -> None:
    answer = client.upload(wheel)

    with services.database.read() as session:
        submission = session.scalars(select(Submission)).one().id
    place = f"http://127.0.0.1:8000/submissions/{submission}"
    assert answer.headers["Location"] == place
    assert answer.headers["Link"] == f'<{place}>; rel="status"'
    assert answer.content_type == "text/plain; charset=utf-8"
    assert submission in answer.text

    client.accept = "application/json"
    again = client.upload(wheel)
    assert again.content_type == "application/json"
    assert again.json == {
        "submission": submission,
        "state": "open",
        "duplicate": True,
        "filename": wheel.filename,
        "status_url": place,
    }


def test_the_doorbell_rings_after_the_commit_and_a_broken_one_fails_nothing(
    client: Client, services: Services, wheel: Artifact, sdist: Artifact
) -> None:
    seen: list[int] = []

    def ring() -> None:
        with services.database.read() as session:
            seen.append(session.scalar(select(func.count()).select_from(File)) or 0)
        raise ConnectionError("no broker")

    services.ring = ring
    assert client.upload(wheel).status_code == 200
    assert seen == [1]


# Who may not


@pytest.mark.parametrize(
    ("auth", "code"),
    [
        (None, "auth.credentials-missing"),
        (("ada", "password"), "auth.credentials-invalid"),
        (("__token__", "pratique-nonsense"), "auth.credentials-invalid"),
        (("__token__", ""), "auth.credentials-missing"),
    ],
)
def test_without_a_living_token_the_answer_is_401_and_the_body_stays_unread(
    app: Flask, auth: tuple[str, str] | None, code: str
) -> None:
    class Unread:
        def read(self, *_: int) -> bytes:
            raise AssertionError("the body was read")

    environ = EnvironBuilder(
        "/legacy/",
        method="POST",
        auth=auth,
        content_type=f"multipart/form-data; boundary={BOUNDARY}",
        headers=[("Accept", "application/problem+json"), ("Content-Length", "1000")],
    ).get_environ()
    body, status, headers = run_wsgi_app(app, {**environ, "wsgi.input": Unread()})
    assert status.startswith("401 ")
    assert headers["WWW-Authenticate"].startswith("Basic ")
    assert json.loads(b"".join(body))["code"] == code


def test_a_token_for_one_project_uploads_to_no_other(
    new_client: Callable[..., Client], services: Services, wheel: Artifact
) -> None:
    answer = new_client("bob", project="other").upload(wheel)
    assert answer.status_code == 403
    assert "'other' only" in answer.status
    assert files(services) == []

    assert new_client("ada", project="Tidy.Example").upload(wheel).status_code == 200


def test_a_token_that_is_revoked_while_the_body_is_read_uploads_nothing(
    client: Client, services: Services, wheel: Artifact, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = services.blobs.put

    def revoke_then_put(*args: object) -> None:
        with services.database.write() as session:
            revoke_token(session, list_tokens(session)[0], now=utcnow())
        put(*args)  # type: ignore[arg-type] # passed through

    monkeypatch.setattr(services.blobs, "put", revoke_then_put)
    assert client.upload(wheel).status_code == 401
    assert files(services) == []


# What is wrong with an upload


WHEEL = build_wheel("foo", "1.0", {"foo/__init__.py": ""})
FAULTS = [
    pytest.param(({":action": "submit"}, WHEEL, 410, ["form.action-gone"]), id="registering"),
    pytest.param(({":action": "doc_upload"}, WHEEL, 410, ["form.action-gone"]), id="documentation"),
    pytest.param(({":action": "explode"}, WHEEL, 400, ["form.action"]), id="unknown action"),
    pytest.param(({":action": None}, WHEEL, 400, ["form.action"]), id="no action"),
    pytest.param(({"protocol_version": "2"}, WHEEL, 400, ["form.protocol-version"]), id="protocol"),
    pytest.param(({"name": None}, WHEEL, 400, ["form.field-missing"]), id="no name"),
    pytest.param(({"name": "bar"}, WHEEL, 400, ["form.name-mismatch"]), id="other name"),
    pytest.param(({"version": "1.1"}, WHEEL, 400, ["form.version-mismatch"]), id="other version"),
    pytest.param(({"version": "one"}, WHEEL, 400, ["form.version-mismatch"]), id="no version"),
    pytest.param(({"filetype": "sdist"}, WHEEL, 400, ["form.filetype-mismatch"]), id="other filetype"),
    pytest.param(({"filetype": "bdist_egg"}, WHEEL, 400, ["form.filetype-mismatch"]), id="unknown filetype"),
    pytest.param(({"sha256_digest": "0" * 64}, WHEEL, 400, ["form.digest-mismatch"]), id="other sha256"),
    pytest.param(({"blake2_256_digest": "0" * 64}, WHEEL, 400, ["form.digest-mismatch"]), id="other blake2"),
    pytest.param(({"md5_digest": "0" * 32}, WHEEL, 400, ["form.digest-mismatch"]), id="other md5"),
    pytest.param(({"sha256_digest": "zz"}, WHEEL, 400, ["form.digest-malformed"]), id="no digest at all"),
    pytest.param(
        (
            {"sha256_digest": None, "blake2_256_digest": None, "md5_digest": "0" * 32},
            WHEEL,
            400,
            ["form.digest-missing", "form.digest-mismatch"],
        ),
        id="only md5",
    ),
    pytest.param(({}, WHEEL._replace(filename="foo-1.0.zip"), 400, ["filename.extension"]), id="zip"),
    pytest.param(({}, WHEEL._replace(filename="../foo-1.0-py3-none-any.whl"), 400, ["filename.characters"]), id="path"),
    pytest.param(({}, WHEEL._replace(filename="Foo-1.0-py3-none-any.whl"), 400, ["filename.not-normalized"]), id="Foo"),
    pytest.param(
        ({}, build_wheel("foo", "1.0", {"a.py": ""}, tag="cp311-cp311-linux_x86_64"), 400, ["wheel.platform-tag"]),
        id="tag",
    ),
    pytest.param(
        (
            {},
            build_wheel("foo", "1.0", {"a.py": ""}, metadata={"Classifier": ["Nonsense :: Yes", "Topic :: Security"]}),
            400,
            ["metadata.classifier-unknown"],
        ),
        id="classifier",
    ),
    pytest.param(
        (
            {},
            build_wheel("foo", "1.0", {"a.py": ""}, metadata={"Classifier": "Private :: Do Not Upload"}),
            400,
            ["metadata.classifier-private"],
        ),
        id="private",
    ),
    pytest.param(
        (
            {},
            build_wheel(
                "foo", "1.0", {"a.py": ""}, metadata={"Requires-Dist": "bar @ https://example.invalid/bar.whl"}
            ),
            400,
            ["archive.metadata.url-requirement"],
        ),
        id="URL requirement",
    ),
    pytest.param(
        (
            {},
            build_wheel("foo", "1.0", {"a.py": ""}, metadata={"Requires-Python": "yes"}),
            400,
            ["archive.metadata.invalid"],
        ),
        id="requires-python",
    ),
    pytest.param(
        ({}, build_wheel("json", "1.0", {"json/__init__.py": ""}), 400, ["name.standard-library"]),
        id="standard library",
    ),
    pytest.param(
        ({}, build_wheel("distutils", "1.0", {"a.py": ""}), 400, ["name.standard-library"]), id="former module"
    ),
    pytest.param(
        ({}, build_sdist("requirements-txt", "1.0", {"a.py": ""}), 400, ["name-not-allowed"]), id="prohibited"
    ),
    pytest.param(({}, WHEEL._replace(data=b""), 400, ["form.content-empty"]), id="empty"),
    pytest.param(({}, WHEEL._replace(data=b"no zip"), 400, ["archive.zip.not-a-zip"]), id="no wheel"),
    pytest.param(({}, WHEEL._replace(data=WHEEL.data + b"x"), 400, ["archive.zip.appended-data"]), id="appended data"),
    pytest.param(({"attestations": "{}"}, WHEEL, 400, ["attestations.invalid"]), id="attestations no list"),
    pytest.param(({"attestations": "[]"}, WHEEL, 400, ["attestations.invalid"]), id="no attestation in the list"),
    pytest.param(({"attestations": "[1]"}, WHEEL, 400, ["attestations.invalid"]), id="no attestation"),
]


Changes = dict[str, str | None]


@pytest.mark.parametrize("case", FAULTS)
def test_a_faulty_upload_is_refused_with_its_codes_and_leaves_nothing(
    client: Client, services: Services, case: tuple[Changes, Artifact, int, list[str]]
) -> None:
    changes, artifact, status, codes = case
    client.accept = "application/problem+json"
    answer = client.upload(artifact, changes)

    assert answer.status_code == status, answer.text
    assert answer.json is not None
    assert [each["code"] for each in answer.json["errors"]] == codes
    assert files(services) == []
    assert incoming(services) == []
    with services.database.read() as session:
        assert session.scalars(select(StoredArtifact)).all() == []
        entry = session.scalars(select(LogEntry).where(LogEntry.action == "upload.refused")).one()
    assert (entry.actor, entry.new) == ("token:1", codes[0])
    assert entry.evidence == hashlib.sha256(artifact.data).hexdigest()


def test_all_faults_of_an_upload_are_told_at_once(client: Client) -> None:
    artifact = build_wheel(
        "json",
        "1.0",
        {"a.py": ""},
        tag="cp311-cp311-linux_x86_64",
        metadata={"Classifier": "Nonsense :: Yes", "Requires-Dist": "bar"},
    )
    answer = client.upload(artifact, {"sha256_digest": "0" * 64, "version": "2", "protocol_version": "7"})

    assert answer.status.startswith(
        "400 The form's 'protocol_version' is '7', expected '1'. (and 5 more: see the body)"
    )
    for code in (
        "form.protocol-version",
        "form.digest-mismatch",
        "form.version-mismatch",
        "name.standard-library",
        "wheel.platform-tag",
        "metadata.classifier-unknown",
    ):
        assert code in answer.text


def test_a_file_over_the_limit_is_413(client: Client, services: Services, wheel: Artifact) -> None:
    services.settings = services.settings.model_copy(update={"upload_max_bytes": 100})
    answer = client.upload(wheel)
    assert answer.status_code == 413
    assert "File too large" in answer.status
    assert files(services) == []


@pytest.mark.parametrize(
    ("content_type", "status"),
    [("application/json", 415), ("multipart/form-data", 415), ("", 415)],
)
def test_a_body_that_is_no_multipart_form_is_refused(
    app: Flask, client: Client, content_type: str, status: int
) -> None:
    answer = app.test_client().post(
        "/legacy/", data=b"{}", auth=("__token__", client.secret), content_type=content_type
    )
    assert answer.status_code == status


def test_a_body_without_a_length_is_411(app: Flask, client: Client) -> None:
    environ = EnvironBuilder(
        "/legacy/", method="POST", auth=("__token__", client.secret), content_type="multipart/form-data; boundary=x"
    ).get_environ()
    environ.pop("CONTENT_LENGTH", None)
    _, status, _ = run_wsgi_app(app, environ)
    assert status.startswith("411 ")


# The forms of an answer


def test_the_answer_has_the_form_that_the_client_can_show(client: Client) -> None:
    body = multipart(form_parts(WHEEL, {"version": "2"}))

    twine = client.post(body)
    assert twine.status == "400 The form says version '2', and the file says '1.0'."
    assert twine.content_type == "text/plain; charset=utf-8"
    assert "http://127.0.0.1:8000/help/upload-errors#form-version-mismatch" in twine.text

    uv = client.post(body, Accept="application/json;q=0.9, text/plain;q=0.8, text/html;q=0.7")
    assert uv.headers["Content-Type"] == "application/json"
    assert uv.json == {
        "code": "400 The form says version '2', and the file says '1.0'.",
        "message": "The form says version '2', and the file says '1.0'.",
        "errors": [
            {
                "code": "form.version-mismatch",
                "message": "The form says version '2', and the file says '1.0'.",
                "docs": "http://127.0.0.1:8000/help/upload-errors#form-version-mismatch",
            }
        ],
    }

    problem = client.post(body, Accept="application/problem+json")
    assert problem.headers["Content-Type"] == "application/problem+json"
    assert problem.json is not None
    assert (problem.json["status"], problem.json["code"]) == (400, "form.version-mismatch")
    assert problem.json["detail"] == "The form says version '2', and the file says '1.0'."

    assert client.post(body, Accept="text/html").content_type == "text/plain; charset=utf-8"


def test_what_a_client_sent_cannot_break_the_status_line_or_a_terminal(client: Client) -> None:
    answer = client.upload(WHEEL, {"version": "2\r\nX-Evil: 1\x1b[31m\u2028snowman \u2603" + "x" * 3000})
    assert answer.status_code == 400
    assert "X-Evil" not in answer.headers
    assert not set("\r\n\x1b") & set(answer.status)
    assert len(answer.status) < 600
    answer.status.encode("latin-1")
    assert "\x1b" not in answer.text


# Wrong addresses


def test_the_address_without_its_slash_leads_to_the_one_with_it(app: Flask) -> None:
    answer = app.test_client().post("/legacy")
    assert answer.status.startswith("308 Files are uploaded to http://127.0.0.1:8000/legacy/")
    assert answer.headers["Location"] == "http://127.0.0.1:8000/legacy/"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_the_upload_address_is_no_page(app: Flask, method: str) -> None:
    answer = app.test_client().open("/legacy/", method=method)
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "POST"
    assert "/simple/" in answer.text


@pytest.mark.parametrize("path", ["/simple/", "/simple/foo/", "/simple/foo", "/simple/a/b/c"])
def test_an_upload_to_the_index_is_405_and_says_where_to(app: Flask, client: Client, path: str) -> None:
    answer = client.post(multipart(form_parts(WHEEL)), url=path)
    assert answer.status_code == 405
    assert "http://127.0.0.1:8000/legacy/" in answer.status
    assert answer.headers["Allow"] == "GET, HEAD"


def test_reading_the_index_is_as_before(app: Flask) -> None:
    reader = app.test_client()
    assert reader.get("/simple/").status_code == 200
    assert reader.get("/simple/foo/").status_code == 404
    assert reader.get("/simple/foo").status_code == 301
    assert reader.get("/simple/foo/bar/").status_code == 404
