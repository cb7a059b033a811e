"""Sends what lies in the outbox, each message once, and tries again with back-off what did not leave."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec
import structlog
from sqlalchemy import func, select, update

from index.notify.letters import compose, write_letter
from index.notify.transport import TransportFailed, open_transport
from index.store.outbox import Notice
from index.store.tables import Message

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from index.notify.transport import Transport
    from index.services import Services

__all__ = ["deliver_due", "next_due", "read_outbox"]

_log = structlog.get_logger()

#: A sender that dies while it sends has its message taken over after this time.
_TAKE_OVER = timedelta(minutes=2)
_LONGEST_WAIT = timedelta(hours=1)
_BATCH = 50


def deliver_due(services: Services, *, now: datetime, transport: Transport | None = None) -> int:
    """Every message that was due has left or waits for its next attempt; how many have left.

    A message is claimed before it is sent, so two senders never send the same one; one that dies between sending
    and recording makes a second copy with the same Message-ID, which is better than none.
    """
    way = transport or open_transport(services.settings.resolved_mail_url)
    sent = 0
    for message in _claim(services, now):
        error = _send(services, way, message, now)
        _record(services, message, error, now)
        sent += error is None
    return sent


def _claim(services: Services, now: datetime) -> list[Message]:
    claimed: list[Message] = []
    with services.database.write() as session:
        due = session.scalars(
            select(Message).where(Message.sent_at.is_(None), Message.next_attempt_at <= now).limit(_BATCH)
        ).all()
        for message in due:
            taken = session.execute(
                update(Message)
                .where(Message.id == message.id, Message.sent_at.is_(None), Message.attempts == message.attempts)
                .values(attempts=message.attempts + 1, next_attempt_at=now + _TAKE_OVER)
                .returning(Message.id)
            ).first()
            if taken:
                claimed.append(message)
    return claimed


def _send(services: Services, way: Transport, message: Message, now: datetime) -> str | None:
    settings = services.settings
    try:
        notice = msgspec.json.decode(message.payload, type=Notice)
        letter = write_letter(notice, public_url=settings.resolved_public_url)
        mail = compose(
            letter,
            sender=settings.mail_from,
            recipient=message.recipient,
            message_id=f"message.{message.id}.{message.submission_id or message.kind}",
            now=now,
        )
        way.send(mail)
    except (TransportFailed, ValueError, msgspec.DecodeError) as error:
        _log.warning("mail.not_sent", message=message.id, submission=message.submission_id, error=str(error))
        return str(error)
    _log.info("mail.sent", message=message.id, submission=message.submission_id, kind=message.kind)
    return None


def _record(services: Services, message: Message, error: str | None, now: datetime) -> None:
    wait = min(timedelta(seconds=5) * 2 ** min(message.attempts, 10), _LONGEST_WAIT)
    values = {"sent_at": now, "error": ""} if error is None else {"next_attempt_at": now + wait, "error": error}
    with services.database.write() as session:
        session.execute(update(Message).where(Message.id == message.id).values(values))


def next_due(services: Services) -> datetime | None:
    """When the next message is due, or None when nothing is owed."""
    with services.database.read() as session:
        return session.scalar(select(func.min(Message.next_attempt_at)).where(Message.sent_at.is_(None)))


def read_outbox(services: Services, *, limit: int = 100) -> Sequence[Message]:
    """The newest messages, sent and unsent."""
    with services.database.read() as session:
        return session.scalars(select(Message).order_by(Message.id.desc()).limit(limit)).all()
