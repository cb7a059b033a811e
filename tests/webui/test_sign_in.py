from __future__ import annotations

import time
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pyotp
import pytest
from sqlalchemy import select

from index.accounts.people import reset_user
from index.store.tables import LogEntry, User
from tests.webui.browser import Visitor
from webui.limits import limiter

if TYPE_CHECKING:
    from flask import Flask

    from index.accounts.people import NewUser
    from tests.webui.desk import Desk


@pytest.fixture
def ana(desk: Desk) -> NewUser:
    return desk.account("ana", "analyst")


@pytest.fixture
def maya(desk: Desk) -> NewUser:
    return desk.account("maya")


def give_password(visitor: Visitor, account: NewUser, **more: str) -> int:
    visitor.get("/sign-in")
    given = {"username": account.user.username, "password": account.password} | more
    return visitor.submit("/sign-in", **given).status_code


def code_of(account: NewUser, seconds_from_now: int = 0) -> str:
    assert account.totp_secret is not None
    return pyotp.TOTP(account.totp_secret).at(int(time.time()) + seconds_from_now)


def actions(desk: Desk) -> list[str]:
    with desk.services.database.read() as session:
        return [row.action for row in session.scalars(select(LogEntry).order_by(LogEntry.seq))]


def test_an_analyst_signs_in_with_both_factors_and_lands_on_the_queue(
    visitor: Visitor, ana: NewUser, desk: Desk
) -> None:
    give_password(visitor, ana)
    assert visitor.last is not None
    assert visitor.last.location == "/sign-in/code"
    visitor.get("/sign-in/code")
    assert visitor.submit("/sign-in/code", code=code_of(ana)).location == "/review/"
    assert visitor.get("/review/").status_code == 200
    assert "Signed in as ana" in visitor.text("header")
    assert actions(desk)[-1] == "session.opened"


def test_a_maintainer_without_a_role_needs_no_second_factor(visitor: Visitor, maya: NewUser) -> None:
    give_password(visitor, maya)
    assert visitor.last is not None
    assert visitor.last.location == "/"


@pytest.mark.parametrize("name", ["ANA", "ana@example.org", " ana "])
def test_name_or_address_may_be_given_in_any_case(visitor: Visitor, ana: NewUser, name: str) -> None:
    assert give_password(visitor, ana, username=name) == 303


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_password_is_the_same_however_the_keyboard_composes_it(
    visitor: Visitor, desk: Desk, maya: NewUser, form: str
) -> None:
    desk.set_password("maya", "a naïve pässword")
    assert give_password(visitor, maya, password=unicodedata.normalize(form, "a naïve pässword")) == 303  # type: ignore[arg-type] # a literal


@pytest.mark.parametrize("given", [{"password": "wrong"}, {"username": "nobody"}, {"username": "nobody@example.org"}])
def test_what_is_wrong_is_not_told_apart(visitor: Visitor, ana: NewUser, given: dict[str, str]) -> None:
    assert give_password(visitor, ana, **given) == 422
    assert visitor.page.title is not None
    assert visitor.page.title.text.startswith("Error: ")
    assert "The username or the password is wrong." in visitor.text("#errors")
    assert visitor.page.select_one("input[type=password][value]") is None
    assert visitor.get("/review/").status_code == 303


def test_empty_fields_are_named_and_what_was_typed_is_kept(visitor: Visitor) -> None:
    visitor.get("/sign-in")
    assert visitor.submit("/sign-in", username="ana", password="").status_code == 422
    assert visitor.text("#errors") == "There is a problem Enter your password."
    field = visitor.page.select_one("#username")
    assert field is not None
    assert field["value"] == "ana"


def test_a_switched_off_account_cannot_sign_in(visitor: Visitor, desk: Desk, maya: NewUser) -> None:
    desk.change_account("maya", active=False)
    assert give_password(visitor, maya) == 422


def test_the_password_alone_opens_nothing(visitor: Visitor, ana: NewUser) -> None:
    give_password(visitor, ana)
    assert visitor.get("/review/").status_code == 303
    assert visitor.get("/").status_code == 200
    assert "Signed in" not in visitor.text("header")


def test_no_code_before_the_password(visitor: Visitor, ana: NewUser) -> None:
    answer = visitor.get("/sign-in/code")
    assert (answer.status_code, answer.location) == (303, "/sign-in")


@pytest.mark.parametrize("code", ["000000", "abc", "", "1234567", "\uff11" * 6])
def test_a_wrong_code_is_refused(visitor: Visitor, ana: NewUser, code: str) -> None:
    give_password(visitor, ana)
    visitor.get("/sign-in/code")
    assert visitor.submit("/sign-in/code", code=code).status_code == 422
    assert visitor.get("/review/").status_code == 303


def test_a_code_may_be_typed_in_two_groups(visitor: Visitor, ana: NewUser) -> None:
    give_password(visitor, ana)
    visitor.get("/sign-in/code")
    code = code_of(ana)
    assert visitor.submit("/sign-in/code", code=f" {code[:3]} {code[3:]} ").status_code == 303


@pytest.mark.parametrize(("seconds", "status"), [(-30, 303), (30, 303), (-90, 422), (90, 422)])
def test_clocks_may_differ_by_one_step(visitor: Visitor, ana: NewUser, seconds: int, status: int) -> None:
    give_password(visitor, ana)
    visitor.get("/sign-in/code")
    assert visitor.submit("/sign-in/code", code=code_of(ana, seconds)).status_code == status


def test_no_code_works_twice(app: Flask, ana: NewUser) -> None:
    code = code_of(ana)
    first, second = Visitor(app), Visitor(app)
    for visitor in (first, second):
        give_password(visitor, ana)
        visitor.get("/sign-in/code")
    assert first.submit("/sign-in/code", code=code).status_code == 303
    assert second.submit("/sign-in/code", code=code).status_code == 422
    assert "was used before" in second.text("#errors")
    # Nor does an older one, seen over a shoulder.
    second.get("/sign-in/code")
    assert second.submit("/sign-in/code", code=code_of(ana, -30)).status_code == 422


def test_of_two_requests_with_one_code_at_once_one_wins(app: Flask, ana: NewUser) -> None:
    code = code_of(ana)
    visitors = [Visitor(app) for _ in range(4)]
    for visitor in visitors:
        give_password(visitor, ana)
        visitor.get("/sign-in/code")
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda one: one.submit("/sign-in/code", code=code).status_code, visitors))
    assert sorted(answers) == [303, 422, 422, 422]


def test_between_the_factors_lie_five_minutes_at_most(
    visitor: Visitor, ana: NewUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    give_password(visitor, ana)
    later = time.time() + 301
    monkeypatch.setattr("webui.views.account.time.time", lambda: later)
    answer = visitor.get("/sign-in/code")
    assert (answer.status_code, answer.location) == (303, "/sign-in")


def test_a_reset_ends_every_session(visitor: Visitor, desk: Desk, maya: NewUser) -> None:
    visitor.sign_in(maya)
    with desk.services.database.write() as session:
        reset_user(session, session.get_one(User, maya.user.id), keys=desk.keys, now=desk.now, actor="system:test")
    visitor.get("/")
    assert "Signed in" not in visitor.text("header")


def test_signing_out_ends_the_session_and_needs_the_form(visitor: Visitor, maya: NewUser) -> None:
    visitor.sign_in(maya)
    assert visitor.post("/sign-out").status_code == 400
    assert visitor.get("/sign-out").status_code == 405
    visitor.get("/")
    assert visitor.submit("/sign-out").status_code == 303
    visitor.get("/")
    assert "You are signed out." in visitor.text("main")
    assert "Signed in" not in visitor.text("header")


@pytest.mark.parametrize(
    ("wanted", "reached"),
    [
        ("/submissions/ABC?x=1", "/submissions/ABC?x=1"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example/", "/"),
        ("/\tevil", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
    ],
)
def test_after_signing_in_one_stays_on_this_site(visitor: Visitor, maya: NewUser, wanted: str, reached: str) -> None:
    visitor.get("/sign-in", query_string={"next": wanted})
    answer = visitor.submit("/sign-in", username="maya", password=maya.password)
    assert answer.location == reached


def test_a_page_that_was_wanted_comes_after_both_factors(visitor: Visitor, ana: NewUser) -> None:
    answer = visitor.get("/review/?state=rejected&q=x")
    visitor.get(answer.location or "")
    visitor.submit("/sign-in", username="ana", password=ana.password)
    visitor.get("/sign-in/code")
    assert visitor.submit("/sign-in/code", code=code_of(ana)).location == "/review/?state=rejected&q=x"


def test_too_many_wrong_passwords_are_stopped_and_right_ones_do_not_count(app: Flask, maya: NewUser) -> None:
    for _ in range(12):
        assert give_password(Visitor(app), maya) == 303
    visitor = Visitor(app)
    answers = [give_password(visitor, maya, password="wrong") for _ in range(10)]
    assert set(answers) == {422}
    assert give_password(visitor, maya) == 429
    assert "Wait a minute" in visitor.text()


def test_too_many_wrong_codes_are_stopped_from_every_address(app: Flask, ana: NewUser) -> None:
    for number in range(5):
        visitor = Visitor(app, address=f"192.0.2.{number}")
        give_password(visitor, ana)
        visitor.get("/sign-in/code")
        assert visitor.submit("/sign-in/code", code="000000").status_code == 422
    limiter.reset()  # of passwords: the next lines are about codes
    for number in range(6):
        visitor = Visitor(app, address=f"192.0.2.{number}")
        give_password(visitor, ana)
        visitor.get("/sign-in/code")
        last = visitor.submit("/sign-in/code", code="000000").status_code
    assert last == 429


@pytest.mark.parametrize(
    ("addresses", "stopped"),
    [
        (["192.0.2.1"] * 11, True),
        ([f"192.0.2.{number}" for number in range(11)], False),
        ([f"2001:db8::{number:x}" for number in range(11)], True),
        ([f"2001:db8:{number:x}::1" for number in range(11)], False),
    ],
)
def test_attempts_count_for_each_subscriber(app: Flask, addresses: list[str], stopped: bool) -> None:
    answers = []
    for address in addresses:
        visitor = Visitor(app, address=address)
        visitor.get("/sign-in")
        answers.append(visitor.submit("/sign-in", username="", password="").status_code)
    assert (answers[-1] == 429) is stopped


def test_the_session_cookie_is_for_this_site_and_no_script(visitor: Visitor, maya: NewUser) -> None:
    visitor.sign_in(maya)
    assert visitor.last is not None
    (cookie,) = visitor.last.headers.getlist("Set-Cookie")
    assert cookie.startswith("pratique=")
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= {part.strip() for part in cookie.split(";")}


def test_failures_are_in_the_log_and_passwords_are_not(visitor: Visitor, desk: Desk, ana: NewUser) -> None:
    give_password(visitor, ana, password="a secret that was mistyped")
    with desk.services.database.read() as session:
        entry = session.scalars(select(LogEntry).order_by(LogEntry.seq.desc())).first()
        assert entry is not None
        assert (entry.action, entry.subject, entry.new) == ("session.refused", "user:ana", "password")
