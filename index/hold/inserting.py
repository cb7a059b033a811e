"""One row, however many write it at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import inspect
from sqlalchemy.dialects import postgresql, sqlite

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.orm import Session

    from index.store.tables import Base

__all__ = ["insert_unless_there"]


def insert_unless_there(session: Session, table: type[Base], values: Mapping[str, object]) -> bool:
    """The row is there; True where this call has written it. A unique key that is taken is no error."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    # A count of rows is not to be had from every driver; what was written returns its key.
    statement = insert(table).values(values).on_conflict_do_nothing().returning(*inspect(table).primary_key)
    return session.execute(statement).first() is not None
