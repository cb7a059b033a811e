"""PEP 752: what programs read of namespaces, and that nothing of it is there without the setting."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from index.accounts.namespaces import NamespaceRefused, all_namespaces, grant, may_use, parse_namespace, revoke
from index.services import Services
from index.settings import Settings
from index.store.migrate import migrate
from index.store.tables import Membership, Project
from tests.fixtures.releases import NOW, make_user, seed
from tests.index.publish.standards import (
    DetailWithNamespaces,
    NamespaceDetail,
    NamespaceListed,
    ProjectListWithNamespaces,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

JSON = {"Accept": "application/vnd.pypi.simple.v1+json"}


@pytest.fixture
def services(tmp_path: Path, namespaces: bool) -> Iterator[Services]:
    made = Services.open(Settings(data=tmp_path / "var", namespaces=namespaces))
    migrate(made.database)
    yield made
    made.database.dispose()


@pytest.fixture
def namespaces() -> bool:
    return True


def reserve(services: Services, namespace: str, username: str = "maintainer", *, now: datetime = NOW) -> None:
    with services.database.write() as session:
        grant(session, namespace, make_user(session, username), actor="test", now=now)


def free(services: Services, namespace: str, username: str = "maintainer") -> None:
    with services.database.write() as session:
        revoke(session, namespace, make_user(session, username), actor="test", now=NOW)


def detail(client: FlaskClient, name: str) -> DetailWithNamespaces:
    return msgspec.json.decode(client.get(f"/simple/{name}/", headers=JSON).data, type=DetailWithNamespaces)


def shown(client: FlaskClient, name: str) -> list[tuple[str, bool]] | None:
    found = detail(client, name).namespaces
    return None if found is None else [(entry.name, entry.owned) for entry in found]


def test_a_page_shows_its_namespaces_and_whether_its_owners_have_them(
    client: FlaskClient, services: Services, tmp_path: Path
) -> None:
    seed(services, tmp_path, project="foo-bar-baz")
    seed(services, tmp_path, project="foobar")
    assert shown(client, "foo-bar-baz") is None

    reserve(services, "foo")
    reserve(services, "foo", "stranger")
    reserve(services, "foo-bar", "stranger")
    assert shown(client, "foo-bar-baz") == [("foo", True), ("foo-bar", False)]
    assert shown(client, "foobar") is None

    with services.database.write() as session:
        session.query(Membership).filter_by(
            project_id=session.query(Project).filter_by(name="foo-bar-baz").one().id
        ).delete()
    assert shown(client, "foo-bar-baz") == [("foo", False), ("foo-bar", False)]

    free(services, "foo-bar", "stranger")
    free(services, "foo", "stranger")
    free(services, "foo")
    assert shown(client, "foo-bar-baz") is None


def test_the_list_and_one_namespace_are_those_of_the_standard(client: FlaskClient, services: Services) -> None:
    for name in ("foo", "foo-bar", "foo-bar-baz", "foo-x-y", "fo"):
        reserve(services, name)

    listed = msgspec.json.decode(client.get("/namespaces").data, type=list[NamespaceListed])
    assert [entry.name for entry in listed] == ["fo", "foo", "foo-bar", "foo-bar-baz", "foo-x-y"]

    def read(name: str) -> tuple[str | None, list[str]]:
        answer = client.get(f"/namespace/{name}")
        assert answer.content_type == JSON["Accept"]
        found = msgspec.json.decode(answer.data, type=NamespaceDetail)
        assert (found.name, found.owner) == (name, "maintainer")
        return found.parent, found.children

    assert read("foo") == (None, ["foo-bar"])
    assert read("foo-bar") == ("foo", ["foo-bar-baz"])
    assert read("foo-x-y") == (None, [])
    assert client.get("/namespace/foo-x").status_code == 404
    projects = msgspec.json.decode(client.get("/simple/", headers=JSON).data, type=ProjectListWithNamespaces)
    assert projects.meta.api_version == "1.5"


def test_html_pages_stay_what_they_were(client: FlaskClient, services: Services, tmp_path: Path) -> None:
    seed(services, tmp_path, project="foo-bar")
    reserve(services, "foo")

    for path in ("/simple/", "/simple/foo-bar/"):
        page = client.get(path).text
        assert 'name="pypi:repository-version" content="1.4"' in page
        assert "namespace" not in page


def test_a_grant_is_seen_by_whoever_asks_with_a_date(client: FlaskClient, services: Services, tmp_path: Path) -> None:
    seed(services, tmp_path, project="foo-bar")
    before = client.get("/simple/foo-bar/", headers=JSON)
    assert "Last-Modified" not in before.headers
    reserve(services, "foo")

    later = {"If-Modified-Since": "Tue, 24 Nov 2037 12:00:00 GMT"}
    assert client.get("/simple/foo-bar/", headers=JSON | later).status_code == 200
    assert client.get("/simple/foo-bar/", headers=JSON | {"If-None-Match": before.headers["ETag"]}).status_code == 200


@pytest.mark.parametrize("namespaces", [False])
def test_without_the_setting_there_is_nothing_of_it(client: FlaskClient, services: Services, tmp_path: Path) -> None:
    seed(services, tmp_path, project="foo-bar")
    reserve(services, "foo")

    def json(answer: TestResponse) -> dict[str, object]:
        found = answer.json
        assert isinstance(found, dict)
        return found

    page, listed = json(client.get("/simple/foo-bar/", headers=JSON)), json(client.get("/simple/", headers=JSON))
    assert "namespaces" not in page
    assert page["meta"].items() >= {"api-version": "1.4"}.items()  # type: ignore[attr-defined] # a dict
    assert listed["meta"].items() >= {"api-version": "1.4"}.items()  # type: ignore[attr-defined] # a dict
    assert client.get("/namespaces").status_code == client.get("/namespace/foo").status_code == 404


@pytest.mark.parametrize(
    ("first", "second", "granted"),
    [
        ("foo", "foo-bar", False),
        ("foo-bar", "foo", False),
        ("foo", "foobar", True),
        ("foo-bar", "foo-baz", True),
        ("foo", "foo", True),  # a second account for the same one
    ],
)
def test_namespaces_of_different_people_do_not_overlap(
    first: str, second: str, granted: bool, services: Services
) -> None:
    reserve(services, first, "one")
    if granted:
        reserve(services, second, "two")
    else:
        with pytest.raises(NamespaceRefused, match=f"overlaps {first}, which is reserved for one"):
            reserve(services, second, "two")
    reserve(services, second, "one")


@pytest.mark.parametrize(
    ("project", "allowed"), [("foo", False), ("foo-bar", False), ("foobar", True), ("fo", True), ("a-foo", True)]
)
def test_a_namespace_is_in_the_way_of_its_names_and_of_no_others(
    project: str, allowed: bool, services: Services
) -> None:
    reserve(services, "foo")

    with services.database.write() as session:
        stranger, owner = make_user(session, "stranger"), make_user(session)
        assert may_use(session, project, stranger.id) == (None if allowed else "foo")
        assert may_use(session, project, owner.id) is None


@pytest.mark.parametrize("text", ["", "-foo", "foo!", "foo bar", "foo-"])
def test_what_no_project_could_be_called_is_no_namespace(text: str) -> None:
    with pytest.raises(NamespaceRefused):
        parse_namespace(text)


def test_a_namespace_is_normalized_not_too_deep_and_granted_once(services: Services) -> None:
    assert parse_namespace("Foo.Bar") == "foo-bar"
    with pytest.raises(NamespaceRefused, match="more than 3 hyphens"):
        reserve(services, "a-b-c-d-e")
    reserve(services, "foo")
    reserve(services, "foo")
    with services.database.read() as session:
        assert {name: [user.username for user in users] for name, users in all_namespaces(session).items()} == {
            "foo": ["maintainer"]
        }
    with pytest.raises(NamespaceRefused, match="has no grant"):
        free(services, "foo", "stranger")
