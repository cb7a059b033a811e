"""One row, however many write it at once."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy.dialects import postgresql, sqlite

from index.store.tables.base import table_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.orm import Session
    from sqlalchemy.sql.dml import ReturningInsert

    from index.store.tables import Base

__all__ = ["insert_unless_there"]


def insert_unless_there(session: Session, table: type[Base], values: Mapping[str, object]) -> bool:
    """The row is there; True where this call has written it. A unique key that is taken is no error."""
    statement = _statement(table, session.get_bind().dialect.name)
    return session.execute(statement, values).first() is not None


@cache
def _statement(table: type[Base], dialect: str) -> ReturningInsert[Any]:
    """Put together once: every upload executes two of these."""
    rows = table_of(table)
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    # A count of rows is not to be had from every driver; what was written returns its key.
    return insert(rows).on_conflict_do_nothing().returning(*rows.primary_key)
