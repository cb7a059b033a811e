"""Reading with a token: nothing is answered to whoever proves nothing, and no cache answers for the index."""

from __future__ import annotations

from base64 import b64encode
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from index.accounts.tokens import create_token, revoke_token
from index.clock import utcnow
from index.publish.reading import GUARD_THEMSELVES, ReadingWithToken
from index.services import Services
from index.settings import Settings
from index.store.migrate import migrate
from index.store.tables import Scope, Token, User
from pratique.wsgi import create_app
from tests.fixtures.releases import make_user, seed
from tests.pratique.test_held_is_invisible import leaks, paths
from tests.webui.browser import Visitor
from tests.webui.desk import Desk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from flask import Flask
    from flask.testing import FlaskClient

    from tests.fixtures.releases import Seeded


def basic(secret: str, user: str = "__token__") -> dict[str, str]:
    return {"Authorization": f"Basic {b64encode(f'{user}:{secret}'.encode()).decode()}"}


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    made = Services.open(Settings(data=tmp_path / "var", reading="token"))
    migrate(made.database)
    yield made
    made.database.dispose()


@pytest.fixture
def app(services: Services) -> Flask:
    return create_app(services)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def shown(services: Services, tmp_path: Path) -> Seeded:
    return seed(services, tmp_path, project="inner-project")


def make_token(services: Services, *, scope: Scope = Scope.READ, days: float | None = None) -> str:
    now = utcnow()
    with services.database.write() as session:
        user = make_user(session, "reader")
        expires_at = None if days is None else now + timedelta(days=days)
        return create_token(session, user, label="test", scope=scope, expires_at=expires_at, now=now)[1]


def readable(seeded: Seeded) -> list[str]:
    file = f"/files/{seeded.sha256}/{seeded.filename}"
    return [
        "/simple/",
        f"/simple/{seeded.project}/",
        file,
        f"{file}.metadata",
        f"/pypi/{seeded.project}/json",
        f"/pypi/{seeded.project}/{seeded.version}/json",
        f"/project/{seeded.project}/",
        f"/search?q={seeded.project}",
        "/",
        "/rss/updates.xml",
        "/rss/packages.xml",
        "/stats",
        "/changes/",
    ]


@pytest.mark.parametrize("header", [{}, basic("no-token"), {"Authorization": "Bearer"}, {"Cookie": "pratique=forged"}])
def test_no_address_tells_a_stranger_of_what_is_published(
    header: dict[str, str], app: Flask, client: FlaskClient, shown: Seeded
) -> None:
    for path in [*paths(app, shown), *readable(shown)]:
        for method in ("GET", "HEAD", "POST"):
            with client.open(path, method=method, headers=header) as answer:
                told = leaks(answer.get_data().decode("latin-1"), path, shown)
                assert not told, f"{method} {path} ({answer.status_code}) shows {told}"
                if path.startswith(GUARD_THEMSELVES):
                    continue
                signs_in = answer.status_code == 303 and str(answer.location).startswith("/sign-in?next=/")
                assert answer.status_code == 401 or signs_in, f"{method} {path} answers {answer.status_code}"
                assert answer.headers["Cache-Control"] == "no-store"


def test_what_is_published_and_what_never_was_are_answered_alike(client: FlaskClient, shown: Seeded) -> None:
    there, nowhere = client.get(f"/simple/{shown.project}/"), client.get("/simple/no-such-project/")

    assert there.status_code == nowhere.status_code == 401
    assert there.data == nowhere.data
    assert there.headers == nowhere.headers
    assert there.headers["WWW-Authenticate"] == 'Basic realm="pratique", charset="UTF-8"'


@pytest.mark.parametrize("scope", list(Scope))
def test_a_living_token_reads_everything_and_no_shared_cache_keeps_it(
    scope: Scope, client: FlaskClient, services: Services, shown: Seeded
) -> None:
    secret = make_token(services, scope=scope)

    for header in (basic(secret), {"Authorization": f"Bearer {secret}"}):
        for path in readable(shown):
            with client.get(path, headers=header) as answer:
                assert answer.status_code == 200, path
                control = answer.headers["Cache-Control"]
                assert "private" in control or "no-store" in control, path
                assert "public" not in control, path
                assert {"Authorization", "Cookie"} <= set(answer.vary), path
                etag = answer.headers.get("ETag")
            if etag:
                with client.get(path, headers=header | {"If-None-Match": etag}) as again:
                    assert (again.status_code, again.headers["Cache-Control"]) == (304, control), path


def test_a_token_is_dead_with_the_next_request(client: FlaskClient, services: Services, shown: Seeded) -> None:
    def status(secret: str) -> int:
        return client.get(f"/simple/{shown.project}/", headers=basic(secret)).status_code

    revoked, switched_off = make_token(services), make_token(services)
    assert [status(revoked), status(revoked), status(switched_off)] == [200, 200, 200]

    with services.database.write() as session:
        revoke_token(session, session.query(Token).order_by(Token.id).first() or Token(), now=utcnow())
    assert [status(revoked), status(switched_off)] == [401, 200]

    with services.database.write() as session:
        session.query(User).filter_by(username="reader").one().active = False
    assert status(switched_off) == 401


def test_an_expired_token_reads_nothing_although_nothing_was_written_since(
    client: FlaskClient, services: Services, shown: Seeded, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret, path = make_token(services, days=1), f"/simple/{shown.project}/"
    assert client.get(path, headers=basic(secret)).status_code == 200

    tomorrow = utcnow() + timedelta(days=1, seconds=1)
    monkeypatch.setattr("index.publish.reading.utcnow", lambda: tomorrow)
    assert client.get(path, headers=basic(secret)).status_code == 401


@pytest.mark.parametrize("user", ["", "reader", "__TOKEN__"])
def test_a_token_goes_with_its_user_name(user: str, client: FlaskClient, services: Services, shown: Seeded) -> None:
    secret = make_token(services)

    assert client.get("/simple/", headers=basic(secret, user)).status_code == 401


def test_a_token_that_reads_does_nothing_else(client: FlaskClient, services: Services, shown: Seeded) -> None:
    header = basic(make_token(services, scope=Scope.READ))
    with services.database.write() as session:
        session.query(Token).one().user_id = session.query(User).filter_by(username="maintainer").one().id

    upload = client.post("/legacy/", headers=header | {"Accept": "application/problem+json"})
    assert upload.status_code == 403
    assert upload.json is not None
    assert upload.json["code"] == "auth.token-scope"
    assert client.post("/upload/2.0/", headers=header, json={}).status_code == 403
    assert client.get(f"/api/projects/{shown.project}", headers=header).status_code == 401
    assert client.get(f"/submissions/{shown.submission_id}", headers=header).status_code == 404


def test_whoever_is_signed_in_reads_pages_and_follows_their_links(
    app: Flask, services: Services, shown: Seeded, tmp_path: Path
) -> None:
    visitor = Visitor(app)
    assert visitor.get(f"/project/{shown.project}/").location == f"/sign-in?next=/project/{shown.project}/"
    visitor.sign_in(Desk(services, tmp_path).account("noor"))

    for path in readable(shown):
        assert visitor.get(path).status_code == 200, path
    visitor.get("/accessibility")
    visitor.submit("/sign-out")
    for path in readable(shown):
        assert visitor.get(path).status_code in {303, 401}, path


def test_guessing_leaves_nothing_in_memory(services: Services, shown: Seeded) -> None:
    gate = ReadingWithToken(lambda _environ, _start: [], services, signed_in=lambda _environ: False)
    for number in range(50):
        environ = {"PATH_INFO": "/simple/", "REQUEST_METHOD": "GET", "HTTP_AUTHORIZATION": f"Bearer {number}"}
        gate(environ, lambda _status, _headers, _info=None: lambda _data: None)
    assert not gate._readers._values
    gate.close()


def test_a_token_is_dead_with_the_next_request_on_postgresql_too(postgres_url: str, tmp_path: Path) -> None:
    services = Services.open(Settings(data=tmp_path / "other", database_url=postgres_url, reading="token"))
    migrate(services.database)
    secret = make_token(services)
    answers: list[str] = []
    gate = ReadingWithToken(lambda _environ, _start: [b"inside"], services, signed_in=lambda _environ: False)

    def start(status: str, _headers: object, _info: object = None, /) -> Callable[[bytes], object]:
        answers.append(status)
        return lambda _data: None

    def ask() -> list[bytes]:
        header = basic(secret)["Authorization"]
        return list(gate({"PATH_INFO": "/simple/", "REQUEST_METHOD": "GET", "HTTP_AUTHORIZATION": header}, start))

    assert [ask(), ask()] == [[b"inside"], [b"inside"]]
    with services.database.write() as session:
        revoke_token(session, session.query(Token).order_by(Token.id.desc()).first() or Token(), now=utcnow())
    assert b"inside" not in ask()
    assert answers == ["401 UNAUTHORIZED"]
    gate.close()
    services.database.dispose()
