"""Owners are told by mail what was done to their project, by whom, and with what."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from index.notify.letters import compose, write_letter
from index.owners import members, projects
from index.store.outbox import Notice, NoticeKind
from index.store.tables import Message
from tests.fixtures.releases import NOW

if TYPE_CHECKING:
    from tests.index.owners.conftest import Stage

WHEEL = "demo-1.0-py3-none-any.whl"
GONE = "It cannot be installed any more, and the filenames stay taken."


def owed(stage: Stage) -> list[tuple[str, str, tuple[str, ...]]]:
    """Recipient, opening and filenames of every mail about a change."""
    with stage.services.database.read() as session:
        rows = session.query(Message).filter_by(kind=NoticeKind.CHANGED).order_by(Message.id).all()
    notices = [(row.recipient, msgspec.json.decode(row.payload, type=Notice)) for row in rows]
    return [(recipient, write_letter(one, public_url="").opening, one.filenames) for recipient, one in notices]


@pytest.mark.parametrize(
    ("path", "body", "said", "filenames"),
    [
        ("/demo/releases/1.0", {"confirm": "demo 1.0"}, f"has deleted demo 1.0. {GONE}", (WHEEL,)),
        (f"/demo/files/{WHEEL}", {"confirm": WHEEL}, f"has deleted {WHEEL}. {GONE}", (WHEEL,)),
        ("/demo/members/mira", {}, "has removed mira from the members of demo.", ()),
    ],
)
def test_what_a_token_takes_away_is_told(
    stage: Stage, path: str, body: dict[str, str], said: str, filenames: tuple[str, ...]
) -> None:
    assert stage.call("DELETE", path, "maintainer", **body).status_code == 200

    told = owed(stage)
    recipients = [recipient for recipient, _, _ in told]
    assert recipients == ["maintainer@example.org", *(["mira@example.org"] if "mira" in path else [])]
    for _, opening, names in told:
        assert opening == f"maintainer (with the API token 1) {said}"
        assert names == filenames


def test_all_owners_and_whom_it_is_about_are_told_of_members(stage: Stage) -> None:
    stage.do("maintainer", lambda errand: members.set_member(errand, "demo", username="eve", role="owner"))
    assert owed(stage) == [
        ("eve@example.org", "maintainer has made eve owner of demo.", ()),
        ("maintainer@example.org", "maintainer has made eve owner of demo.", ()),
    ]
    stage.do("eve", lambda errand: members.remove_member(errand, "demo", username="maintainer"))
    assert [recipient for recipient, opening, _ in owed(stage) if "removed" in opening] == [
        "eve@example.org",
        "maintainer@example.org",
    ]


def test_a_quarantine_and_its_end_are_told(stage: Stage) -> None:
    for _ in range(2):  # the second time changes nothing
        stage.do("ana", lambda errand: projects.quarantine(errand, "demo", reason="It steals"), "analyst")
    stage.do("ana", lambda errand: projects.lift_quarantine(errand, "demo"), "analyst")

    assert [opening for _, opening, _ in owed(stage)] == [
        "ana has put demo into quarantine: none of its files is given out. Reason: It steals",
        "ana has lifted the quarantine of demo: its files are given out again.",
    ]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("DELETE", "/demo/releases/1.0", {"confirm": "demo"}),
        ("DELETE", "/demo/members/maintainer", {}),
        ("PUT", "/demo/members/mira", {"role": "maintainer"}),
        ("POST", "/demo/releases/1.0/yank", {}),
    ],
)
def test_what_was_not_done_and_what_can_be_undone_is_not_told(
    stage: Stage, method: str, path: str, body: dict[str, str]
) -> None:
    stage.call(method, path, "maintainer", **body)

    assert owed(stage) == []


def test_the_mail_leads_to_the_project_and_says_what_to_do(stage: Stage) -> None:
    stage.call("DELETE", "/demo/releases/1.0", "maintainer", confirm="demo 1.0")
    with stage.services.database.read() as session:
        row = session.query(Message).filter_by(kind=NoticeKind.CHANGED).one()
    letter = write_letter(msgspec.json.decode(row.payload, type=Notice), public_url="http://index.test")
    mail = compose(letter, sender="i@index.test", recipient="m@example.org", message_id="message.1.changed", now=NOW)

    assert mail["Subject"] == "Changed: demo [ref:demo]"
    assert mail["References"] == "<project.demo@index.test>"
    body = mail.get_body(("plain",))
    assert body is not None
    text = body.get_content()
    assert "The project: http://index.test/manage/demo/" in text
    assert f"* {WHEEL}" in text
    assert "tell the operator of this index at once" in text
