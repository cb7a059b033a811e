from __future__ import annotations

import json
import stat
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pyotp
import pytest
from sqlalchemy import func, select

from index.accounts import first_run as module
from index.accounts.first_run import FILENAME, first_run
from index.accounts.people import find_user
from index.accounts.permissions import Action, Person, may
from index.accounts.tokens import authenticate
from index.store.tables import LogEntry, User

if TYPE_CHECKING:
    from pathlib import Path

    from index.services import Services

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture
def place(services: Services) -> Path:
    return services.settings.data_folder / FILENAME


def test_it_makes_an_analyst_who_administrates_and_somebody_else_with_a_token(services: Services, place: Path) -> None:
    made = first_run(services, now=NOW)
    assert made is not None
    assert json.loads(place.read_text()) == {
        "url": "http://127.0.0.1:8000",
        "username": "admin",
        "password": made.password,
        "totp_secret": made.totp_secret,
        "maintainer": "maintainer",
        "maintainer_password": made.maintainer_password,
        "upload_token": made.upload_token,
    }
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert pyotp.TOTP(made.totp_secret).now().isdecimal()
    with services.database.read() as session:
        admin = find_user(session, made.username)
        token = authenticate(session, made.upload_token, now=NOW)
        assert admin is not None
        assert token is not None
        assert may(Person.of(admin), Action.DECIDE)
        assert may(Person.of(admin), Action.SEE_SYSTEM)
        assert token.user.username == made.maintainer != made.username
        assert token.user.standings == {"anyone"}


def test_a_second_start_changes_nothing(services: Services, place: Path) -> None:
    first_run(services, now=NOW)
    before = place.read_bytes()
    assert first_run(services, now=NOW) is None
    assert place.read_bytes() == before
    with services.database.read() as session:
        assert session.scalar(select(func.count()).select_from(User)) == 2


def test_a_file_that_was_taken_away_is_not_written_again(services: Services, place: Path) -> None:
    first_run(services, now=NOW)
    place.unlink()
    assert first_run(services, now=NOW) is None
    assert not place.exists()


def test_accounts_that_could_not_be_written_down_are_not_made(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full_disk(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(module, "_write", full_disk)
    with pytest.raises(OSError, match="no space"):
        first_run(services, now=NOW)
    with services.database.read() as session:
        assert session.scalar(select(func.count()).select_from(User)) == 0
        assert session.scalar(select(func.count()).select_from(LogEntry)) == 0


def test_the_secrets_are_not_in_its_repr(services: Services) -> None:
    made = first_run(services, now=NOW)
    assert made is not None
    for secret in (made.password, made.totp_secret, made.maintainer_password, made.upload_token):
        assert secret not in repr(made)
