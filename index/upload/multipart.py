"""The decoder of multipart bodies: Werkzeug's, with one mistake mended."""

from __future__ import annotations

from typing import Final

from werkzeug.sansio.multipart import MultipartDecoder

__all__ = ["Decoder"]

#: Line break, hyphens before and after, and the line break behind: what a boundary has beside its name.
_AROUND_BOUNDARY: Final = 8


class Decoder(MultipartDecoder):
    """Werkzeug's decoder, which looks for a boundary that is cut anywhere.

    Werkzeug 3.1.9 forgets the two hyphens of the last boundary: cut between them, the CR before the boundary becomes
    a byte of the file. That depends on the sizes alone, so the same file would fail at every attempt.
    """

    def _last_partial_boundary_index(self, data: bytes | bytearray) -> int:
        tail = max(0, len(data) - len(self.boundary) - _AROUND_BOUNDARY)
        found = (index for index in (data.find(b"\r", tail), data.find(b"\n", tail)) if index >= 0)
        return min(found, default=len(data))
