"""Whether anybody has written since the last look, almost for free."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from index.store.database import Database

__all__ = ["Watch"]


class Watch:
    """On SQLite, a connection that does nothing but ask for `data_version`; elsewhere nobody can tell.

    Only one thread at a time may ask.
    """

    def __init__(self, database: Database) -> None:
        self._path = database.url.database if database.is_sqlite else None
        self._connection: sqlite3.Connection | None = None
        self._seen: int | None = None

    def version(self) -> int | None:
        """A number that is another one after every commit of another connection; None where there is none."""
        if self._path is None:
            return None
        if self._connection is None:
            self._connection = sqlite3.connect(self._path, check_same_thread=False, isolation_level=None)
        (version,) = self._connection.execute("PRAGMA data_version").fetchone()
        return int(version)

    def has_changed(self) -> bool:
        """Whether another connection has committed since the last call (at the first one, and in doubt: yes)."""
        version = self.version()
        changed = version is None or version != self._seen
        self._seen = version
        return changed

    def close(self) -> None:
        """The connection is closed; the next look opens another, and takes everything for changed."""
        if self._connection is not None:
            self._connection.close()
        self._connection = self._seen = None
