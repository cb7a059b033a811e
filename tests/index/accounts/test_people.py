from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pyotp
import pytest
from flask import Flask
from flask_security import verify_password

from index.accounts.keys import Keys
from index.accounts.people import (
    Account,
    AccountRefused,
    create_user,
    find_user,
    list_users,
    new_password,
    reset_user,
    totp_factory,
)
from webui.sessions import install

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

    from index.services import Services

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture
def keys(services: Services) -> Keys:
    return Keys.load(services.settings.data_folder)


@pytest.fixture
def session(services: Services) -> Iterator[Session]:
    with services.database.write() as made:
        yield made


def account(**more: object) -> Account:
    given: dict[str, object] = {
        "username": "ana",
        "email": "ana@example.org",
        "password": "a long password",
        "roles": ("analyst",),
        "totp": True,
    }
    return Account(**(given | more))  # type: ignore[arg-type] # a table of fields


def test_flask_security_accepts_the_password(services: Services, session: Session, keys: Keys) -> None:
    made = create_user(session, account(password="naïve pässword"), keys=keys, now=NOW, actor="system:test")
    app = Flask("test")
    app.extensions["pratique"] = services
    install(app, services, keys)
    with app.test_request_context():
        security = app.extensions["security"]
        assert verify_password(security.password_util.normalize("naïve pässword"), made.user.password)
        assert not verify_password("naive password", made.user.password)
        assert not security.pwd_context.needs_update(made.user.password)


def test_the_totp_secret_is_stored_encrypted_and_given_out_in_base32(session: Session, keys: Keys) -> None:
    made = create_user(session, account(), keys=keys, now=NOW, actor="system:test")
    assert made.totp_secret is not None
    assert made.totp_secret not in (made.user.tf_totp_secret or "")
    assert totp_factory(keys).generate_totp_password(made.user.tf_totp_secret) == pyotp.TOTP(made.totp_secret).now()


@pytest.mark.parametrize(
    ("field", "value", "named"),
    [
        ("username", "", "''"),
        ("username", "Ana", "'Ana'"),
        ("username", "ana\n", "'ana"),
        ("username", "-ana", "'-ana'"),
        ("username", "a" * 65, "aaa"),
        ("email", "ana", "'ana'"),
        ("email", "ana@example.org\nBcc: x@example.org", "Bcc"),
        ("password", "short", "5 characters"),
        ("roles", ("owner",), "owner"),
        ("totp", False, "second factor"),
    ],
)
def test_what_is_no_account_is_refused(session: Session, keys: Keys, field: str, value: object, named: str) -> None:
    with pytest.raises(AccountRefused, match=named):
        create_user(session, account(**{field: value}), keys=keys, now=NOW, actor="system:test")
    assert not list_users(session)


@pytest.mark.parametrize("taken", [{"username": "ana"}, {"email": "ANA@example.org"}])
def test_name_and_address_belong_to_one_account(session: Session, keys: Keys, taken: dict[str, str]) -> None:
    create_user(session, account(), keys=keys, now=NOW, actor="system:test")
    other = {"username": "other", "email": "other@example.org"} | taken
    with pytest.raises(AccountRefused, match="taken"):
        create_user(session, account(**other), keys=keys, now=NOW, actor="system:test")


@pytest.mark.parametrize("identity", ["ana", " ANA ", "Ana@Example.org"])
def test_people_are_found_by_name_or_address(session: Session, keys: Keys, identity: str) -> None:
    made = create_user(session, account(), keys=keys, now=NOW, actor="system:test")
    assert find_user(session, identity) is made.user


def test_a_reset_gives_a_second_factor_to_whom_a_role_asks_for_one(session: Session, keys: Keys) -> None:
    made = create_user(session, account(), keys=keys, now=NOW, actor="system:test")
    made.user.tf_totp_secret = made.user.tf_primary_method = None
    again = reset_user(session, made.user, keys=keys, now=NOW, actor="system:test")
    assert again.totp_secret is not None
    assert again.password != made.password


def test_passwords_are_long_and_differ() -> None:
    made = {new_password() for _ in range(100)}
    assert len(made) == 100
    assert min(map(len, made)) >= 24
