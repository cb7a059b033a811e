"""Where pictures, sounds, fonts and documents end: so that what stands behind the end can be looked at."""

from __future__ import annotations

import struct
import zlib
from itertools import islice
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Tail", "end_of", "media_kind", "texts_in"]

#: Blocks of one file that are walked.
_MAX_BLOCKS: Final = 50_000
_MAX_TEXT: Final = 128 * 1024
_MAX_TEXTS: Final = 40

Tail = tuple[str, int]
"""The kind of a file, and where it ends."""

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_JPEG: Final = b"\xff\xd8\xff"
_GIF: Final = (b"GIF87a", b"GIF89a")
_RIFF: Final = b"RIFF"
_BMP: Final = b"BM"
_PDF: Final = b"%PDF-"
_FONTS: Final = (b"\0\1\0\0", b"OTTO", b"true")
_WOFF: Final = (b"wOFF", b"wOF2")
_OTHER: Final = (
    (b"ID3", "mp3"),
    (b"OggS", "ogg"),
    (b"fLaC", "flac"),
    (b"\0\0\1\0", "ico"),
    (b"\0\0\2\0", "ico"),
    (b"II*\0", "tiff"),
    (b"MM\0*", "tiff"),
)


def media_kind(data: bytes) -> str:
    """The kind of picture, sound, font or document that the first bytes announce; empty when they announce none."""
    for kind, starts in (
        ("png", (_PNG,)),
        ("jpeg", (_JPEG,)),
        ("gif", _GIF),
        ("riff", (_RIFF,)),
        ("pdf", (_PDF,)),
        ("font", _FONTS),
        ("woff", _WOFF),
    ):
        if data.startswith(starts):
            return kind
    if data.startswith(_BMP) and int.from_bytes(data[6:10], "little") == 0 and len(data) > 30:  # noqa: PLR2004 # header
        return "bmp"
    if data[4:8] == b"ftyp":
        return "mp4"
    return next((kind for magic, kind in _OTHER if data.startswith(magic)), "")


def end_of(data: bytes) -> Tail | None:
    """The kind of the file and the offset behind its last byte; None where that cannot be told."""
    kind = media_kind(data)
    finder = _ENDS.get(kind)
    if finder is None:
        return None
    try:
        end = finder(data)
    except (struct.error, IndexError):
        return None
    return None if end is None or end > len(data) else (kind, end)


def texts_in(data: bytes) -> Iterator[tuple[str, bytes]]:
    """The first comments and texts that a picture holds, with where they stand."""
    yield from islice(_texts_in(data), _MAX_TEXTS)


def _texts_in(data: bytes) -> Iterator[tuple[str, bytes]]:
    kind = media_kind(data)
    if kind == "png":
        for name, start, size in _png_chunks(data):
            if name in {b"tEXt", b"zTXt", b"iTXt"}:
                yield name.decode("ascii"), _png_text(name, data[start : start + min(size, _MAX_TEXT)])
    elif kind == "jpeg":
        for marker, start, size in _jpeg_segments(data):
            if marker == 0xFE:  # noqa: PLR2004 # a comment
                yield "comment", data[start : start + size]


# PNG (RFC 2083)


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    at = len(_PNG)
    for _ in range(_MAX_BLOCKS):
        size = int.from_bytes(data[at : at + 4], "big")
        name = data[at + 4 : at + 8]
        if len(name) < 4 or at + 12 + size > len(data):  # noqa: PLR2004 # length, name and checksum
            return
        yield name, at + 8, size
        at += 12 + size


def _png_end(data: bytes) -> int | None:
    return next((start + size + 4 for name, start, size in _png_chunks(data) if name == b"IEND"), None)


def _png_text(name: bytes, chunk: bytes) -> bytes:
    keyword, _, rest = chunk.partition(b"\0")
    if name == b"zTXt":
        return _inflated(rest[1:])
    if name == b"iTXt" and len(rest) > 1:
        packed = rest[0] == 1
        rest = rest[2:].partition(b"\0")[2].partition(b"\0")[2]
        return _inflated(rest) if packed else rest
    return rest or keyword


def _inflated(packed: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(packed, _MAX_TEXT)
    except zlib.error:
        return b""


# JPEG (ITU-T T.81)


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Marker, start and size of each segment up to the first scan."""
    at = 2
    for _ in range(_MAX_BLOCKS):
        if data[at : at + 1] != b"\xff" or at + 4 > len(data):
            return
        marker = data[at + 1]
        if marker == 0xFF:  # noqa: PLR2004 # fill bytes
            at += 1
            continue
        size = int.from_bytes(data[at + 2 : at + 4], "big")
        if size < 2:  # noqa: PLR2004 # the size counts itself
            return
        yield marker, at + 4, size - 2
        at += 2 + size


def _jpeg_end(data: bytes) -> int | None:
    scan = next((start + size for marker, start, size in _jpeg_segments(data) if marker == 0xDA), None)  # noqa: PLR2004 # start of scan
    if scan is None:
        return None
    # In a scan, FF is followed by 00 or a restart marker; further scans have headers of their own.
    at = scan
    for _ in range(_MAX_BLOCKS * 20):
        at = data.find(b"\xff", at)
        if at < 0 or at + 1 >= len(data):
            return None
        marker = data[at + 1]
        if marker == 0xD9:  # noqa: PLR2004 # end of image
            return at + 2
        if marker in {0x00, 0xFF} or 0xD0 <= marker <= 0xD7:  # noqa: PLR2004 # stuffed byte, fill, restart
            at += 1 if marker == 0xFF else 2  # noqa: PLR2004 # fill
            continue
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return None


# GIF


def _gif_end(data: bytes) -> int | None:
    at = 13
    if data[10] & 0x80:
        at += 3 << ((data[10] & 7) + 1)
    for _ in range(_MAX_BLOCKS):
        kind = data[at]
        if kind == 0x3B:  # noqa: PLR2004 # trailer
            return at + 1
        if kind == 0x21:  # noqa: PLR2004 # extension
            at = _gif_blocks(data, at + 2)
        elif kind == 0x2C:  # noqa: PLR2004 # image
            flags = data[at + 9]
            at += 10 + (3 << ((flags & 7) + 1) if flags & 0x80 else 0)
            at = _gif_blocks(data, at + 1)
        else:
            return None
    return None


def _gif_blocks(data: bytes, at: int) -> int:
    while size := data[at]:
        at += size + 1
    return at + 1


# The rest


def _riff_end(data: bytes) -> int:
    size = int.from_bytes(data[4:8], "little")
    return 8 + size + size % 2 if size % 2 and 8 + size + 1 <= len(data) else 8 + size


def _bmp_end(data: bytes) -> int | None:
    size = int.from_bytes(data[2:6], "little")
    return size if size > 30 else None  # noqa: PLR2004 # two headers


def _pdf_end(data: bytes) -> int | None:
    at = data.rfind(b"%%EOF")
    return None if at < 0 else at + 5


def _font_end(data: bytes) -> int | None:
    """Behind the last table (OpenType 1.9, table directory)."""
    count = int.from_bytes(data[4:6], "big")
    ends = []
    for index in range(min(count, 200)):
        offset, size = struct.unpack_from(">2L", data, 12 + 16 * index + 8)
        ends.append(offset + size + -size % 4)
    return min(max(ends), len(data)) if ends else None


def _woff_end(data: bytes) -> int:
    return int.from_bytes(data[8:12], "big")


_ENDS: Final[dict[str, Callable[[bytes], int | None]]] = {
    "png": _png_end,
    "jpeg": _jpeg_end,
    "gif": _gif_end,
    "riff": _riff_end,
    "bmp": _bmp_end,
    "pdf": _pdf_end,
    "font": _font_end,
    "woff": _woff_end,
}
