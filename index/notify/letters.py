"""What a verdict mail says: one letter, rendered as text and as HTML from the same words."""

from __future__ import annotations

from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import TYPE_CHECKING, Final

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from index.notify.words import AFTER_A_CHANGE, next_steps, opening, reason_line
from index.store.outbox import Notice, NoticeKind
from index.store.tables import SubmissionState

if TYPE_CHECKING:
    from datetime import datetime

    from index.store.outbox import NoticeReason

__all__ = ["Letter", "compose", "write_letter"]

_environment: Final = Environment(
    loader=PackageLoader("index.notify"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """The words of one mail, before they are laid out."""

    subject: str
    opening: str
    summary: str
    reasons: tuple[str, ...]
    comment: str
    next_steps: tuple[str, ...]
    filenames: tuple[str, ...]
    where: str
    """What is at `url`."""
    url: str
    reference: str
    thread: str
    """What mails of the same matter refer to."""


def write_letter(notice: Notice, *, public_url: str) -> Letter:
    """The letter that tells a maintainer of the notice."""
    if notice.kind in {NoticeKind.CHANGED, NoticeKind.ACCOUNT}:
        return _about_change(notice, public_url=public_url)
    release = f"{notice.project} {notice.version}"
    subject, state = _ABOUT[notice.kind]
    return Letter(
        subject=subject.format(release=release),
        opening=opening(state, release, by_person=notice.by_person),
        summary=notice.summary,
        reasons=tuple(_reason(reason) for reason in notice.reasons),
        comment=notice.comment,
        next_steps=next_steps(state, project_url=f"{public_url}/simple/{notice.project}/", mail="this mail"),
        filenames=notice.filenames,
        where="Status of this release",
        url=f"{public_url}/submissions/{notice.submission_id}",
        reference=notice.submission_id,
        thread=f"submission.{notice.submission_id}",
    )


def _about_change(notice: Notice, *, public_url: str) -> Letter:
    is_account = notice.kind is NoticeKind.ACCOUNT
    return Letter(
        subject="Changed: your account" if is_account else f"Changed: {notice.project}",
        opening=notice.summary,
        summary="",
        reasons=tuple(_reason(reason) for reason in notice.reasons),
        comment=notice.comment,
        next_steps=AFTER_A_CHANGE,
        filenames=notice.filenames,
        where="Your API tokens" if is_account else "The project",
        url=f"{public_url}/account/tokens/" if is_account else f"{public_url}/manage/{notice.project}/",
        reference="account" if is_account else notice.project,
        thread="account" if is_account else f"project.{notice.project}",
    )


#: The subject, and the state that the mail speaks of.
_ABOUT: Final[dict[NoticeKind, tuple[str, SubmissionState]]] = {
    NoticeKind.HELD: ("Held: {release} waits for a person", SubmissionState.IN_REVIEW),
    NoticeKind.PUBLISHED: ("Published: {release}", SubmissionState.PUBLISHED),
    NoticeKind.REJECTED: ("Rejected: {release}", SubmissionState.REJECTED),
    NoticeKind.WITHDRAWN: ("Withdrawn: {release}", SubmissionState.WITHDRAWN),
}


def _reason(reason: NoticeReason) -> str:
    return reason_line(reason.title, filename=reason.filename, member=reason.member, line=reason.line)


def compose(letter: Letter, *, sender: str, recipient: str, message_id: str, now: datetime) -> EmailMessage:
    """The mail: the text part first and complete, the HTML part second, both from the same words."""
    host = parseaddr(sender)[1].rpartition("@")[2] or "localhost"
    message = EmailMessage()
    message["From"] = sender
    message["To"] = recipient
    message["Subject"] = f"{_one_line(letter.subject)} [ref:{letter.reference}]"
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{message_id}@{host}>"
    message["References"] = f"<{letter.thread}@{host}>"
    message["List-Id"] = f"Verdicts of this index <verdicts.{host}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_environment.get_template("letter.txt").render(letter=letter))
    message.add_alternative(_environment.get_template("letter.html").render(letter=letter), subtype="html")
    return message


def _one_line(text: str) -> str:
    return " ".join(text.split())
