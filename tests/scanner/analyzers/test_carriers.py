from __future__ import annotations

import base64
import gzip
import random
import struct
import zlib
from typing import TYPE_CHECKING, Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from scanner.analyzers.carriers import carriers
from scanner.analyzers.readers.media import end_of, media_kind, texts_in
from scanner.model import Role, Severity

if TYPE_CHECKING:
    from collections.abc import Callable

PAYLOAD = b'import os\nMARKER = os.environ\nos.system("echo MARKER")\n'
NOISE = random.Random(4).randbytes(8000)


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">L", len(data)) + name + data + struct.pack(">L", zlib.crc32(name + data))


def png(*extra: bytes) -> bytes:
    header = chunk(b"IHDR", struct.pack(">2L5B", 1, 1, 8, 0, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n" + header + b"".join(extra) + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")
    )


def jpeg(comment: bytes = b"made by hand") -> bytes:
    def segment(marker: int, data: bytes) -> bytes:
        return bytes([0xFF, marker]) + struct.pack(">H", len(data) + 2) + data

    scan = b"\x12\x34\xff\x00\x56\xff\xd0\x78"
    return (
        b"\xff\xd8"
        + segment(0xE0, b"JFIF\0" + b"\0" * 9)
        + segment(0xFE, comment)
        + segment(0xDA, b"\1" * 6)
        + scan
        + b"\xff\xd9"
    )


def gif() -> bytes:
    screen = b"GIF89a" + struct.pack("<2H3B", 1, 1, 0x80, 0, 0) + b"\0" * 6
    image = b"\x2c" + struct.pack("<4HB", 0, 0, 1, 1, 0) + b"\2\2\x44\1\0"
    return screen + b"\x21\xfe\4text\0" + image + b"\x3b"


def wav(samples: bytes = b"\0\1" * 400) -> bytes:
    body = (
        b"WAVEfmt " + struct.pack("<LHHLLHH", 16, 1, 1, 8000, 16000, 2, 16) + b"data" + struct.pack("<L", len(samples))
    )
    return b"RIFF" + struct.pack("<L", len(body) + len(samples)) + body + samples


def font() -> bytes:
    return b"\0\1\0\0" + struct.pack(">4H", 1, 16, 0, 0) + b"glyf" + struct.pack(">3L", 0, 28, 8) + b"\1" * 8


PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
FILES = {"png": png(), "jpg": jpeg(), "gif": gif(), "wav": wav(), "ttf": font(), "pdf": PDF}


@pytest.mark.parametrize("suffix", FILES)
def test_the_end_is_found_and_nothing_behind_it_is_nothing(opened: Callable[..., Any], suffix: str) -> None:
    data = FILES[suffix]
    found = end_of(data)
    assert found is not None
    assert found[1] == len(data.rstrip(b"\n")) if suffix == "pdf" else found[1] == len(data)
    assert opened({f"x/a.{suffix}": data}, only=carriers) == ([], [])
    assert opened({f"x/a.{suffix}": data + b"\0\r\n" * 20}, only=carriers) == ([], [])


@pytest.mark.parametrize("suffix", FILES)
@pytest.mark.parametrize(
    ("rest", "severity"),
    [
        (PAYLOAD, Severity.CRITICAL),
        (b"MZ" + b"\0" * 58 + struct.pack("<L", 64) + b"PE\0\0\x64\x86", Severity.CRITICAL),
        (b"\x7fELF\2\1\1" + b"\0" * 60, Severity.CRITICAL),
        (b"#!/bin/sh\necho MARKER\n", Severity.CRITICAL),
        (gzip.compress(PAYLOAD), Severity.MEDIUM),
        (b"PK\3\4" + b"\0" * 60, Severity.MEDIUM),
        (base64.b64encode(NOISE[:900]), Severity.MEDIUM),
        (NOISE, Severity.LOW),
    ],
)
def test_what_stands_behind_the_end_is_judged(
    opened: Callable[..., Any], suffix: str, rest: bytes, severity: Severity
) -> None:
    found = opened({f"x/a.{suffix}": FILES[suffix] + rest}, only=carriers)
    assert [(f.rule, f.severity) for f in found.findings] == [("data-behind-the-end", severity)]
    assert rest in {layer.data for layer in found.layers}


@pytest.mark.parametrize("rest", [b"a few words of a caption\n", png(), b"\xff" * 4000, b"text " * 1000])
def test_harmless_tails_are_nothing(opened: Callable[..., Any], rest: bytes) -> None:
    assert opened({"x/a.png": png() + rest}, only=carriers).rules == []


def test_encoded_tails_are_decoded(opened: Callable[..., Any]) -> None:
    program = PAYLOAD + b"NOISE = %r\n" % NOISE[:400]
    found = opened({"x/a.png": png() + base64.b64encode(zlib.compress(program))}, only=carriers)
    assert program in {layer.data for layer in found.layers if layer.is_python}


@pytest.mark.parametrize(
    "data",
    [
        png(chunk(b"tEXt", b"Comment\0" + PAYLOAD)),
        png(chunk(b"zTXt", b"Comment\0\0" + zlib.compress(PAYLOAD))),
        png(chunk(b"iTXt", b"Comment\0\0\0\0\0" + PAYLOAD)),
        png(chunk(b"tEXt", b"Comment\0" + base64.b64encode(PAYLOAD * 10))),
        jpeg(PAYLOAD),
    ],
)
def test_programs_in_text_fields_are_found(opened: Callable[..., Any], data: bytes) -> None:
    found = opened({"x/a.png": data}, only=carriers)
    assert found.rules == ["program-in-picture-text"]
    assert any(layer.is_python for layer in found.layers)


@pytest.mark.parametrize(
    "data",
    [
        png(chunk(b"tEXt", b"Software\0drawn with a pencil, then (re)imported")),
        png(chunk(b"zTXt", b"drawing\0\0" + zlib.compress(base64.b64encode(NOISE)))),
        jpeg(b"import the picture, then print it"),
    ],
)
def test_ordinary_text_fields_are_nothing(opened: Callable[..., Any], data: bytes) -> None:
    assert opened({"x/a.png": data}, only=carriers).rules == []


def test_a_sound_of_text_is_no_sound(opened: Callable[..., Any]) -> None:
    packed = base64.b64encode(PAYLOAD * 20)
    found = opened({"x/ring.wav": wav(packed)}, only=carriers)
    assert found.rules == ["text-in-place-of-samples"]
    assert PAYLOAD * 20 in {layer.data for layer in found.layers}
    assert opened({"x/ring.wav": wav(NOISE)}, only=carriers) == ([], [])


@pytest.mark.parametrize(
    ("name", "severity", "role"),
    [
        ("x/logo.png", Severity.HIGH, Role.COMMAND),
        ("x/ring.mp3", Severity.HIGH, Role.COMMAND),
        ("x/data.dat", Severity.MEDIUM, Role.COMMAND),
        ("x/data.json", Severity.MEDIUM, Role.COMMAND),
        ("x/tests/data.dat", Severity.LOW, Role.NEVER),
    ],
)
def test_python_under_another_name_is_found(
    opened: Callable[..., Any], name: str, severity: Severity, role: Role
) -> None:
    found = opened({name: PAYLOAD}, only=carriers)
    assert [(f.rule, f.severity, f.role) for f in found.findings] == [("program-under-another-name", severity, role)]
    assert [layer.is_python for layer in found.layers] == [True]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("x/a.json", b'{"import os": ["exec(", 1]}'),
        ("x/a.csv", b"import,export\n1,2\n"),
        ("x/notes.txt", PAYLOAD),
        ("x/a.yaml", b"steps:\n  - run: import os\n"),
        ("x/a.dat", b"VALUE = 3\n"),
        ("x/a.png", b""),
        ("x/a.svg", b"<svg/>"),
    ],
)
def test_data_that_is_data_is_nothing(opened: Callable[..., Any], name: str, data: bytes) -> None:
    assert opened({name: data}, only=carriers) == ([], [])


def test_encoded_text_under_a_mediums_name_is_found(opened: Callable[..., Any]) -> None:
    packed = base64.b64encode(PAYLOAD * 10)
    found = opened({"x/logo.png": packed}, only=carriers)
    assert found.rules == ["encoded-under-a-mediums-name"]
    assert PAYLOAD * 10 in {layer.data for layer in found.layers}


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(FILES)), st.integers(0, 120), st.binary(min_size=1, max_size=8), st.binary(max_size=40))
def test_no_bytes_break_the_readers(suffix: str, at: int, change: bytes, rest: bytes) -> None:
    data = bytearray(FILES[suffix])
    data[at : at + len(change)] = change
    raw = bytes(data) + rest
    found = end_of(raw)
    assert found is None or 0 <= found[1] <= len(raw)
    list(texts_in(raw))
    media_kind(raw)
