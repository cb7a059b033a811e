"""What a verdict mail says: one letter, rendered as text and as HTML from the same words."""

from __future__ import annotations

from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import TYPE_CHECKING, Final

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from index.store.outbox import Notice, NoticeKind

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
    status_url: str
    reference: str


def write_letter(notice: Notice, *, public_url: str) -> Letter:
    """The letter that tells a maintainer of the notice."""
    release = f"{notice.project} {notice.version}"
    status_url = f"{public_url}/submissions/{notice.submission_id}"
    who = "an analyst" if notice.by_person else "the scanner"
    subject, opening, steps = _WORDS[notice.kind]
    project_url = f"{public_url}/simple/{notice.project}/"
    words = {"release": release, "who": who, "who_capital": who[0].upper() + who[1:], "project_url": project_url}
    return Letter(
        subject=subject.format(**words),
        opening=opening.format(**words),
        summary=notice.summary,
        reasons=tuple(_reason(reason) for reason in notice.reasons),
        comment=notice.comment,
        next_steps=tuple(step.format(**words) for step in steps),
        filenames=notice.filenames,
        status_url=status_url,
        reference=notice.submission_id,
    )


_WORDS: Final[dict[NoticeKind, tuple[str, str, tuple[str, ...]]]] = {
    NoticeKind.HELD: (
        "Held: {release} waits for a person",
        "Your release {release} is held: nobody can see or install it until an analyst has looked at it.",
        (
            "An analyst looks at the reasons below and approves or rejects the release. You get a mail either way.",
            "You need not upload again: the same files are already here, and uploading them again changes nothing.",
            "If you know why these lines are there, answer this mail: it reaches the analysts with its reference.",
        ),
    ),
    NoticeKind.PUBLISHED: (
        "Published: {release}",
        "Your release {release} was inspected and published by {who}. It can be installed now.",
        ("Its files are listed at {project_url}",),
    ),
    NoticeKind.REJECTED: (
        "Rejected: {release}",
        "Your release {release} was rejected by {who}. It is not published, and these files will not be taken again.",
        (
            "Correct what is named below and upload other files. They are always looked at by a person.",
            "If you think that this is a mistake, answer this mail and say why: somebody else reads it.",
        ),
    ),
    NoticeKind.WITHDRAWN: (
        "Withdrawn: {release}",
        "Your release {release} was published and has now been withdrawn by {who}. It can no longer be installed.",
        ("If you think that this is a mistake, answer this mail and say why: somebody else reads it.",),
    ),
}


def _reason(reason: NoticeReason) -> str:
    place = " in ".join(part for part in (_line(reason), reason.filename) if part)
    return f"{reason.title} ({place})" if place else reason.title


def _line(reason: NoticeReason) -> str:
    return f"{reason.member}, line {reason.line}" if reason.member and reason.line else reason.member


def compose(letter: Letter, *, sender: str, recipient: str, message_id: str, now: datetime) -> EmailMessage:
    """The mail: the text part first and complete, the HTML part second, both from the same words."""
    host = parseaddr(sender)[1].rpartition("@")[2] or "localhost"
    message = EmailMessage()
    message["From"] = sender
    message["To"] = recipient
    message["Subject"] = f"{_one_line(letter.subject)} [ref:{letter.reference}]"
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{message_id}@{host}>"
    message["References"] = f"<submission.{letter.reference}@{host}>"
    message["List-Id"] = f"Verdicts of this index <verdicts.{host}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_environment.get_template("letter.txt").render(letter=letter))
    message.add_alternative(_environment.get_template("letter.html").render(letter=letter), subtype="html")
    return message


def _one_line(text: str) -> str:
    return " ".join(text.split())
