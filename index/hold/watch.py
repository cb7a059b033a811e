"""Whether anybody has written since the last look, almost for free."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from index.store.database import Database

__all__ = ["Watch"]


class Watch:
    """On SQLite, a connection that does nothing but ask for `data_version`; elsewhere it always says yes."""

    def __init__(self, database: Database) -> None:
        self._connection: sqlite3.Connection | None = None
        self._version: int | None = None
        if database.is_sqlite and database.url.database:
            self._connection = sqlite3.connect(database.url.database, check_same_thread=False)

    def has_changed(self) -> bool:
        """Whether another connection has committed since the last call (at the first one: yes)."""
        if self._connection is None:
            return True
        (version,) = self._connection.execute("PRAGMA data_version").fetchone()
        changed: bool = version != self._version
        self._version = version
        return changed

    def close(self) -> None:
        """The connection is closed."""
        if self._connection is not None:
            self._connection.close()
