"""A cache that never outlives a change: what it gives is what the database says now."""

from __future__ import annotations

import sqlite3
import threading
from typing import TYPE_CHECKING, Final, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from index.store.database import Database

__all__ = ["ChangeCache", "FreshCache"]

_V = TypeVar("_V")

_MOST_ENTRIES: Final = 4096


class FreshCache(Generic[_V]):
    """Values by key, forgotten as soon as any process commits anything.

    On SQLite `PRAGMA data_version`, a matter of microseconds, tells of a commit in another process or connection. On
    other databases nothing is kept, and every value is loaded anew.
    """

    def __init__(self, database: Database) -> None:
        self._lock = threading.Lock()
        self._values: dict[Hashable, _V] = {}
        self._version = -1
        self._connection: sqlite3.Connection | None = None
        self._path = database.url.database if database.is_sqlite else None

    def get(self, key: Hashable, load: Callable[[], _V]) -> _V:
        """The value of `key`: kept, or loaded where anything has changed since."""
        if self._path is None:
            return load()
        with self._lock:
            version = self._data_version(self._path)
            if version != self._version:
                self._values.clear()
                self._version = version
            elif key in self._values:
                return self._values[key]
        value = load()
        with self._lock:
            # A commit since the look above has another version, and the next look forgets what is kept here.
            if version == self._version and len(self._values) < _MOST_ENTRIES:
                self._values[key] = value
        return value

    def _data_version(self, path: str) -> int:
        if self._connection is None:
            self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        row = self._connection.execute("PRAGMA data_version").fetchone()
        return int(row[0])

    def close(self) -> None:
        """The connection is closed; it is opened again by the next look."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None
            self._version = -1


class ChangeCache(Generic[_V]):
    """Values by key that are costly to make: each is made once for each change of what is visible."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: dict[Hashable, tuple[int, _V]] = {}

    def get(self, key: Hashable, serial: int, load: Callable[[], _V]) -> _V:
        """The value of `key` at `serial`, the latest change: kept, or made by one thread while the others wait.

        `serial` must have been read before `load` reads: what changes in between is then made anew, never missed.
        """
        with self._lock:
            kept = self._values.get(key)
            if kept is None or kept[0] != serial:
                kept = self._values[key] = (serial, load())
            return kept[1]
