"""The append-only log: every event is one entry, chained to the one before, in the transaction that it records."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final

import msgspec
from sqlalchemy import insert, select, text

from index.store.tables import LogEntry
from index.store.tables.base import table_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from typing import Any

    from sqlalchemy import RowMapping
    from sqlalchemy.orm import Session

__all__ = ["GENESIS", "Event", "LogBroken", "append", "append_all", "verify"]

#: The "previous hash" of the first entry.
GENESIS: Final = "0" * 64

#: Serializes writers of the log on PostgreSQL; SQLite has one writer anyway.
_LOG_LOCK: Final = 0x50524154  # "PRAT"

#: Past the unit of work: nobody changes an entry, so nobody keeps one.
_TABLE: Final = table_of(LogEntry)
_LAST: Final = select(_TABLE.c.seq, _TABLE.c.hash).order_by(_TABLE.c.seq.desc()).limit(1)
_INSERT: Final = insert(_TABLE)


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
    return append_all(session, (event,), now=now)


def append_all(session: Session, events: Sequence[Event], *, now: datetime) -> int:
    """The events, at least one, are in the log in this order when this transaction commits; the last one's number."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOG_LOCK})
    session.flush()
    last = session.execute(_LAST).first()
    seq, previous = (last.seq, last.hash) if last else (0, GENESIS)
    rows = []
    for event in events:
        seq += 1
        row = {
            "seq": seq,
            "at": now,
            "actor": event.actor,
            "action": event.action,
            "subject": event.subject,
            "old": str(event.old),
            "new": str(event.new),
            "ruleset": event.ruleset,
            "evidence": event.evidence,
            "previous_hash": previous,
        }
        previous = row["hash"] = _hash(row)
        rows.append(row)
    session.execute(_INSERT, rows)
    return seq


def verify(session: Session) -> int:
    """Every entry follows from the one before; the number of entries.

    Raises:
        LogBroken: an entry was changed, removed or put in.
    """
    previous, expected = GENESIS, 1
    query = select(_TABLE).order_by(_TABLE.c.seq).execution_options(yield_per=1000)
    with session.execute(query) as entries:  # closed in any case: PostgreSQL keeps a cursor for it
        for entry in entries.mappings():
            if entry["seq"] != expected:
                raise LogBroken(f"entry {expected} is missing: found {entry['seq']} in its place")
            if entry["previous_hash"] != previous or entry["hash"] != _hash(entry):
                raise LogBroken(f"entry {entry['seq']} ({entry['action']} {entry['subject']}) is not what was written")
            previous, expected = entry["hash"], expected + 1
    return expected - 1


def _hash(entry: Mapping[str, Any] | RowMapping) -> str:
    fields = (
        entry["seq"],
        entry["at"].timestamp(),
        entry["actor"],
        entry["action"],
        entry["subject"],
        entry["old"],
        entry["new"],
        entry["ruleset"],
        entry["evidence"],
    )
    return sha256(entry["previous_hash"].encode() + msgspec.json.encode(fields)).hexdigest()
