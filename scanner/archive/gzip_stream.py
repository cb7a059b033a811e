"""A gzip file as one bounded stream (RFC 1952): one member, nothing after it, checksum and length right."""

from __future__ import annotations

import io
import zlib
from typing import TYPE_CHECKING, Final

from scanner.archive.codes import Code

if TYPE_CHECKING:
    from scanner.archive.faults import FaultList
    from scanner.archive.limits import Limits

__all__ = ["GzipStream"]

_MAGIC: Final = b"\x1f\x8b\x08"
_TEXT_FLAG: Final = 0x01
_NAME_FLAG: Final = 0x08
_GZIP_WINDOW: Final = zlib.MAX_WBITS | 16
#: Packed bytes taken at a time. Deflate unpacks at most 1032 to 1, so one step makes at most 17 MB.
_STEP: Final = 16 * 1024


class GzipStream:
    """The unpacked bytes of `data`, handed out in order. Limits are checked at every step.

    Raises:
        ArchiveRefused: `data` does not start with the header of a plain gzip file.
    """

    def __init__(self, data: memoryview, limits: Limits, faults: FaultList) -> None:
        self._data = data
        self._limits = limits
        self._faults = faults
        self._most = max(limits.ratio_floor, limits.ratio * len(data))
        self._inflater = zlib.decompressobj(_GZIP_WINDOW)
        self._next = 0
        self._made = 0
        self._buffer = b""
        self._at = 0
        if len(data) < len(_MAGIC) + 1 or bytes(data[: len(_MAGIC)]) != _MAGIC or data[3] & ~(_TEXT_FLAG | _NAME_FLAG):
            faults.refuse(
                Code.GZIP_HEADER,
                "The file does not start with the header of a plain gzip file (extra fields, comments and header "
                "checksums are not accepted); send a .tar.gz as a build tool writes it.",
            )

    @property
    def position(self) -> int:
        """How many unpacked bytes have been handed out."""
        return self._made - len(self._buffer) + self._at

    def read(self, size: int) -> bytes:
        """The next `size` bytes, or fewer when the stream ends before.

        Raises:
            ArchiveRefused: the gzip file is damaged, cut short or not alone, or unpacks beyond the limits.
        """
        here = self._buffer[self._at : self._at + size]
        self._at += len(here)
        if len(here) == size:
            return here
        # A large member is held once: getvalue hands out the buffer that was written to.
        gathered = io.BytesIO()
        missing = size - gathered.write(here)
        while missing and self._fill():
            piece = self._buffer[:missing]
            self._at = len(piece)
            missing -= gathered.write(piece)
        return gathered.getvalue()

    def _fill(self) -> bool:
        """Unpack until there is something to hand out; false at the end of the stream."""
        while not self._inflater.eof:
            if self._next >= len(self._data):
                self._faults.refuse(Code.GZIP_TRUNCATED, "The gzip file is cut short; build and upload it again.")
            with self._data[self._next : self._next + _STEP] as packed:
                self._next += len(packed)
                made = self._unpacked(packed)
            if self._inflater.eof:
                self._check_alone()
            if made:
                self._buffer, self._at = made, 0
                return True
        return False

    def _unpacked(self, packed: memoryview) -> bytes:
        try:
            made = self._inflater.decompress(packed)
        except zlib.error as error:
            self._faults.refuse(
                Code.GZIP_CORRUPT, f"The gzip file cannot be unpacked ({error}); it was damaged. Build it again."
            )
        self._made += len(made)
        if self._made > self._limits.total_size:
            self._faults.refuse(
                Code.LIMIT_TOTAL_SIZE,
                f"The archive unpacks to more than {self._limits.total_size} bytes; that is the most that is accepted.",
            )
        if self._made > self._most:
            self._faults.refuse(
                Code.LIMIT_RATIO,
                f"The archive unpacks from {len(self._data)} to more than {self._most} bytes; a ratio of at most "
                f"{self._limits.ratio} is accepted.",
            )
        return made

    def _check_alone(self) -> None:
        after = len(self._inflater.unused_data) + len(self._data) - self._next
        if after:
            # Noted, not refused at once: the archive is not accepted, but what it holds is looked at.
            self._faults.add(
                Code.GZIP_TRAILING,
                f"{after} bytes follow the end of the gzip file (a second gzip member, padding or something else); "
                "send the file as its tool wrote it.",
            )
