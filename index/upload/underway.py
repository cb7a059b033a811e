"""A large file that is on its way keeps the uploader's open submissions open."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from index.upload.form import Readable

__all__ = ["BeatingStream"]


class BeatingStream:
    """A stream that calls `beat` each `seconds` for as long as it is read. Fast uploads never do."""

    def __init__(self, stream: Readable, beat: Callable[[], None], seconds: float) -> None:
        self._stream = stream
        self._beat = beat
        self._seconds = seconds
        self._next = time.monotonic() + seconds

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes of the stream."""
        data = self._stream.read(size)
        if time.monotonic() >= self._next:
            self._beat()
            self._next = time.monotonic() + self._seconds
        return data
