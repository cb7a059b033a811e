"""Ringing without waiting: the doorbell is rung by a thread of its own, and a burst of work rings it a few times."""

from __future__ import annotations

import atexit
import threading
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Bell"]

_PAUSE_SECONDS: Final = 0.05


class Bell:
    """Calls `ring` soon after it was called, and once more after the last call.

    Each message wakes one thread of a worker, which goes on until there is no work; so after one call follows one
    message, and after many in `pause` seconds at most `most`. No call waits for the broker.
    """

    def __init__(self, ring: Callable[[], None], *, most: int, pause: float = _PAUSE_SECONDS) -> None:
        self._ring = ring
        self._most = most
        self._pause = pause
        self._changed = threading.Condition()
        self._wanted = 0
        self._closed = False
        self._thread: threading.Thread | None = None

    def __call__(self) -> None:
        """The workers will hear that there is work."""
        if self._wanted >= self._most:  # not rung yet: those rings come after this call
            return
        with self._changed:
            self._wanted = min(self._wanted + 1, self._most)
            if self._thread is None:  # here, and not before: the process may have forked since it was made
                self._thread = threading.Thread(target=self._run, name="doorbell", daemon=True)
                self._thread.start()
                atexit.register(self.close)
            self._changed.notify()

    def close(self) -> None:
        """What was asked for has been rung, unless the broker takes longer than a few seconds."""
        with self._changed:
            self._closed = True
            self._changed.notify()
            thread = self._thread
        if thread is not None:
            thread.join(5)
            atexit.unregister(self.close)

    def _run(self) -> None:
        while wanted := self._next():
            for _ in range(wanted):
                self._ring()
            with self._changed:
                self._changed.wait_for(lambda: self._closed, self._pause)

    def _next(self) -> int:
        """How often to ring now, as soon as somebody wants it; 0 at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._wanted or self._closed)
            wanted, self._wanted = self._wanted, 0
            return wanted
