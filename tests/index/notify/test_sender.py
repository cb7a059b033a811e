"""Mail leaves once, and is tried again when it does not."""

from __future__ import annotations

import mailbox
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import TYPE_CHECKING

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message as MessageHandler

from index.notify.sender import deliver_due, next_due, read_outbox
from index.notify.transport import MaildirTransport, SmtpTransport, TransportFailed, open_transport
from index.store.outbox import Notice, NoticeKind, put
from tests.servers.instance import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import Message

    from index.services import Services

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
NOTICE = Notice(
    kind=NoticeKind.PUBLISHED, submission_id="01JDEMO", project="demo", version="1.0", filenames=("demo-1.0.tar.gz",)
)


class Broken:
    """A transport that never delivers."""

    def __init__(self) -> None:
        self.tries = 0

    def send(self, _message: EmailMessage, /) -> None:
        self.tries += 1
        raise TransportFailed("no route")


def owe(services: Services, *recipients: str) -> None:
    with services.database.write() as session:
        put(session, NOTICE, recipients, now=NOW)


def test_what_is_owed_lies_in_the_maildir_once(services: Services) -> None:
    owe(services, "a@example.org", "b@example.org")

    assert deliver_due(services, now=NOW) == 2
    assert deliver_due(services, now=NOW + timedelta(hours=1)) == 0

    box = mailbox.Maildir(services.settings.data_folder / "mail")
    assert sorted(message["To"] for message in box) == ["a@example.org", "b@example.org"]
    assert next_due(services) is None


def test_what_does_not_leave_is_tried_again_later_and_later(services: Services) -> None:
    owe(services, "a@example.org")
    broken, now, waits = Broken(), NOW, []

    for _ in range(4):
        assert deliver_due(services, now=now, transport=broken) == 0
        due = next_due(services)
        assert due is not None
        waits.append(due - now)
        assert deliver_due(services, now=now, transport=broken) == 0, "not before it is due"
        now = due

    assert broken.tries == 4
    assert waits == sorted(waits)
    assert waits[0] >= timedelta(seconds=5)
    assert read_outbox(services)[0].error == "no route"
    assert deliver_due(services, now=now) == 1


def test_a_message_that_a_dead_sender_claimed_is_taken_over(services: Services) -> None:
    owe(services, "a@example.org")

    class Dies(Exception):  # as the name says
        pass

    class Dying:
        def send(self, _message: EmailMessage, /) -> None:
            raise Dies

    with pytest.raises(Dies):
        deliver_due(services, now=NOW, transport=Dying())

    assert deliver_due(services, now=NOW + timedelta(seconds=1)) == 0
    assert deliver_due(services, now=NOW + timedelta(minutes=3)) == 1


class Kept(MessageHandler):
    """Keeps what it receives."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[Message] = []

    def handle_message(self, message: Message) -> None:
        self.messages.append(message)


@pytest.fixture
def smtp() -> Iterator[tuple[Kept, str]]:
    kept = Kept()
    port = free_port()
    controller = Controller(kept, hostname="127.0.0.1", port=port)
    controller.start()
    yield kept, f"smtp://127.0.0.1:{port}"
    controller.stop()


def test_mail_goes_out_over_smtp(services: Services, smtp: tuple[Kept, str]) -> None:
    kept, url = smtp
    owe(services, "a@example.org")

    assert deliver_due(services, now=NOW, transport=open_transport(url)) == 1

    (message,) = kept.messages
    assert message["To"] == "a@example.org"
    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]


def test_a_password_is_not_sent_in_clear_text(smtp: tuple[Kept, str]) -> None:
    kept, url = smtp
    transport = open_transport(url.replace("smtp://", "smtp://me:secret@"))

    with pytest.raises(TransportFailed, match="STARTTLS"):
        transport.send(EmailMessage())
    assert kept.messages == []


def test_a_server_that_is_not_there_is_a_failed_transport() -> None:
    with pytest.raises(TransportFailed):
        SmtpTransport("127.0.0.1", 1, tls=False).send(EmailMessage())


@pytest.mark.parametrize("url", ["", "http://127.0.0.1", "smtp://", "maildir://"])
def test_a_url_that_names_no_transport_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="expected maildir"):
        open_transport(url)


def test_a_maildir_below_a_file_is_a_failed_transport(services: Services) -> None:
    place = services.settings.data_folder / "file"
    place.write_text("")
    with pytest.raises(TransportFailed):
        MaildirTransport(place / "mail").send(EmailMessage())
