"""One's own API tokens by page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from index.accounts.tokens import authenticate
from index.clock import utcnow
from index.store.outbox import Notice, NoticeKind
from index.store.tables import Message, Scope, Token
from tests.webui.browser import Visitor

if TYPE_CHECKING:
    from flask import Flask

    from tests.webui.desk import Desk

PAGE = "/account/tokens/"


def signed_in(app: Flask, desk: Desk, name: str) -> Visitor:
    visitor = Visitor(app)
    visitor.sign_in(desk.account(name))
    visitor.get(PAGE)
    return visitor


def make(visitor: Visitor, **fields: str) -> str | None:
    """The secret that the page shows; None where it shows none."""
    visitor.submit(PAGE, **({"label": "ci", "scope": "upload", "project": "", "days": ""} | fields))
    found = visitor.page.select_one("main pre code")
    return found.get_text() if found else None


def test_a_token_is_made_shown_once_told_of_and_revoked(app: Flask, desk: Desk) -> None:
    visitor = signed_in(app, desk, "maya")
    secret = make(visitor, project="Demo.Lib", days="30")

    assert secret is not None
    with desk.services.database.read() as session:
        token = authenticate(session, secret, now=utcnow())
        assert token is not None
        assert (token.user.username, token.project, token.scope) == ("maya", "demo-lib", Scope.UPLOAD)
        assert token.expires_at is not None
        assert 29 <= (token.expires_at - utcnow()).days <= 30
        row = session.query(Message).filter_by(kind=NoticeKind.ACCOUNT).one()
        assert row.recipient == "maya@example.org"
        notice = msgspec.json.decode(row.payload, type=Notice)
        assert notice.summary == "A new API token, ci, was made for your account maya. It uploads as you."
        assert secret not in row.payload
    visitor.get(PAGE)
    assert secret not in visitor.text()
    assert visitor.last is not None
    assert visitor.last.headers["Cache-Control"] == "no-store"

    visitor.submit(f"{PAGE}{token.id}/revoke")
    visitor.get(PAGE)
    assert "You have none." in visitor.text()
    with desk.services.database.read() as session:
        assert authenticate(session, secret, now=utcnow()) is None


def test_a_token_that_reads_is_one(app: Flask, desk: Desk) -> None:
    secret = make(signed_in(app, desk, "maya"), scope="read")

    assert secret is not None
    with desk.services.database.read() as session:
        assert authenticate(session, secret, now=utcnow()) is None
        assert authenticate(session, secret, now=utcnow(), scope=Scope.READ) is not None


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"label": " "}, "Give the token a name."),
        ({"project": "-demo"}, "This is no name that a project can have."),
        ({"project": "demo", "scope": "read"}, "leave the project empty"),
        ({"days": "0"}, "Between 1 and 3,650 days."),
        ({"scope": "everything"}, "Not a valid choice."),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_made(fields: dict[str, str], said: str, app: Flask, desk: Desk) -> None:
    visitor = signed_in(app, desk, "maya")

    assert make(visitor, **fields) is None
    assert said in visitor.text("[role=alert]")
    with desk.services.database.read() as session:
        assert session.query(Token).count() == 0


def test_an_old_sign_in_makes_no_token(app: Flask, desk: Desk) -> None:
    visitor = signed_in(app, desk, "maya")
    with visitor._client.session_transaction() as session:
        session["proved_at"] -= 601

    assert make(visitor) is None
    assert visitor.last is not None
    assert visitor.last.location == f"/sign-in/again?next={PAGE}"


def test_nobody_revokes_the_token_of_somebody_else(app: Flask, desk: Desk) -> None:
    secret = make(signed_in(app, desk, "maya"))
    other = signed_in(app, desk, "noor")
    make(other)
    with desk.services.database.read() as session:
        foreign = session.query(Token).order_by(Token.id).first()
    assert foreign is not None
    token = str(other.page.select_one("input[name=csrf_token]")["value"])  # type: ignore[index] # it is there

    assert other.post(f"{PAGE}{foreign.id}/revoke", {"csrf_token": token}).status_code == 404
    with desk.services.database.read() as session:
        assert authenticate(session, secret or "", now=utcnow()) is not None
    assert Visitor(app).get(PAGE).location == f"/sign-in?next={PAGE}"
