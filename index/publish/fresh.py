"""A cache that never outlives a change: what it gives is what the database says now."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from index.store.watch import Watch

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
        self._version: int | None = None
        self._watch = Watch(database)

    def get(self, key: Hashable, load: Callable[[], _V]) -> _V:
        """The value of `key`: kept, or loaded where anything has changed since."""
        with self._lock:
            version = self._watch.version()
            if version is None or version != self._version:
                self._values.clear()
                self._version = version
            elif key in self._values:
                return self._values[key]
        value = load()
        with self._lock:
            # A commit since the look above has another version, and the next look forgets what is kept here.
            if version is not None and version == self._version and len(self._values) < _MOST_ENTRIES:
                self._values[key] = value
        return value

    def close(self) -> None:
        """The connection is closed; it is opened again by the next look."""
        with self._lock:
            self._watch.close()
            self._version = None


class ChangeCache(Generic[_V]):
    """Values by key that are costly to make: each is made once for each change of what is visible."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: dict[Hashable, tuple[Hashable, _V]] = {}

    def get(self, key: Hashable, serial: Hashable, load: Callable[[], _V]) -> _V:
        """The value of `key` at `serial`, the latest change: kept, or made by one thread while the others wait.

        `serial` must have been read before `load` reads: what changes in between is then made anew, never missed.
        """
        with self._lock:
            kept = self._values.get(key)
            if kept is None or kept[0] != serial:
                kept = self._values[key] = (serial, load())
            return kept[1]
