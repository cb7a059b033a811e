"""The first accounts of an instance: somebody can sign in, review and upload right after the first start."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

import msgspec
from sqlalchemy import func, select

from index.accounts.keys import Keys
from index.accounts.people import Account, create_user, new_password
from index.accounts.tokens import create_token
from index.store.tables import User

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy.orm import Session

    from index.services import Services

__all__ = ["FILENAME", "FirstRun", "first_run"]

#: In the data folder, readable by its owner only.
FILENAME: Final = "first-run.json"
_ACTOR: Final = "system:first-run"


class FirstRun(msgspec.Struct, frozen=True, kw_only=True):
    """What `first-run.json` says. `totp_secret` is base32, for an authenticator."""

    url: str
    username: str
    password: str
    totp_secret: str
    maintainer: str
    maintainer_password: str
    upload_token: str

    def __repr__(self) -> str:  # nothing secret: a repr ends in logs
        return f"FirstRun(url={self.url!r}, username={self.username!r}, maintainer={self.maintainer!r}, …)"


def first_run(services: Services, *, now: datetime) -> FirstRun | None:
    """The first accounts exist and are written down; None, and nothing is changed, when there is any account.

    The administrator is an analyst too, and somebody else than the maintainer who owns the upload token: nobody
    decides about a project that they maintain.
    """
    keys = Keys.load(services.settings.data_folder)
    place = services.settings.data_folder / FILENAME
    with services.database.write() as session:
        if session.scalar(select(func.count()).select_from(User)):
            return None
        made = _make(session, services.settings.resolved_public_url, keys=keys, now=now)
        # Before the commit: accounts whose passwords nobody has written down would lock everybody out.
        _write(place, made)
    return made


def _make(session: Session, url: str, *, keys: Keys, now: datetime) -> FirstRun:
    administrator = create_user(
        session,
        Account(
            username="admin",
            email="admin@localhost",
            password=new_password(),
            roles=("analyst", "administrator"),
            totp=True,
        ),
        keys=keys,
        now=now,
        actor=_ACTOR,
    )
    maintainer = create_user(
        session,
        Account(username="maintainer", email="maintainer@localhost", password=new_password()),
        keys=keys,
        now=now,
        actor=_ACTOR,
    )
    _, secret = create_token(session, maintainer.user, label="first run", now=now)
    return FirstRun(
        url=url,
        username=administrator.user.username,
        password=administrator.password,
        totp_secret=administrator.totp_secret or "",
        maintainer=maintainer.user.username,
        maintainer_password=maintainer.password,
        upload_token=secret,
    )


def _write(place: Path, made: FirstRun) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.unlink(missing_ok=True)
    descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(made), indent=2) + b"\n")
        file.flush()
        os.fsync(file.fileno())
