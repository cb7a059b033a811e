"""One's own API tokens: listed, made after a fresh sign-in, revoked."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from flask import abort, flash, redirect, render_template, request, url_for
from sqlalchemy import select

from index.accounts.tokens import create_token, list_tokens, revoke_token, tell_of_token
from index.clock import utcnow
from index.services import current_services
from index.store.tables import Scope, Token, User
from webui.blueprint import people
from webui.forms import TokenForm
from webui.proving import has_proved_lately
from webui.sessions import current_person

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session
    from werkzeug.wrappers import Response

__all__ = ["revoke", "tokens"]


@people.route("/account/tokens/", methods=["GET", "POST"])
def tokens() -> Response | tuple[str, int] | str:
    """The tokens of whoever is signed in; a new one, whose secret this page alone shows."""
    person = current_person()
    if person is None:
        return redirect(url_for("people.sign_in", next=url_for("people.tokens")), 303)
    form, secret, status = TokenForm(), None, 200
    if request.method == "POST":
        if not has_proved_lately():
            return redirect(url_for("people.prove", next=url_for("people.tokens")), 303)
        if form.validate_on_submit():
            secret = _make(form, person.id)
        else:
            status = 422
    with current_services().database.read() as session:
        own = [one for one in _own(session, person.id) if one.revoked_at is None]
    return render_template("tokens.html", form=form, secret=secret, tokens=own, now=utcnow()), status


@people.post("/account/tokens/<int:token_id>/revoke")
def revoke(token_id: int) -> Response:
    """The token, one's own, is dead."""
    person = current_person()
    if person is None:
        return redirect(url_for("people.sign_in"), 303)
    with current_services().database.write() as session:
        token = session.scalar(select(Token).where(Token.id == token_id, Token.user_id == person.id))
        if token is None:
            abort(404, "You have no such token.")
        revoke_token(session, token, now=utcnow())
    flash(f"The token {token.label} is revoked.")
    return redirect(url_for("people.tokens"), 303)


def _own(session: Session, user_id: int) -> Sequence[Token]:
    return list_tokens(session, session.get_one(User, user_id))


def _make(form: TokenForm, user_id: int) -> str:
    now, days = utcnow(), form.days.data
    with current_services().database.write() as session:
        token, secret = create_token(
            session,
            session.get_one(User, user_id),
            label=form.label.data,
            project=form.project.data or None,
            scope=Scope(form.scope.data),
            expires_at=None if days is None else now + timedelta(days=days),
            now=now,
        )
        tell_of_token(session, token, now=now)
    return secret
