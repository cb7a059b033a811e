"""Signing in with a password and a second factor, and signing out."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from flask import current_app, flash, redirect, render_template, request, session, url_for
from flask_security import hash_password, login_user, logout_user

from index.accounts.permissions import Action, may
from index.audit.log import Event, append
from index.clock import utcnow
from index.services import current_services
from webui.blueprint import people
from webui.forms import CodeForm, ProofForm, SignInForm
from webui.limits import CODE_LIMIT, SIGN_IN_LIMIT, by_account, by_account_in_sign_in, limiter
from webui.proving import note_proof
from webui.sessions import TOTP_WINDOW_SECONDS, AccountStore, current_person, current_user_row

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from index.store.tables import User

__all__ = ["prove", "second_factor", "sign_in", "sign_out"]

#: Between the password and the code.
_PATIENCE_SECONDS: Final = 300

_WRONG: Final = "The username or the password is wrong."
_NOT_THE_ONE: Final = "The password is wrong."
_WRONG_CODE: Final = "The code is wrong, or was used before. Wait for the next one and enter that."


def _failed(response: Response) -> bool:
    """Only what failed counts against the limit."""
    return response.status_code >= 400  # noqa: PLR2004 # an error


@people.route("/sign-in", methods=["GET", "POST"])
@limiter.limit(SIGN_IN_LIMIT, methods=["POST"], deduct_when=_failed)
def sign_in() -> Response | tuple[str, int] | str:
    """The first factor."""
    if current_person() is not None:
        return redirect(_home(), 303)
    form = SignInForm()
    if request.method == "GET":
        form.next.data = request.args.get("next", "")
        return render_template("sign_in.html", form=form)
    if form.validate_on_submit():
        user = _user_with(form.username.data, form.password.data)
        if user is not None:
            return _first_factor_done(user, form.next.data)
        form.password.errors = [_WRONG]
    return render_template("sign_in.html", form=form), 422


@people.route("/sign-in/code", methods=["GET", "POST"])
@limiter.limit(CODE_LIMIT, key_func=by_account_in_sign_in, methods=["POST"], deduct_when=_failed)
def second_factor() -> Response | tuple[str, int] | str:
    """The second factor, within five minutes after the first."""
    user = _user_between_factors()
    if user is None:
        flash("Start again with your password.")
        return redirect(url_for("people.sign_in"), 303)
    form = CodeForm()
    if request.method == "GET":
        return render_template("second_factor.html", form=form)
    if form.validate_on_submit():
        if _code_is_right(user, form.code.data):
            return _signed_in(user, session.get("next", ""))
        form.code.errors = [_WRONG_CODE]
        _record("session.refused", user, "code")
    return render_template("second_factor.html", form=form), 422


@people.route("/sign-in/again", methods=["GET", "POST"])
@limiter.limit(CODE_LIMIT, key_func=by_account, methods=["POST"], deduct_when=_failed)
def prove() -> Response | tuple[str, int] | str:
    """Whoever is signed in gives all factors once more, before what cannot be undone or gives power away."""
    user = current_user_row()
    if user is None:
        return redirect(url_for("people.sign_in"), 303)
    form = ProofForm()
    needs_code = bool(user.tf_primary_method and user.tf_totp_secret)
    if request.method == "GET":
        form.next.data = request.args.get("next", "")
        return render_template("prove.html", form=form, needs_code=needs_code)
    if form.validate_on_submit():
        # The password first: a code works once, and must not be used up for nothing.
        if _user_with(user.username, form.password.data) is None:
            form.password.errors = [_NOT_THE_ONE]
        elif needs_code and not _code_is_right(user, form.code.data or ""):
            form.code.errors = [_WRONG_CODE]
            _record("session.refused", user, "code")
        else:
            note_proof()
            _record("session.proved", user, "")
            return redirect(form.next.data if _is_local(form.next.data) else _home(), 303)
    return render_template("prove.html", form=form, needs_code=needs_code), 422


@people.post("/sign-out")
def sign_out() -> Response:
    """The session is over."""
    logout_user()
    session.clear()
    flash("You are signed out.")
    return redirect(url_for("people.front"), 303)


def _store() -> AccountStore:
    store = current_app.extensions["security"].datastore
    assert isinstance(store, AccountStore)  # noqa: S101 # set once, in the composition of the application
    return store


def _user_with(identity: str, password: str) -> User | None:
    """The active user with that name and password. An unknown name takes as long as a wrong password."""
    password = current_app.extensions["security"].password_util.normalize(password)
    user = _store().sign_in_candidate(identity)
    if user is None or not user.password:
        hash_password(password)
        return None
    if not user.verify_and_update_password(password) or not user.active:
        _record("session.refused", user, "password")
        return None
    _store().commit()
    return user


def _first_factor_done(user: User, next_url: str) -> Response:
    if not (user.tf_primary_method and user.tf_totp_secret):
        return _signed_in(user, next_url)
    session.clear()
    session["second_factor_of"] = user.fs_uniquifier
    session["second_factor_from"] = int(time.time())
    session["next"] = next_url
    return redirect(url_for("people.second_factor"), 303)


def _user_between_factors() -> User | None:
    started = session.get("second_factor_from", 0)
    if not 0 <= time.time() - started <= _PATIENCE_SECONDS:
        return None
    user = _store().find_user(fs_uniquifier=str(session.get("second_factor_of", "")))
    return user if user is not None and user.active else None


def _code_is_right(user: User, code: str) -> bool:
    factory = current_app.extensions["security"].totp_factory
    return bool(factory.verify_totp(code, user.tf_totp_secret, user, window=TOTP_WINDOW_SECONDS))


def _signed_in(user: User, next_url: str) -> Response:
    session.clear()
    session.permanent = True
    login_user(user, remember=False)
    note_proof()
    _record("session.opened", user, "")
    return redirect(next_url if _is_local(next_url) else _home(), 303)


def _record(action: str, user: User, what: str) -> None:
    with current_services().database.write() as database_session:
        event = Event(actor=f"user:{user.username}", action=action, subject=f"user:{user.username}", new=what)
        append(database_session, event, now=utcnow())


def _home() -> str:
    return url_for("people.queue" if may(current_person(), Action.SEE_QUEUE) else "people.front")


def _is_local(url: str) -> bool:
    """A path of this site: what begins with `//` or hides a backslash leads elsewhere."""
    return url.startswith("/") and not url.startswith("//") and url.isprintable() and "\\" not in url
