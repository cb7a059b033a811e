from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from index.accounts.tokens import authenticate, create_token, list_tokens, looks_like_token, revoke_token
from index.store.tables import LogEntry, Token, User
from pratique.commands.token import token as token_command

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy.orm import Session

    from index.services import Services

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def make_user(session: Session, username: str = "ada") -> User:
    user = User(
        username=username,
        email=f"{username}@example.invalid",
        fs_uniquifier=username,
        create_datetime=NOW,
        update_datetime=NOW,
    )
    session.add(user)
    session.flush()
    return user


def test_the_secret_authenticates_and_only_its_digest_is_stored(services: Services) -> None:
    with services.database.write() as session:
        made, secret = create_token(session, make_user(session), label="laptop", now=NOW)
        token_id = made.id

    with services.database.read() as session:
        found = authenticate(session, secret, now=NOW)
        assert found is not None
        assert (found.id, found.user.username, found.project) == (token_id, "ada", None)
        stored = session.scalars(select(Token)).one()
        assert secret not in repr(vars(stored))
        assert len(secret) == len("pratique-") + 43 + 8


def _revoke(session: Session, token: Token) -> None:
    revoke_token(session, token, now=NOW)


def _expire(session: Session, token: Token) -> None:
    token.expires_at = NOW


def _switch_off(session: Session, token: Token) -> None:
    token.user.active = False


@pytest.mark.parametrize("kill", [_revoke, _expire, _switch_off])
def test_a_dead_token_authenticates_nobody(services: Services, kill: Callable[[Session, Token], None]) -> None:
    with services.database.write() as session:
        made, secret = create_token(
            session, make_user(session), label="ci", expires_at=NOW + timedelta(seconds=1), now=NOW
        )
        assert authenticate(session, secret, now=NOW) is not None
        kill(session, made)

    with services.database.read() as session:
        assert authenticate(session, secret, now=NOW) is None


def test_a_well_formed_secret_that_nobody_was_given_authenticates_nobody(services: Services) -> None:
    def make_and_fail() -> None:
        with services.database.write() as session:
            secrets.append(create_token(session, make_user(session), label="gone", now=NOW)[1])
            raise RuntimeError

    secrets: list[str] = []
    with pytest.raises(RuntimeError):
        make_and_fail()
    (secret,) = secrets
    assert looks_like_token(secret)
    with services.database.read() as session:
        assert authenticate(session, secret, now=NOW) is None


@given(position=st.integers(0, 59), character=st.characters())
def test_one_wrong_character_is_seen_without_a_database(position: int, character: str) -> None:
    secret = "pratique-" + "A" * 43 + "349e9122"
    assert looks_like_token(secret)
    changed = secret[:position] + character + secret[position + 1 :]
    assert looks_like_token(changed) == (changed == secret)


def test_making_and_revoking_are_in_the_log_once(services: Services) -> None:
    with services.database.write() as session:
        made, _ = create_token(session, make_user(session), label="ci", project="Foo_Bar", actor="user:root", now=NOW)
        revoke_token(session, made, now=NOW)
        revoke_token(session, made, now=NOW + timedelta(days=1))
        assert made.project == "foo-bar"
        assert made.revoked_at == NOW

    with services.database.read() as session:
        entries = [(each.actor, each.action, each.new) for each in session.scalars(select(LogEntry))]
    assert entries == [("user:root", "token.created", "foo-bar"), ("user:ada", "token.revoked", "")]


def test_the_operator_makes_lists_and_revokes_tokens(
    services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRATIQUE_DATA", str(services.settings.data))
    with services.database.write() as session:
        make_user(session)
    run = CliRunner()

    made = run.invoke(token_command, ["create", "ada", "--label", "ci", "--project", "foo", "--days", "30"])
    assert made.exit_code == 0, made.output
    secret = made.stdout.strip()
    with services.database.read() as session:
        found = authenticate(session, secret, now=datetime.now(UTC))
        assert found is not None
        assert found.project == "foo"
        token_id = str(found.id)

    listed = run.invoke(token_command, ["list", "ada"])
    assert "foo" in listed.stdout
    assert "expires" in listed.stdout
    assert secret not in listed.output

    assert run.invoke(token_command, ["revoke", token_id]).exit_code == 0
    with services.database.read() as session:
        assert authenticate(session, secret, now=datetime.now(UTC)) is None
        assert [each.id for each in list_tokens(session)] == [int(token_id)]


@pytest.mark.parametrize("arguments", [["create", "nobody", "--label", "x"], ["revoke", "99"], ["list", "nobody"]])
def test_the_operator_is_told_of_what_does_not_exist(
    services: Services, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.setenv("PRATIQUE_DATA", str(services.settings.data))
    result = CliRunner().invoke(token_command, arguments)
    assert result.exit_code == 1
    assert "There is no" in result.output
