"""Who is signed in: Flask-Security over the project's own short transactions.

No transaction stays open while a password is hashed or a page is rendered: each look-up is one short reading
transaction, each change one short writing transaction.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from flask import g
from flask_security import Security, Totp, UserDatastore, current_user
from passlib.exc import UsedTokenError
from sqlalchemy import func, or_, select, update

from index.accounts.people import ISSUER, passlib_options
from index.accounts.permissions import Person
from index.services import current_services
from index.store.tables import Role, User

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

    from flask import Flask, Request
    from passlib.totp import TotpMatch

    from index.accounts.keys import Keys
    from index.services import Services

__all__ = ["AccountStore", "OnceOnlyTotp", "current_person", "current_user_row", "install", "is_signed_in"]

#: A code is good for its own 30 seconds and for one step before and after: clocks differ.
TOTP_WINDOW_SECONDS: Final = 30
_SESSION_LIFETIME: Final = timedelta(hours=12)


class AccountStore(UserDatastore):  # type: ignore[misc] # Flask-Security ships no types
    """Accounts for Flask-Security. What it hands out is detached: complete, and bound to no transaction."""

    def __init__(self, services: Services) -> None:
        super().__init__(User, Role)
        self._database = services.database

    def find_user(self, case_insensitive: bool = False, **kwargs: Any) -> User | None:  # noqa: FBT001, FBT002 # Flask-Security's interface
        """The user whose one given attribute has the given value."""
        ((name, value),) = kwargs.items()
        column = getattr(User, name)
        matches = func.lower(column) == str(value).lower() if case_insensitive else column == value
        with self._database.read() as session:
            user = session.scalars(select(User).where(matches)).one_or_none()
            session.expunge_all()
        return user

    def find_role(self, role: str) -> Role | None:
        """The role with that name."""
        with self._database.read() as session:
            return session.scalars(select(Role).where(Role.name == role)).one_or_none()

    def put(self, model: User) -> User:
        """`model` is stored by the next `commit` of this request."""
        g.setdefault("changed_accounts", []).append(model)
        return model

    def commit(self) -> None:
        """What was put is stored."""
        changed = g.pop("changed_accounts", [])
        if not changed:
            return
        with self._database.write() as session:
            for model in changed:
                session.merge(model)

    def sign_in_candidate(self, identity: str) -> User | None:
        """The account with that username or address; the case of letters does not matter."""
        wanted = identity.strip().lower()
        with self._database.read() as session:
            matches = or_(func.lower(User.username) == wanted, func.lower(User.email) == wanted)
            user = session.scalars(select(User).where(matches).limit(1)).one_or_none()
            session.expunge_all()
        return user


class OnceOnlyTotp(Totp):  # type: ignore[misc] # Flask-Security ships no types
    """TOTP of which no code works twice, in whichever process it is tried (RFC 6238, section 5.2)."""

    def get_last_counter(self, user: User) -> int | None:
        """The time step of the last code that `user` used."""
        with current_services().database.read() as session:
            return session.scalar(select(User.tf_last_counter).where(User.id == user.id))

    def set_last_counter(self, user: User, tmatch: TotpMatch) -> None:
        """The code's time step is used up.

        Raises:
            UsedTokenError: another request was quicker; Flask-Security takes it as a wrong code.
        """
        unused = or_(User.tf_last_counter.is_(None), User.tf_last_counter < tmatch.counter)
        with current_services().database.write() as session:
            taken = session.execute(
                update(User).where(User.id == user.id, unused).values(tf_last_counter=tmatch.counter).returning(User.id)
            ).first()
        if taken is None:
            raise UsedTokenError


def install(app: Flask, services: Services, keys: Keys) -> None:
    """`app` knows who is signed in. The views that sign in and out are our own (`webui.views.account`)."""
    secure = services.settings.resolved_public_url.startswith("https://")
    app.config.update(
        SECRET_KEY=keys.secret_key,
        SESSION_COOKIE_NAME="__Host-pratique" if secure else "pratique",
        SESSION_COOKIE_SECURE=secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=_SESSION_LIFETIME,
        SECURITY_PASSWORD_SALT=keys.password_salt,
        SECURITY_PASSWORD_SCHEMES=["argon2"],
        SECURITY_PASSWORD_HASH="argon2",  # noqa: S106 # the name of a scheme
        SECURITY_PASSWORD_HASH_PASSLIB_OPTIONS=passlib_options(),
        SECURITY_TWO_FACTOR=True,
        SECURITY_TWO_FACTOR_ENABLED_METHODS=["authenticator"],
        SECURITY_TOTP_SECRETS={int(serial): key for serial, key in keys.totp_keys.items()},
        SECURITY_TOTP_ISSUER=ISSUER,
        SECURITY_API_ENABLED_METHODS=["session"],
        SECURITY_CLI_USERS_NAME=False,
        SECURITY_CLI_ROLES_NAME=False,
    )
    Security(app, AccountStore(services), register_blueprint=False, totp_cls=OnceOnlyTotp)
    # Flask-Security looks for a token of its own in every request, and for that reads whatever is JSON into memory,
    # before anybody has proved who they are. We have no such tokens.
    app.login_manager.request_loader(_nobody)  # type: ignore[attr-defined] # Flask-Login puts it there


def _nobody(_request: Request) -> None:
    """Without a cookie nobody is signed in."""


def current_user_row() -> User | None:
    """The account that this request is signed in with, detached."""
    return current_user._get_current_object() if current_user.is_authenticated else None  # noqa: SLF001 # werkzeug's only way


def current_person() -> Person | None:
    """The person that this request is signed in as."""
    user = current_user_row()
    return None if user is None else Person.of(user)


def is_signed_in(app: Flask, environ: WSGIEnvironment) -> bool:
    """Whether the request, which `app` has not seen yet, comes from somebody who is signed in."""
    if f"{app.config['SESSION_COOKIE_NAME']}=" not in environ.get("HTTP_COOKIE", ""):
        return False
    with app.request_context(environ):
        return current_person() is not None
