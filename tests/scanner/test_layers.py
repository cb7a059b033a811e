"""Decoders: one step at a time, within bounds, and nothing out of noise."""

from __future__ import annotations

import base64
import bz2
import codecs
import gzip
import hashlib
import lzma
import marshal
import urllib.parse
import zlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.layers import MAX_DEPTH, MAX_LAYER_BYTES, decode, decompressed, unfold

if TYPE_CHECKING:
    from collections.abc import Callable

INNER = b"import os\nos.system('echo marker marker marker')\nprint('marker')\n"

ENCODERS: dict[str, Callable[[bytes], bytes]] = {
    "base64": base64.b64encode,
    "base32": base64.b32encode,
    "base85": base64.b85encode,
    "ascii85": base64.a85encode,
    "hex": lambda raw: raw.hex().encode(),
    "zlib": zlib.compress,
    "gzip": gzip.compress,
    "bz2": bz2.compress,
    "lzma": lzma.compress,
    "reversed": lambda raw: raw[::-1],
    "rot13": lambda raw: codecs.encode(raw.decode(), "rot13").encode(),
    "url-quote": lambda raw: urllib.parse.quote_from_bytes(raw, safe="").replace("i", "%69").encode(),
}


@pytest.mark.parametrize(("name", "encode"), ENCODERS.items(), ids=ENCODERS.keys())
def test_what_was_encoded_is_decoded_in_one_step(name: str, encode: Callable[[bytes], bytes]) -> None:
    assert (INNER, (name,)) in [(layer.data, layer.steps) for layer in decode(encode(INNER))]


@pytest.mark.parametrize(
    "encoded",
    [
        base64.urlsafe_b64encode(b"print('\xc3\xbf\xc3\xbf\xc3\xbf\xc3\xbf and more text to follow here')"),
        base64.b64encode(INNER).rstrip(b"="),
        base64.encodebytes(INNER * 3),
        "".join(f"\\x{byte:02x}" for byte in INNER).encode(),
        base64.b64encode("powershell -c echo marker".encode("utf-16-le")),
        base64.b64encode(b"MZ" + bytes(200)),
    ],
)
def test_usual_variants_are_decoded(encoded: bytes) -> None:
    assert list(decode(encoded)) != []


def test_layers_are_unfolded_from_the_outside_to_the_inside() -> None:
    packed = base64.b64encode(zlib.compress(base64.b85encode(INNER)))
    assert [layer.steps for layer in unfold(packed)] == [
        ("base64",),
        ("base64", "zlib"),
        ("base64", "zlib", "base85"),
    ]
    assert list(unfold(packed))[-1].data == INNER


def test_a_reversed_literal_is_turned_before_it_is_decoded() -> None:
    turned = base64.b64encode(INNER + b"  ")[::-1]
    assert turned.startswith(b"=")
    assert INNER + b"  " in [layer.data for layer in unfold(turned)]


def test_marshalled_code_gives_its_texts_without_being_loaded() -> None:
    code = marshal.dumps(compile("import os\nx = 'echo marker marker'\nos.system(x)", "x", "exec"))
    (layer,) = decode(code)
    assert layer.steps == ("marshal",)
    assert {b"echo marker marker", b"system", b"os"} <= set(layer.data.split(b"\n"))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"too short",
        "some ordinary text that nobody has encoded at all",
        hashlib.sha512(b"x").hexdigest(),
        base64.b64encode(hashlib.sha512(b"x").digest()),
        "abcdefghijklmnopqrstuvwxyz" * 3,
        bytes(range(256)),
        "https://example.invalid/a/long/path/with/parts?and=arguments&of=many&kinds=x",
        b"x\x9cnot really compressed at all",
        b"BZhnot really compressed at all",
        b"\xe3\0\0\0\0" + b"\xff" * 40,
    ],
)
def test_what_is_not_encoded_gives_no_layer(data: bytes | str) -> None:
    assert list(decode(data)) == []


def test_depth_is_bounded() -> None:
    data = INNER
    for _ in range(MAX_DEPTH + 4):
        data = base64.b64encode(data)
    assert max(len(layer.steps) for layer in unfold(data)) == MAX_DEPTH


@pytest.mark.parametrize("kind", ["zlib", "gzip", "bz2", "lzma"])
def test_a_bomb_is_not_decompressed(kind: str) -> None:
    encode = ENCODERS[kind]
    assert decompressed(kind, encode(b"a" * 1000)) == b"a" * 1000
    assert decompressed(kind, encode(bytes(MAX_LAYER_BYTES + 1))) is None
    assert decompressed(kind, b"neither") is None


def test_all_layers_together_are_bounded() -> None:
    packed = base64.b64encode(zlib.compress(zlib.compress(b"import os\n" * 1_500_000)))
    assert sum(len(layer.data) for layer in unfold(packed)) <= MAX_LAYER_BYTES


@given(st.binary(max_size=300))
def test_any_bytes_are_decoded_without_an_error(data: bytes) -> None:
    list(unfold(data))


@given(st.text(max_size=200))
def test_any_text_is_decoded_without_an_error(data: str) -> None:
    list(unfold(data))


@given(st.binary(min_size=30, max_size=300), st.sampled_from(sorted(ENCODERS)))
def test_anything_encoded_is_decoded_without_an_error(data: bytes, name: str) -> None:
    encode = ENCODERS[name]
    try:
        encoded = encode(data)
    except UnicodeDecodeError:
        return
    list(unfold(encoded))
