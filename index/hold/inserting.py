"""One row, however many write it at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from sqlalchemy.dialects import postgresql, sqlite

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import CursorResult
    from sqlalchemy.orm import Session

    from index.store.tables import Base

__all__ = ["insert_unless_there"]


def insert_unless_there(session: Session, table: type[Base], values: Mapping[str, object]) -> bool:
    """The row is there; True where this call has written it. A unique key that is taken is no error."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    result = session.execute(insert(table).values(values).on_conflict_do_nothing())
    return cast("CursorResult[object]", result).rowcount == 1
