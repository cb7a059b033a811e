"""The append-only log: every event is one entry, chained to the one before, in the transaction that it records."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final

import msgspec
from sqlalchemy import select, text

from index.store.tables import LogEntry

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

__all__ = ["GENESIS", "Event", "LogBroken", "append", "verify"]

#: The "previous hash" of the first entry.
GENESIS: Final = "0" * 64

#: Serializes writers of the log on PostgreSQL; SQLite has one writer anyway.
_LOG_LOCK: Final = 0x50524154  # "PRAT"


class LogBroken(Exception):
    """The chain does not hold; the message names the first entry that breaks it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What happened: who did what to what, from which state to which, resting on which evidence."""

    actor: str
    """`user:NAME`, `token:ID` or `system:ROOM`."""
    action: str
    """Dotted: `file.received`, `submission.published`, `decision.reject`."""
    subject: str
    """`submission:ID`, `file:FILENAME`, `project:NAME`, `user:NAME`."""
    old: str = ""
    new: str = ""
    ruleset: str = ""
    evidence: str = ""


def append(session: Session, event: Event, *, now: datetime) -> int:
    """The event is in the log when this transaction commits; its sequence number (from 1, without gaps)."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOG_LOCK})
    session.flush()
    last = session.execute(select(LogEntry.seq, LogEntry.hash).order_by(LogEntry.seq.desc()).limit(1)).first()
    seq, previous = (last.seq + 1, last.hash) if last else (1, GENESIS)
    entry = LogEntry(
        seq=seq,
        at=now,
        actor=event.actor,
        action=event.action,
        subject=event.subject,
        old=event.old,
        new=event.new,
        ruleset=event.ruleset,
        evidence=event.evidence,
        previous_hash=previous,
        hash="",
    )
    entry.hash = _hash(entry)
    session.add(entry)
    session.flush()
    return seq


def verify(session: Session) -> int:
    """Every entry follows from the one before; the number of entries.

    Raises:
        LogBroken: an entry was changed, removed or put in.
    """
    previous, expected = GENESIS, 1
    query = select(LogEntry).order_by(LogEntry.seq).execution_options(yield_per=1000)
    with session.scalars(query) as entries:  # closed in any case: PostgreSQL keeps a cursor for it
        for entry in entries:
            if entry.seq != expected:
                raise LogBroken(f"entry {expected} is missing: found {entry.seq} in its place")
            if entry.previous_hash != previous or entry.hash != _hash(entry):
                raise LogBroken(f"entry {entry.seq} ({entry.action} {entry.subject}) is not what was written")
            previous, expected = entry.hash, expected + 1
    return expected - 1


def _hash(entry: LogEntry) -> str:
    fields = (
        entry.seq,
        entry.at.timestamp(),
        entry.actor,
        entry.action,
        entry.subject,
        entry.old,
        entry.new,
        entry.ruleset,
        entry.evidence,
    )
    return sha256(entry.previous_hash.encode() + msgspec.json.encode(fields)).hexdigest()
