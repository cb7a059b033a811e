"""What a mail says."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from bs4 import BeautifulSoup

from index.notify.letters import compose, write_letter
from index.store.outbox import Notice, NoticeKind, NoticeReason

if TYPE_CHECKING:
    from email.message import EmailMessage

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
URL = "http://index.test"


def notice(kind: NoticeKind, *, comment: str = "", title: str = "Executes what it downloads") -> Notice:
    return Notice(
        kind=kind,
        submission_id="01JDEMO",
        project="demo",
        version="1.0",
        filenames=("demo-1.0.tar.gz", "demo-1.0-py3-none-any.whl"),
        summary="Held because setup.py executes what it downloads.",
        reasons=(
            NoticeReason(title=title, filename="demo-1.0.tar.gz", member="demo-1.0/setup.py", line=4),
            NoticeReason(title="No contact is named"),
        ),
        by_person=True,
        comment=comment,
    )


def mail(of: Notice) -> EmailMessage:
    letter = write_letter(of, public_url=URL)
    return compose(
        letter, sender="Index <index@index.test>", recipient="m@example.org", message_id="message.1", now=NOW
    )


def parts(message: EmailMessage) -> tuple[str, str]:
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert html is not None
    return text.get_content(), html.get_content()


def words(text: str) -> list[str]:
    """The words of a text, without the marks of its layout."""
    return [word for word in text.lower().replace("*", " ").split() if word]


@pytest.mark.parametrize("kind", list(NoticeKind))
def test_both_parts_say_the_same(kind: NoticeKind) -> None:
    message = mail(notice(kind, comment="Please name the host.\nAnd why."))
    text, html = parts(message)
    body = BeautifulSoup(html, "html.parser").find("main")
    assert body is not None
    heading = body.find("h1")
    assert heading is not None
    assert heading.extract().get_text() in str(message["Subject"])

    assert words(body.get_text(" ")) == words(text)


@pytest.mark.parametrize(
    ("kind", "subject"),
    [
        (NoticeKind.HELD, "Held: demo 1.0 waits for a person [ref:01JDEMO]"),
        (NoticeKind.PUBLISHED, "Published: demo 1.0 [ref:01JDEMO]"),
        (NoticeKind.REJECTED, "Rejected: demo 1.0 [ref:01JDEMO]"),
        (NoticeKind.WITHDRAWN, "Withdrawn: demo 1.0 [ref:01JDEMO]"),
    ],
)
def test_the_subject_begins_with_the_verdict_and_names_the_release(kind: NoticeKind, subject: str) -> None:
    assert mail(notice(kind))["Subject"] == subject


def test_each_reason_is_told_with_file_and_line() -> None:
    text, _ = parts(mail(notice(NoticeKind.HELD)))

    assert "Executes what it downloads (demo-1.0/setup.py, line 4 in demo-1.0.tar.gz)" in text
    assert "* No contact is named\n" in text


def test_the_text_part_holds_every_link_of_the_html_part() -> None:
    text, html = parts(mail(notice(NoticeKind.PUBLISHED)))

    links = [str(link["href"]) for link in BeautifulSoup(html, "html.parser").find_all("a")]

    assert links == [f"{URL}/submissions/01JDEMO"]
    assert all(link in text for link in links)


def test_attacker_text_stays_text() -> None:
    _, html = parts(mail(notice(NoticeKind.HELD, title="<img src=x> & <script>alert(1)</script>")))

    assert "<script>" not in html
    assert "<img" not in html
    assert "&lt;script&gt;" in html


def test_a_line_break_in_a_version_makes_no_header() -> None:
    hostile = Notice(
        kind=NoticeKind.HELD, submission_id="01J", project="demo", version="1.0\r\nBcc: x@example.org", filenames=()
    )

    message = mail(hostile)

    assert "Bcc" not in message
    assert "\n" not in str(message["Subject"])


def test_the_mail_can_be_filtered_and_answered_by_no_robot() -> None:
    message = mail(notice(NoticeKind.HELD))

    assert message["Auto-Submitted"] == "auto-generated"
    assert "index.test" in message["List-Id"]
    assert message["Message-ID"] == "<message.1@index.test>"
