"""Decoders: from bytes or text that look encoded to what they hold, one step at a time, within bounds.

Nothing is executed or loaded. Marshalled code is read for the texts and byte strings in it; no code object is built.
"""

from __future__ import annotations

import base64
import binascii
import bz2
import codecs
import lzma
import re
import urllib.parse
import zlib
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["MAX_DEPTH", "MAX_LAYER_BYTES", "Layer", "decode", "decompressed", "plausible", "unfold"]

#: How many decodings deep a layer may lie.
MAX_DEPTH: Final = 8
#: How many bytes of layers one member may give, together; also the most that one decompression gives.
MAX_LAYER_BYTES: Final = 16 * 1024 * 1024
_SHORTEST: Final = 24

_BASE64: Final = re.compile(rb"[A-Za-z0-9+/_-]{16,}={0,2}")
_BASE32: Final = re.compile(rb"[A-Z2-7]{16,}=*")
_HEX: Final = re.compile(rb"(?:[0-9a-fA-F]{2})+")
_ESCAPED_HEX: Final = re.compile(rb"(?:\\x[0-9a-fA-F]{2}){8,}")
_BASE85: Final = re.compile(rb"[!-u]{24,}|[0-9A-Za-z!#$%&()*+\-;<=>?@^_`{|}~]{24,}")
_QUOTED: Final = re.compile(rb"(?:[^%]{0,40}%[0-9A-Fa-f]{2}){8}")
_SPACE: Final = b" \t\r\n\v\f"
_PRINTABLE: Final = bytes(range(32, 127)) + b"\t\r\n\f"
_MAGIC: Final = (
    b"x\x01",
    b"x\x5e",
    b"x\x9c",
    b"x\xda",
    b"\x1f\x8b",
    b"BZh",
    b"\xfd7zXZ",
    b"]\0\0",
    b"PK\3\4",
    b"MZ",
    b"\x7fELF",
)
_CODE_MARKS: Final = (b"\xe3\0\0\0\0", b"c\0\0\0\0")
_WORDS: Final = (b"import ", b"exec(", b"eval(", b"lambda", b"print(", b"def ", b"http", b"__import__", b"powershell")


@dataclass(frozen=True, slots=True)
class Layer:
    """What came out, and the decodings that led to it, the first one first."""

    steps: tuple[str, ...]
    data: bytes


def decode(data: bytes | str) -> Iterator[Layer]:
    """Each single decoding of `data` that gives something plausible: text, a known format, or code."""
    raw = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    if len(raw) < _SHORTEST or len(raw) > MAX_LAYER_BYTES:
        return
    for name, decoder in _DECODERS:
        try:
            result = decoder(raw)
        except (ValueError, EOFError, OSError, MemoryError, zlib.error, lzma.LZMAError):
            continue
        if result and result != raw:
            yield Layer((name,), result)


def unfold(data: bytes | str, depth: int = MAX_DEPTH) -> Iterator[Layer]:
    """Every layer below `data`, outer before inner, at most `depth` deep and `MAX_LAYER_BYTES` in all."""
    left = MAX_LAYER_BYTES
    waiting: deque[Layer] = deque([Layer((), data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data)])
    seen: set[bytes] = {waiting[0].data}
    while waiting:
        outer = waiting.popleft()
        for inner in decode(outer.data):
            if inner.data in seen:
                continue
            left -= len(inner.data)
            if left < 0:
                return
            seen.add(inner.data)
            layer = Layer(outer.steps + inner.steps, inner.data)
            yield layer
            if len(layer.steps) < depth:
                waiting.append(layer)


def decompressed(kind: str, data: bytes) -> bytes | None:
    """What `data`, compressed by `kind` (zlib, gzip, bz2, lzma), holds; None when it does not, or holds too much."""
    try:
        if kind in {"zlib", "gzip"}:
            inflater = zlib.decompressobj(15 if kind == "zlib" else 31)
            result = inflater.decompress(data, MAX_LAYER_BYTES)
            return None if inflater.unconsumed_tail else result
        bounded = bz2.BZ2Decompressor() if kind == "bz2" else lzma.LZMADecompressor(memlimit=64 * 1024 * 1024)
        result = bounded.decompress(data, MAX_LAYER_BYTES)
    except (ValueError, EOFError, OSError, MemoryError, zlib.error, lzma.LZMAError):
        return None
    return result if bounded.eof or bounded.needs_input else None


def plausible(data: bytes) -> bool:
    """Whether `data` looks like something that was encoded on purpose: a known format, code, or text."""
    if data.startswith((*_MAGIC, *_CODE_MARKS)):
        return True
    sample = data[:4096]
    strange = len(sample.translate(None, _PRINTABLE))
    if strange * 20 <= len(sample):
        return len(sample) > 0
    if sample[1::2].count(0) * 3 > len(sample):  # UTF-16, as PowerShell takes it
        return True
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        return False
    return sum(character.isprintable() or character.isspace() for character in text) * 20 >= 19 * len(text)


def _base64(raw: bytes) -> bytes | None:
    packed = raw.translate(None, _SPACE)
    if not _BASE64.fullmatch(packed):
        return None
    packed = packed.rstrip(b"=").replace(b"-", b"+").replace(b"_", b"/")
    return _if_plausible(binascii.a2b_base64(packed + b"=" * (-len(packed) % 4)))


def _hex(raw: bytes) -> bytes | None:
    packed = raw.translate(None, _SPACE)
    if _ESCAPED_HEX.fullmatch(packed):
        packed = packed.replace(b"\\x", b"")
    return _if_plausible(binascii.unhexlify(packed)) if _HEX.fullmatch(packed) else None


def _base32(raw: bytes) -> bytes | None:
    packed = raw.translate(None, _SPACE)
    return _if_plausible(base64.b32decode(packed)) if _BASE32.fullmatch(packed) else None


def _base85(raw: bytes) -> bytes | None:
    if _HEX.fullmatch(raw) or _BASE64.fullmatch(raw) or b" " in raw or not _BASE85.fullmatch(raw):
        return None
    result = base64.b85decode(raw)
    return result if result.startswith(_MAGIC) or any(word in result for word in _WORDS) else None


def _ascii85(raw: bytes) -> bytes | None:
    packed = raw.translate(None, _SPACE)
    if _HEX.fullmatch(packed) or _BASE64.fullmatch(packed) or not _BASE85.fullmatch(packed.strip(b"<~>")):
        return None
    result = base64.a85decode(packed, adobe=packed.startswith(b"<~"))
    return result if result.startswith(_MAGIC) or any(word in result for word in _WORDS) else None


def _compressed(kind: str, *magic: bytes) -> Callable[[bytes], bytes | None]:
    def decoder(raw: bytes) -> bytes | None:
        return decompressed(kind, raw) if raw.startswith(magic) else None

    return decoder


def _marshal(raw: bytes) -> bytes | None:
    """The texts and byte strings of marshalled code, a line each."""
    if not raw.startswith(_CODE_MARKS) and not (raw[2:4] == b"\r\n" and raw[16:].startswith(_CODE_MARKS)):
        return None
    return b"\n".join(_marshalled_strings(raw)) or None


def _marshalled_strings(raw: bytes) -> Iterator[bytes]:
    position, end = 0, len(raw)
    while position < end:
        kind = raw[position] & 0x7F
        if kind in b"zZ":
            start, size = position + 2, raw[position + 1] if position + 1 < end else 0
        elif kind in b"saAtu":
            start, size = position + 5, int.from_bytes(raw[position + 1 : position + 5], "little")
        else:
            position += 1
            continue
        text = raw[start : start + size]
        if size and len(text) == size and size < end and (kind == ord("s") or not text.translate(None, _PRINTABLE)):
            if kind != ord("s") or plausible(text):
                yield text
            position = start + size if kind != ord("s") else position + 5
        else:
            position += 1


def _reversed(raw: bytes) -> bytes | None:
    turned = raw[::-1]
    if raw.startswith(b"=") and _BASE64.fullmatch(turned.translate(None, _SPACE)):
        return turned
    if turned.startswith(_MAGIC[:5]) and decompressed("zlib" if turned[:1] == b"x" else "gzip", turned):
        return turned
    return turned if _reads(turned) and not _reads(raw) else None


def _rot13(raw: bytes) -> bytes | None:
    turned = codecs.encode(raw.decode("ascii"), "rot13").encode("ascii")
    return turned if _reads(turned) and not _reads(raw) else None


def _url_quoted(raw: bytes) -> bytes | None:
    return urllib.parse.unquote_to_bytes(raw) if _QUOTED.match(raw) else None


def _reads(raw: bytes) -> bool:
    """Whether at least two words of program text are in it."""
    return sum(word in raw for word in _WORDS) > 1


def _if_plausible(result: bytes) -> bytes | None:
    return result if plausible(result) or plausible(result[::-1]) else None


_DECODERS: Final[tuple[tuple[str, Callable[[bytes], bytes | None]], ...]] = (
    ("hex", _hex),
    ("base64", _base64),
    ("base32", _base32),
    ("base85", _base85),
    ("ascii85", _ascii85),
    ("zlib", _compressed("zlib", b"x\x01", b"x\x5e", b"x\x9c", b"x\xda")),
    ("gzip", _compressed("gzip", b"\x1f\x8b")),
    ("bz2", _compressed("bz2", b"BZh")),
    ("lzma", _compressed("lzma", b"\xfd7zXZ", b"]\0\0")),
    ("marshal", _marshal),
    ("reversed", _reversed),
    ("rot13", _rot13),
    ("url-quote", _url_quoted),
)
