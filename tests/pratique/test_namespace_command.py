from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from index.accounts.namespaces import all_namespaces
from index.accounts.tokens import authenticate
from index.clock import utcnow
from index.store.tables import Scope
from pratique.cli import main
from tests.fixtures.releases import make_user

if TYPE_CHECKING:
    from click.testing import Result

    from index.services import Services


@pytest.fixture(autouse=True)
def instance(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRATIQUE_DATA", str(services.settings.data_folder))
    with services.database.write() as session:
        make_user(session, "ada")
        make_user(session, "bob")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def test_a_namespace_is_granted_listed_and_revoked(services: Services) -> None:
    granted = run("namespace", "grant", "Acme.Tools", "ada")
    assert granted.stdout == "acme-tools is reserved for ada.\n"
    assert "PRATIQUE_NAMESPACES is off" in granted.stderr
    assert run("namespace", "grant", "acme-tools", "ada").stdout == "acme-tools is reserved for ada already.\n"
    assert run("namespace", "list").stdout == "acme-tools\tada\n"

    refused = run("namespace", "grant", "acme", "bob")
    assert refused.exit_code == 1
    assert "overlaps acme-tools" in refused.stderr

    assert run("namespace", "revoke", "acme-tools", "ada").exit_code == 0
    with services.database.read() as session:
        assert all_namespaces(session) == {}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("grant", "-acme", "ada"), "'-acme' is no namespace"),
        (("grant", "acme", "eve"), "There is no user 'eve'"),
        (("revoke", "acme", "ada"), "ada has no grant for acme"),
    ],
)
def test_what_cannot_be_done_is_said(arguments: tuple[str, ...], said: str) -> None:
    refused = run("namespace", arguments[0], "--", *arguments[1:])
    assert refused.exit_code == 1
    assert said in refused.stderr


def test_a_token_that_only_reads_is_made_and_listed_as_one(services: Services) -> None:
    secret = run("token", "create", "ada", "--label", "ci", "--read").stdout.strip()
    with services.database.read() as session:
        assert authenticate(session, secret, now=utcnow()) is None
        assert authenticate(session, secret, now=utcnow(), scope=Scope.READ) is not None
    assert "\treads only\tci" in run("token", "list").stdout
    assert run("token", "create", "ada", "--label", "ci", "--read", "--project", "demo").exit_code == 2
