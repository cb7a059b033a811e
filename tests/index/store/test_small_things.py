"""Identifiers and the outbox."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from index.store.identifiers import new_id
from index.store.outbox import Notice, NoticeKind, NoticeReason, put
from index.store.tables import Message

if TYPE_CHECKING:
    from index.services import Services

_NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
_NOTICE = Notice(
    kind=NoticeKind.HELD,
    submission_id="S",
    project="demo",
    version="1.0",
    filenames=("demo-1.0.tar.gz",),
    reasons=(NoticeReason(title="Runs what it downloads", filename="demo-1.0.tar.gz", member="setup.py", line=3),),
)


def test_an_identifier_is_a_ulid() -> None:
    made = new_id(_NOW)
    assert len(made) == 26
    assert set(made) <= set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
    assert made[0] <= "7", "48 bits of time"


@given(st.datetimes(datetime(1970, 1, 2), datetime(9000, 1, 1)), st.integers(1, 10**9))  # noqa: DTZ001 # made aware below
def test_a_later_identifier_is_greater(moment: datetime, milliseconds: int) -> None:
    earlier = moment.replace(tzinfo=UTC)
    assert new_id(earlier) < new_id(earlier + timedelta(milliseconds=milliseconds))


def test_identifiers_of_one_moment_differ() -> None:
    assert len({new_id(_NOW) for _ in range(1000)}) == 1000


def test_each_recipient_is_owed_the_whole_notice(services: Services) -> None:
    with services.database.write() as session:
        put(session, _NOTICE, ("a@example.org", "b@example.org"), now=_NOW)
    with services.database.read() as session:
        messages = session.scalars(select(Message).order_by(Message.recipient)).all()
    assert [message.recipient for message in messages] == ["a@example.org", "b@example.org"]
    for message in messages:
        assert msgspec.json.decode(message.payload, type=Notice) == _NOTICE
        assert (message.kind, message.next_attempt_at, message.sent_at) == ("held", _NOW, None)


def test_nobody_is_told_of_what_was_rolled_back(services: Services) -> None:
    with suppress(ZeroDivisionError), services.database.write() as session:
        put(session, _NOTICE, ("a@example.org",), now=_NOW)
        session.flush()
        raise ZeroDivisionError
    with services.database.read() as session:
        assert session.scalars(select(Message)).all() == []
