from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, update

from index.hold.switches import holds_everything
from index.store.tables import LogEntry, Message
from tests.fixtures.artifacts import benign_release

if TYPE_CHECKING:
    from tests.webui.browser import Visitor
    from tests.webui.desk import Desk
    from tests.webui.scenes import Scene


@pytest.fixture
def root(visitor: Visitor, desk: Desk) -> Visitor:
    visitor.sign_in(desk.account("root", "administrator"))
    return visitor


def test_the_state_of_the_system(administrator: Visitor) -> None:
    administrator.get("/admin/")
    text = administrator.text()
    assert "c0de" * 16 in text
    assert "1 waiting, 0 running, 1 failed for good, 6 done" in text
    assert "In review 3" in text


def test_everything_is_held_and_let_go_again_with_a_reason_in_the_log(root: Visitor, desk: Desk) -> None:
    for reason, held in (("Attack on the news", True), ("It is over", False)):
        root.get("/admin/")
        assert root.submit("/admin/hold-everything", reason=reason).status_code == 303
        with desk.services.database.read() as session:
            assert holds_everything(session, desk.services.settings) is held
            entry = session.scalars(select(LogEntry).order_by(LogEntry.seq.desc())).first()
            assert entry is not None
            assert (entry.actor, entry.subject) == ("user:root", f"switch:hold_everything reason: {reason}")
        root.get("/admin/")
        assert ("Everything is held. A clear release waits" in root.text()) is held


def test_without_a_reason_nothing_is_switched(root: Visitor, desk: Desk) -> None:
    root.get("/admin/")
    assert root.submit("/admin/hold-everything").status_code == 422
    assert "Write a reason." in root.text("#errors")
    with desk.services.database.read() as session:
        assert not holds_everything(session, desk.services.settings)


def test_the_setting_is_named_where_it_holds(root: Visitor, desk: Desk) -> None:
    desk.services.settings = desk.services.settings.model_copy(update={"hold_everything": True})
    root.get("/admin/")
    assert "PRATIQUE_HOLD_EVERYTHING" in root.text()


def test_mails_are_read_as_text(administrator: Visitor, full: Desk, scene: Scene) -> None:
    administrator.get("/admin/mail")
    subjects = [link.text for link in administrator.page.select("tbody th a")]
    assert any(subject.startswith("Held: small-colours 1.4.2") for subject in subjects)
    with full.services.database.read() as session:
        message = session.scalars(select(Message).where(Message.submission_id == scene.update)).first()
        assert message is not None
    administrator.get(f"/admin/mail/{message.id}")
    assert f"/submissions/{scene.update}" in administrator.text('[aria-label="Words of the mail"]')
    assert "<html" in administrator.text('[aria-label="Source of the mail"]')
    assert administrator.get("/admin/mail/999999").status_code == 404


def test_a_mail_that_cannot_be_read_says_so(root: Visitor, desk: Desk) -> None:
    desk.release([benign_release("tidy-example")[0]], "tidy-example", "1.0")
    with desk.services.database.write() as session:
        session.execute(update(Message).values(payload="{"))
    assert root.get("/admin/mail").status_code == 200
    assert "Cannot be read" in root.text()
    assert root.get("/admin/mail/1").status_code == 200
    assert "DecodeError" in root.text()


def test_the_log_comes_in_pages_the_latest_first(administrator: Visitor) -> None:
    administrator.get("/admin/log")
    numbers = [int(cell.text) for cell in administrator.page.select("tbody th")]
    assert numbers == sorted(numbers, reverse=True)
    administrator.get(f"/admin/log?before={numbers[2]}")
    assert int(administrator.text("tbody th")) == numbers[2] - 1
    administrator.get("/admin/log?before=1")
    assert "The log is empty." in administrator.text()
