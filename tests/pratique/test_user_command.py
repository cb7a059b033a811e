from __future__ import annotations

from typing import TYPE_CHECKING

import pyotp
import pytest
from click.testing import CliRunner

from index.accounts.people import find_user
from pratique.cli import main

if TYPE_CHECKING:
    from click.testing import Result

    from index.services import Services


@pytest.fixture(autouse=True)
def instance(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRATIQUE_DATA", str(services.settings.data_folder))


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["user", *arguments])


def test_create_prints_a_password_and_for_an_analyst_a_totp_secret() -> None:
    plain = run("create", "maya", "--email", "maya@example.org")
    assert plain.exit_code == 0
    assert len(plain.stdout.split()) == 1

    analyst = run("create", "ana", "--email", "ana@example.org", "--role", "analyst")
    password, secret = analyst.stdout.split()
    assert len(password) >= 24
    assert pyotp.TOTP(secret).now().isdecimal()


def test_create_says_what_is_wrong_and_makes_nothing(services: Services) -> None:
    refused = run("create", "Not A Name", "--email", "x@example.org")
    assert refused.exit_code == 1
    assert "'Not A Name'" in refused.stderr
    with services.database.read() as session:
        assert find_user(session, "x@example.org") is None


def test_list_shows_roles_and_second_factor() -> None:
    run("create", "ana", "--email", "ana@example.org", "--role", "analyst", "--role", "administrator")
    assert run("list").stdout == "ana\tana@example.org\tadministrator,analyst\tsecond factor\n"


def test_reset_gives_new_secrets_and_ends_sessions(services: Services) -> None:
    before = run("create", "ana", "--email", "ana@example.org", "--role", "analyst").stdout
    with services.database.read() as session:
        found = find_user(session, "ana")
        assert found is not None
        session_key = found.fs_uniquifier
    after = run("reset", "ana").stdout
    assert set(after.split()).isdisjoint(before.split())
    with services.database.read() as session:
        found = find_user(session, "ana")
        assert found is not None
        assert found.fs_uniquifier != session_key


def test_reset_of_nobody_fails() -> None:
    assert run("reset", "nobody").exit_code == 1
