from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import pytest

from pratique.wsgi import create_app
from tests.webui.browser import Visitor

if TYPE_CHECKING:
    from index.services import Services
    from tests.webui.desk import Desk


@pytest.mark.parametrize(
    ("path", "status", "title"),
    [("/nothing", 404, "There is no such page"), ("/sign-out", 405, "This page does not take that")],
)
def test_people_get_a_page(anyone: Visitor, path: str, status: int, title: str) -> None:
    assert anyone.get(path, headers={"Accept": "text/html"}).status_code == status
    assert anyone.text("h1") == title


def test_installers_get_what_they_always_got(anyone: Visitor) -> None:
    answer = anyone.get("/simple/nothing-here/")
    assert answer.status_code == 404
    assert "skip" not in answer.get_data(as_text=True)


def test_what_breaks_says_so_and_shows_nothing(services: Services, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a secret detail")

    monkeypatch.setattr("webui.views.home.own_submissions", broken)
    visitor = Visitor(create_app(services))
    visitor.sign_in(desk.account("maya"))
    answer = visitor.get("/")
    assert answer.status_code == 500
    assert visitor.text("h1") == "Something broke on our side"
    assert answer.headers["X-Request-Id"] in visitor.text()
    assert "secret detail" not in answer.get_data(as_text=True)


def test_nobody_fills_the_disk_through_a_form(anyone: Visitor) -> None:
    much = {"username": "x", "file": (BytesIO(b"x" * 300_000), "much.bin")}
    assert anyone.post("/sign-in", much).status_code == 413
