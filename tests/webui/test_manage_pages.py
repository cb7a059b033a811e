"""What owners and maintainers do by page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyotp
import pytest

from index.store.tables import File, Membership, MembershipRole, Project
from tests.fixtures.artifacts import build_wheel
from tests.webui.browser import Visitor

if TYPE_CHECKING:
    from flask import Flask

    from tests.webui.desk import Desk

WHEEL = "demo-1.0-py3-none-any.whl"


@pytest.fixture
def published(desk: Desk) -> Desk:
    """`maya` owns `demo` 1.0, and `noor` maintains it."""
    desk.release([build_wheel("demo", "1.0", {"demo.py": "VALUE = 1\n"})], "demo", "1.0")
    desk.join("noor", "demo", MembershipRole.MAINTAINER)
    return desk


def signed_in(app: Flask, desk: Desk, name: str, *roles: str) -> Visitor:
    visitor = Visitor(app)
    visitor.sign_in(desk.account(name, *roles))
    return visitor


def simple(visitor: Visitor) -> str:
    return visitor.get("/simple/demo/").get_data(as_text=True)


def test_a_maintainer_yanks_a_file_and_offers_it_again(app: Flask, published: Desk) -> None:
    visitor = signed_in(app, published, "noor")
    visitor.get("/manage/demo/1.0/")
    visitor.submit("/manage/demo/1.0/yank", filename=WHEEL, reason="it breaks")
    assert 'data-yanked="it breaks"' in simple(visitor)
    visitor.get("/manage/demo/1.0/")
    assert f"{WHEEL} is yanked." in visitor.text()
    form = visitor.page.select('form[action="/manage/demo/1.0/yank"]')[1]
    data = {str(field["name"]): str(field["value"]) for field in form.select("input[type=hidden]")}
    visitor.post("/manage/demo/1.0/yank", data | {"filename": ""})
    assert "data-yanked" not in simple(visitor)


def test_a_maintainer_is_offered_only_what_they_may(app: Flask, published: Desk) -> None:
    visitor = signed_in(app, published, "noor")
    visitor.get("/manage/demo/")
    assert visitor.page.select("main form") == []
    visitor.get("/manage/demo/1.0/")
    assert {str(form["action"]) for form in visitor.page.select("main form")} == {"/manage/demo/1.0/yank"}


def test_an_owner_deletes_after_typing_the_name(app: Flask, published: Desk) -> None:
    visitor = signed_in(app, published, "maya")
    visitor.get("/manage/demo/1.0/")
    answer = visitor.submit("/manage/demo/1.0/delete", filename="", confirm="demo")
    assert answer.status_code == 422
    assert "type exactly: demo 1.0" in visitor.text("[role=alert]")
    assert WHEEL in simple(visitor)

    visitor.get("/manage/demo/1.0/")
    assert visitor.submit("/manage/demo/1.0/delete", filename="", confirm="demo 1.0").status_code == 303
    assert visitor.get("/simple/demo/").status_code == 404
    visitor.get("/manage/demo/")
    assert "Nothing of this project is published" in visitor.text()
    with published.services.database.read() as session:
        digest = session.query(File).filter_by(filename=WHEEL).one().sha256
    assert visitor.get(f"/files/{digest}/{WHEEL}").status_code == 404


def test_an_owner_archives_and_takes_members_in_and_out(app: Flask, published: Desk) -> None:
    published.account("lea")
    visitor = signed_in(app, published, "maya")
    visitor.get("/manage/demo/")
    visitor.submit("/manage/demo/status", status="archived", reason="Use another")
    assert '<meta name="pypi:project-status" content="archived">' in simple(visitor)
    visitor.get("/manage/demo/")
    visitor.submit("/manage/demo/members", username="lea", role="owner")
    visitor.get("/manage/demo/")
    assert "lea, owner" in visitor.text()
    visitor.submit("/manage/demo/members/remove")  # the first in the list: the owner herself
    visitor.get("/")
    assert "maya is no member of demo any more." in visitor.text()
    assert visitor.get("/manage/demo/").status_code == 404


def test_an_analyst_puts_a_project_into_quarantine_and_lifts_it(app: Flask, published: Desk) -> None:
    visitor = signed_in(app, published, "ana", "analyst")
    visitor.get("/manage/demo/")
    visitor.submit("/manage/demo/quarantine", reason="It steals")
    assert WHEEL not in simple(visitor)
    visitor.get("/project/demo/")
    assert "in quarantine: none of its files is given out. Reason: It steals" in visitor.text()
    visitor.get("/manage/demo/")
    visitor.submit("/manage/demo/quarantine")
    assert WHEEL in simple(visitor)


def test_who_has_no_part_gets_the_answer_of_no_project(app: Flask, published: Desk) -> None:
    visitor = signed_in(app, published, "lea")
    answers = []
    for name in ("demo", "nothing"):
        visitor.get(f"/manage/{name}/")
        answers.append(visitor.text().replace(name, ""))
    assert answers[0] == answers[1]


def test_a_form_from_another_site_does_nothing(app: Flask, published: Desk) -> None:
    visitor = signed_in(app, published, "maya")

    assert visitor.post("/manage/demo/status", {"status": "archived"}).status_code == 400
    with published.services.database.read() as session:
        assert session.query(Project).one().status == "active"


SENSITIVE = [
    ("/manage/demo/1.0/delete", "/manage/demo/1.0/", {"filename": "", "confirm": "demo 1.0"}),
    ("/manage/demo/members", "/manage/demo/", {"username": "noor", "role": "owner"}),
    ("/manage/demo/members/remove", "/manage/demo/", {"username": "noor"}),
]


def grow_old(visitor: Visitor, seconds: int) -> None:
    with visitor._client.session_transaction() as session:
        session["proved_at"] -= seconds


@pytest.mark.parametrize("roles", [(), ("analyst",)], ids=["password", "second-factor"])
@pytest.mark.parametrize("sensitive", SENSITIVE, ids=lambda sensitive: sensitive[0].rpartition("/")[2])
def test_what_gives_power_away_or_cannot_be_undone_asks_for_a_fresh_sign_in(
    sensitive: tuple[str, str, dict[str, str]], roles: tuple[str, ...], app: Flask, published: Desk
) -> None:
    action, page, fields = sensitive
    account = published.account("maya2", *roles)
    published.join("maya2", "demo", MembershipRole.OWNER)
    visitor = Visitor(app)
    visitor.sign_in(account)
    grow_old(visitor, 601)
    visitor.get(page)
    before = state(published)

    assert visitor.submit(action, **fields).location == f"/sign-in/again?next={page}"
    assert state(published) == before
    visitor.get(f"/sign-in/again?next={page}")
    codes = {"code": "000000"} if roles else {}
    assert visitor.submit("/sign-in/again", password="wrong", **codes).status_code == 422
    assert visitor.submit("/sign-in/again", password=account.password, **codes).status_code == (422 if roles else 303)
    if account.totp_secret:
        published.change_account("maya2", tf_last_counter=None)  # as if half a minute had passed since the sign-in
        code = pyotp.TOTP(account.totp_secret).now()
        assert visitor.submit("/sign-in/again", password=account.password, code=code).location == page
    visitor.get(page)
    assert visitor.submit(action, **fields).location != f"/sign-in/again?next={page}"
    assert state(published) != before


def state(desk: Desk) -> object:
    with desk.services.database.read() as session:
        deleted = [file.deleted_at is not None for file in session.query(File).order_by(File.id)]
        return deleted, sorted((one.user.username, str(one.role)) for one in session.query(Membership))


def test_a_sign_in_is_fresh_for_ten_minutes_and_a_proof_leads_nowhere_else(app: Flask, published: Desk) -> None:
    visitor = signed_in(app, published, "maya")
    grow_old(visitor, 590)
    visitor.get("/manage/demo/")
    assert visitor.submit("/manage/demo/members/remove", username="noor").location == "/manage/demo/"

    visitor.get("/sign-in/again?next=https://example.invalid/")
    password = published.account("maya").password
    assert visitor.submit("/sign-in/again", password=password).location == "/"


def test_a_proof_is_asked_of_nobody_who_may_not_anyway(app: Flask, published: Desk) -> None:
    visitor = signed_in(app, published, "noor")
    grow_old(visitor, 601)
    visitor.get("/manage/demo/1.0/")
    token = str(visitor.page.select_one("input[name=csrf_token]")["value"])  # type: ignore[index] # it is there
    answer = visitor.post("/manage/demo/1.0/delete", {"csrf_token": token, "confirm": "demo 1.0"})
    assert answer.status_code == 403
    assert Visitor(app).get("/sign-in/again").location == "/sign-in"
