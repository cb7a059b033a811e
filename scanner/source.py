"""Python source bytes become text the way Python itself reads them (PEP 263), with the choice of codecs narrowed.

A coding cookie can hide code: under `unicode_escape`, `utf-7` or `hz` what looks like a comment in the bytes is a
statement for Python. Such files are decoded as Python would, so that they can be judged, and marked `exotic`.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from encodings.aliases import aliases
from typing import Final

__all__ = ["MAX_PARSE_BYTES", "DecodedSource", "SourceTooDense", "SourceUnreadable", "decode_source"]

#: Larger sources are not parsed: a syntax tree takes up to 600 times the memory of its text.
MAX_PARSE_BYTES: Final = 1024 * 1024

#: Normalised codec names (`codecs.lookup(...).name`) in which bytes and text show the same thing.
_ORDINARY: Final = frozenset({"utf-8", "ascii", "iso8859-1", "iso8859-15", "cp1252"})

_NOT_TEXT: Final = frozenset(
    {"base64_codec", "bz2_codec", "hex_codec", "mbcs", "oem", "quopri_codec", "rot_13", "uu_codec", "zlib_codec"}
)
#: Codecs of the standard library that turn bytes into text. Others may have been registered by hostile start-up code,
#: and looking up an arbitrary name would import `encodings.<name>`.
_TEXT_CODECS: Final = (frozenset(aliases.values()) - _NOT_TEXT) | {
    "idna",
    "punycode",
    "raw_unicode_escape",
    "unicode_escape",
    "utf_8_sig",
}

_COOKIE: Final = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_BLANK: Final = re.compile(rb"^[ \t\f]*(?:#|$)")
_NEWLINE: Final = re.compile(rb"\r\n?|\n")


class SourceUnreadable(Exception):
    """Python source that cannot be analysed: the message says why, `line` where, when that is known."""

    def __init__(self, message: str, *, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


class SourceTooDense(SourceUnreadable):
    """Python source whose syntax tree would cost more memory or time than one member may."""


@dataclass(frozen=True, slots=True)
class DecodedSource:
    """The text of a Python file.

    `encoding` is the normalised name of its codec; `exotic` says that the bytes may show something else than the text.
    """

    text: str
    encoding: str
    exotic: bool


def decode_source(data: bytes) -> DecodedSource:
    """The text that Python would compile for `data`, by PEP 263.

    Raises:
        SourceUnreadable: `data` is larger than `MAX_PARSE_BYTES`, holds a NUL byte, names a codec that is unknown or no
            text codec, contradicts its byte order mark, or is not valid in its encoding.
    """
    if len(data) > MAX_PARSE_BYTES:
        raise SourceUnreadable(f"{len(data)} bytes of source; at most {MAX_PARSE_BYTES} are parsed")
    if b"\0" in data:
        raise SourceUnreadable("a NUL byte in the source", line=data[: data.index(b"\0")].count(b"\n") + 1)
    marked = data.startswith(codecs.BOM_UTF8)
    if marked:
        data = data[len(codecs.BOM_UTF8) :]
    encoding = _declared(data)
    if marked and encoding not in {None, "utf-8", "utf-8-sig"}:
        raise SourceUnreadable(f"a UTF-8 byte order mark, and a cookie that says {encoding!r}", line=1)
    encoding = encoding or "utf-8"
    try:
        text = data.decode(encoding)
    except (UnicodeError, ValueError, LookupError) as error:
        raise SourceUnreadable(f"not valid {encoding}: {error}") from error
    return DecodedSource(text, encoding, encoding not in _ORDINARY)


def _declared(data: bytes) -> str | None:
    """The normalised codec name of the cookie in the first two lines, if there is one."""
    for number, line in enumerate(_NEWLINE.split(data, maxsplit=2)[:2], start=1):
        if match := _COOKIE.match(line):
            return _normalised(match[1].decode("ascii", "replace"), number)
        if not _BLANK.match(line):
            return None
    return None


def _normalised(name: str, line: int) -> str:
    key = name.lower().replace("-", "_").replace(".", "_")
    # As CPython's get_normal_name: utf-8-anything is UTF-8, latin-1-anything is ISO 8859-1.
    if key == "utf_8" or key.startswith("utf_8_"):
        return "utf-8"
    if key.startswith(("latin_1", "iso_8859_1_", "iso_latin_1")) or key == "iso_8859_1":
        return "iso8859-1"
    module = aliases.get(key, key)
    if module not in _TEXT_CODECS:
        raise SourceUnreadable(f"unknown source encoding {name!r}", line=line)
    return codecs.lookup(module).name
