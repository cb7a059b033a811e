"""A mail of the outbox as the administrator reads it: what was sent, or will be, both parts as text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from index.notify.letters import compose, write_letter
from index.store.outbox import Notice

if TYPE_CHECKING:
    from datetime import datetime

    from index.settings import Settings
    from index.store.tables import Message

__all__ = ["ReadMail", "read_mail"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadMail:
    """One mail. `subject` and the parts are empty where the message cannot be read; `error` then says why."""

    id: int
    submission_id: str
    kind: str
    recipient: str
    created_at: datetime
    sent_at: datetime | None
    next_attempt_at: datetime
    attempts: int
    error: str
    subject: str
    text: str
    html: str


def read_mail(message: Message, settings: Settings) -> ReadMail:
    """What `message` says."""
    subject = text = html = ""
    error = message.error
    try:
        notice = msgspec.json.decode(message.payload, type=Notice)
        letter = write_letter(notice, public_url=settings.resolved_public_url)
        mail = compose(
            letter,
            sender=settings.mail_from,
            recipient=message.recipient,
            message_id=f"message.{message.id}.{message.submission_id or message.kind}",
            now=message.sent_at or message.created_at,
        )
    except (ValueError, KeyError, msgspec.DecodeError) as failure:
        error = error or f"{type(failure).__name__}: {failure}"
    else:
        subject = str(mail["Subject"])
        plain, rich = mail.get_body(("plain",)), mail.get_body(("html",))
        text = plain.get_content() if plain else ""
        html = rich.get_content() if rich else ""
    return ReadMail(
        id=message.id,
        submission_id=message.submission_id,
        kind=str(message.kind),
        recipient=message.recipient,
        created_at=message.created_at,
        sent_at=message.sent_at,
        next_attempt_at=message.next_attempt_at,
        attempts=message.attempts,
        error=error,
        subject=subject,
        text=text,
        html=html,
    )
