"""The words of the pages: one for each state, outcome and role; times, sizes and numbers as people say them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from index.notify.words import STATES
from index.review.lines import Token, tokenize
from index.review.source import page_of_line
from index.store.tables import CaseOrigin, ProjectStatus
from scanner.model import Kind, Outcome, Role

__all__ = [
    "ACTIONS",
    "CAPABILITIES",
    "KINDS",
    "ORIGINS",
    "OUTCOMES",
    "PROJECT_STATUSES",
    "ROLES",
    "STATES",
    "ago",
    "exact_time",
    "machine_time",
    "opening",
    "page_for",
    "plural",
    "size",
    "tier",
    "visible",
]

PROJECT_STATUSES: Final[dict[ProjectStatus, str]] = {
    ProjectStatus.ACTIVE: "This project is active.",
    ProjectStatus.ARCHIVED: "This project is archived: it takes no new files.",
    ProjectStatus.DEPRECATED: "This project is deprecated: its owners advise to use something else.",
    ProjectStatus.QUARANTINED: "This project is in quarantine: none of its files is given out.",
}

OUTCOMES: Final[dict[str, str]] = {
    Outcome.CLEAR: "Clear",
    Outcome.FLAGGED: "Flagged",
    Outcome.MALICIOUS: "Malicious",
    Outcome.UNSCANNABLE: "Could not be inspected",
    "": "No verdict yet",
}

ORIGINS: Final[dict[CaseOrigin, str]] = {
    CaseOrigin.VERDICT: "The verdict asks for a person.",
    CaseOrigin.FAILURE: "The inspection failed. If a later one succeeds and is clear, the release goes out by itself.",
    CaseOrigin.HOLD_EVERYTHING: "Everything is held at the moment: automatic publication is switched off.",
    CaseOrigin.WAITING: "An earlier release of this project comes first. After that, this one may go out by itself.",
    CaseOrigin.SIBLING: "It is published, but files of the same release, or with the same bytes, were rejected.",
    CaseOrigin.REOPENED: "An analyst has reopened it.",
}

ROLES: Final[dict[str, str]] = {
    Role.BUILD: "runs when it is built",
    Role.INSTALL: "runs when it is installed",
    Role.STARTUP: "runs whenever Python starts",
    Role.IMPORT: "runs when it is imported",
    Role.COMMAND: "runs as a command",
    Role.TEST: "test code",
    Role.NEVER: "does not run by itself",
}

KINDS: Final[dict[str, str]] = {
    Kind.BEHAVIOUR: "behaviour",
    Kind.TEXT: "text",
    Kind.BINARY: "binary",
    Kind.PROVENANCE: "provenance",
    Kind.DRIFT: "change",
    Kind.STRUCTURE: "structure",
    Kind.METADATA: "metadata",
    Kind.NAMES: "name",
    Kind.LIMITS: "limit",
    Kind.QUALITY: "quality",
}

CAPABILITIES: Final[dict[str, str]] = {
    "credentials": "reads stored passwords or keys",
    "dynamic-code": "runs code that it builds or loads",
    "environment": "reads environment variables",
    "filesystem-write": "writes or deletes files",
    "native": "calls native code",
    "network": "speaks to the network",
    "persistence": "arranges to be started again",
    "process": "starts other programs",
}

ACTIONS: Final[dict[str, str]] = {
    "decision.approve": "Approved",
    "decision.reject": "Rejected",
    "decision.reopen": "Reopened",
    "decision.withdraw": "Withdrawn",
    "decision.restore": "Restored",
}

_TIERS: Final = ((2.0, "low"), (5.0, "raised"), (10.0, "high"))
_UNITS: Final = (("day", 86400), ("hour", 3600), ("minute", 60))
_KIB: Final = 1024


def tier(risk: float) -> str:
    """The word for a risk: log-odds, so each step of the number makes "malicious" e times likelier."""
    return next((word for limit, word in _TIERS if risk < limit), "very high")


def opening(phrase: str) -> str:
    """The phrase as it stands at the beginning of a line: rules have their titles in small letters."""
    return phrase[:1].upper() + phrase[1:]


def plural(number: int, one: str, many: str = "") -> str:
    """`1 file`, `1,234 files`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def ago(then: datetime, now: datetime) -> str:
    """How long ago it was, in the largest unit that fits: `3 hours ago`."""
    seconds = max(0, int((now - then).total_seconds()))
    for unit, length in _UNITS:
        if seconds >= length:
            return f"{plural(seconds // length, unit)} ago"
    return "just now"


def machine_time(moment: datetime) -> str:
    """For `<time datetime>`: to the second, in UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def exact_time(moment: datetime) -> str:
    """For people: to the minute, in UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def size(number: int) -> str:
    """`812 bytes`, `14.2 KiB`, `3.1 MiB`."""
    if number < _KIB:
        return plural(number, "byte")
    amount = float(number)
    for unit in ("KiB", "MiB"):
        amount /= _KIB
        if amount < _KIB:
            return f"{amount:,.1f} {unit}"
    return f"{amount / _KIB:,.1f} GiB"


def page_for(line: int | None) -> int | None:
    """The `page` that a link to the line needs: none for the first."""
    page = page_of_line(line)
    return page if page > 1 else None


def visible(text: str) -> tuple[Token, ...]:
    """Text of an artifact, with what a reader would not see named."""
    return tokenize(text.replace("\r\n", " ").replace("\n", " "))
