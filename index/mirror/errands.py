"""Errands: what takes a while, done once however many ask for it, while those who asked wait no longer than they will.

Each runs in a thread of its own that nobody waits for at the end of the process: what it has not done by then is as if
nobody had begun it.
"""

from __future__ import annotations

import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

__all__ = ["Errands", "TooMany"]

_V = TypeVar("_V")


class TooMany(Exception):
    """So many errands are under way that no other one is begun."""


class Errands(Generic[_V]):
    """Errands by key."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._under_way: dict[Hashable, Future[_V]] = {}

    def result(self, key: Hashable, errand: Callable[[], _V], *, seconds: float) -> _V:
        """What `errand`, begun now or by somebody else under the same key, comes to.

        Raises:
            TimeoutError: it is still under way after `seconds`, and goes on.
            TooMany: it was not begun.
            Exception: whatever the errand raises.
        """
        with self._lock:
            future = self._under_way.get(key)
            if future is None:
                if len(self._under_way) >= self._most:
                    raise TooMany
                future = self._under_way[key] = Future()
                threading.Thread(target=self._run, args=(key, errand, future), name="errand", daemon=True).start()
        return future.result(seconds)

    def _run(self, key: Hashable, errand: Callable[[], _V], future: Future[_V]) -> None:
        try:
            value = errand()
        except BaseException as error:  # noqa: BLE001 # told to those who wait
            self._end(key)
            future.set_exception(error)
        else:
            self._end(key)
            future.set_result(value)

    def _end(self, key: Hashable) -> None:
        with self._lock:
            del self._under_way[key]
