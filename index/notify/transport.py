"""Ways that mail leaves: a Maildir that the operator can open, or SMTP."""

from __future__ import annotations

import mailbox
import smtplib
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from email.message import EmailMessage

__all__ = ["MaildirTransport", "SmtpTransport", "Transport", "TransportFailed", "open_transport"]

_SMTP_SECONDS = 15


class TransportFailed(Exception):
    """The mail did not leave; it is tried again later."""


class Transport(Protocol):
    """A way that mail leaves."""

    def send(self, message: EmailMessage, /) -> None:
        """The message has left.

        Raises:
            TransportFailed: it has not.
        """


@dataclass(frozen=True, slots=True)
class MaildirTransport:
    """Mail into a local Maildir: the embedded default."""

    folder: Path

    def send(self, message: EmailMessage) -> None:
        """See :class:`Transport`."""
        try:
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            box = mailbox.Maildir(self.folder, create=True)
            box.add(message)
            box.close()
        except OSError as error:
            raise TransportFailed(f"{self.folder}: {error}") from error


@dataclass(frozen=True, slots=True)
class SmtpTransport:
    """Mail over SMTP; with STARTTLS when the server offers it, or TLS from the start."""

    host: str
    port: int
    tls: bool
    username: str = ""
    password: str = ""

    def send(self, message: EmailMessage) -> None:
        """See :class:`Transport`."""
        try:
            with self._connect() as server:
                if self.username:
                    server.login(self.username, self.password)
                server.send_message(message)
        except (OSError, smtplib.SMTPException) as error:
            raise TransportFailed(f"{self.host}:{self.port}: {error}") from error

    def _connect(self) -> smtplib.SMTP:
        if self.tls:
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(self.host, self.port, timeout=_SMTP_SECONDS, context=context)
        server = smtplib.SMTP(self.host, self.port, timeout=_SMTP_SECONDS)
        server.ehlo()
        if server.has_extn("starttls"):
            server.starttls(context=ssl.create_default_context())
        elif self.username:
            server.close()
            raise TransportFailed(f"{self.host}:{self.port} offers no STARTTLS: a password is not sent in clear text")
        return server


def open_transport(url: str) -> Transport:
    """The transport that `url` names: `maildir:///PATH`, `smtp://…` or `smtps://…`.

    Raises:
        ValueError: the URL names none that we know.
    """
    parts = urlsplit(url)
    if parts.scheme == "maildir" and parts.path:
        return MaildirTransport(Path(parts.path))
    if parts.scheme in {"smtp", "smtps"} and parts.hostname:
        tls = parts.scheme == "smtps"
        port = parts.port or (465 if tls else 25)
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        return SmtpTransport(parts.hostname, port, tls, user, password)
    raise ValueError(f"PRATIQUE_MAIL_URL is {url!r}, expected maildir:///PATH, smtp://HOST:PORT or smtps://HOST")
