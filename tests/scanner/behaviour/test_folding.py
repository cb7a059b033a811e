"""Constants are folded to what Python would make of them, or not at all, and never at any price."""

from __future__ import annotations

import ast
import base64
import bz2
import codecs
import gzip
import lzma
import tracemalloc
import zlib
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.behaviour.budget import Budget
from scanner.behaviour.folding import fold_binary, fold_call, fold_method
from scanner.behaviour.module import walk
from scanner.behaviour.values import MISSING

if TYPE_CHECKING:
    from collections.abc import Callable

    from scanner.behaviour.events import ModuleReport

TEXT = "print('marker marker marker')"
RAW = TEXT.encode()
B64 = base64.b64encode(RAW).decode()

EXPRESSIONS = {
    "concatenation": "'pri' + \"nt('marker\" + \" marker marker')\"",
    "implicit concatenation": "'pri' \"nt('marker marker marker')\"",
    "join": "''.join(['pri', \"nt('marker marker marker')\"])",
    "format": "'{0}{1}'.format('pri', \"nt('marker marker marker')\")",
    "percent": "'%snt(%r)' % ('pri', 'marker marker marker')",
    "formatted text": "f\"{'pri'}nt('marker marker marker')\"",
    "reverse": repr(TEXT[::-1]) + "[::-1]",
    "reversed and joined": f"''.join(reversed({TEXT[::-1]!r}))",
    "slices": f"({('xx' + TEXT + 'yy')!r})[2:-2]",
    "every second": f"{''.join(c + '#' for c in TEXT)!r}[::2]",
    "character codes": f"''.join(chr(i) for i in {[ord(c) for c in TEXT]})",
    "mapped character codes": f"''.join(map(chr, {[ord(c) for c in TEXT]}))",
    "mapped lambda": f"''.join(map(lambda i: chr(i - 3), {[ord(c) + 3 for c in TEXT]}))",
    "exclusive or": f"''.join(chr(i ^ 42) for i in {[ord(c) ^ 42 for c in TEXT]})",
    "exclusive or with a key": (
        f"bytes(a ^ b for a, b in zip({[c ^ k for c, k in zip(RAW, b'key' * 20, strict=False)]}, b'key' * 20)).decode()"
    ),
    "shifted": f"''.join(chr(i >> 1) for i in {[ord(c) << 1 for c in TEXT]})",
    "bytes of numbers": f"bytes({list(RAW)}).decode()",
    "bytearray": f"bytearray({list(RAW)}).decode()",
    "number to bytes": f"({int.from_bytes(RAW, 'big')}).to_bytes({len(RAW)}, 'big').decode()",
    "hex": f"bytes.fromhex({RAW.hex()!r}).decode()",
    "unhexlify": f"__import__('binascii').unhexlify({RAW.hex()!r}).decode()",
    "base64": f"__import__('base64').b64decode({B64!r}).decode()",
    "urlsafe base64": f"__import__('base64').urlsafe_b64decode({B64!r}).decode()",
    "base32": f"__import__('base64').b32decode({base64.b32encode(RAW)!r}).decode()",
    "base85": f"__import__('base64').b85decode({base64.b85encode(RAW)!r}).decode()",
    "ascii85": f"__import__('base64').a85decode({base64.a85encode(RAW)!r}).decode()",
    "codecs base64": f"__import__('codecs').decode({base64.encodebytes(RAW)!r}, 'base64').decode()",
    "codecs hex": f"__import__('codecs').decode({RAW.hex()!r}, 'hex').decode()",
    "rot13": f"__import__('codecs').decode({codecs.encode(TEXT, 'rot13')!r}, 'rot13')",
    "zlib": f"__import__('zlib').decompress({zlib.compress(RAW)!r}).decode()",
    "gzip": f"__import__('gzip').decompress({gzip.compress(RAW)!r}).decode()",
    "bz2": f"__import__('bz2').decompress({bz2.compress(RAW)!r}).decode()",
    "lzma": f"__import__('lzma').decompress({lzma.compress(RAW)!r}).decode()",
    "translate": f"{TEXT.translate(str.maketrans('abc', 'xyz'))!r}.translate(str.maketrans('xyz', 'abc'))",
    "replace": f"{TEXT.replace('marker', 'QQ')!r}.replace('QQ', 'marker')",
    "case": f"{TEXT.upper()!r}.lower()",
    "strip and split": f"({'  ' + TEXT + '  |x'!r}).split('|')[0].strip()",
    "nested lambda": f"(lambda s: (lambda t: t[::-1])(s))({TEXT[::-1]!r})",
    "conditional": f"{TEXT!r} if 2 > 1 else 'x'",
    "subscript of a dictionary": f"{{'a': {TEXT!r}}}['a']",
    "multiplied": "'print' + '(' + repr(' '.join(['marker'] * 3)) + ')'",
    "unquoted": "__import__('urllib.parse', fromlist=['x']).unquote('print%28%27marker marker marker%27%29')",
    "text of a builtin": "str(print)[19:-1] + \"('marker marker marker')\"",
}


@pytest.mark.parametrize("expression", EXPRESSIONS.values(), ids=EXPRESSIONS.keys())
def test_the_expression_is_folded_to_the_text_that_it_makes(
    expression: str, report: Callable[[str], ModuleReport]
) -> None:
    assert eval(expression) == TEXT  # the table itself is right
    executed = [event.text for event in report(f"exec({expression})").events if event.what == "execute"]
    assert executed == [TEXT]


LOOPS = {
    "growing text": f"out = ''\nfor i in {[ord(c) ^ 7 for c in TEXT]}:\n    out += chr(i ^ 7)\nexec(out)",
    "growing list": f"out = []\nfor i in {[ord(c) + 1 for c in TEXT]}:\n    out.append(chr(i - 1))\nexec(''.join(out))",
    "index": (
        f"key = {TEXT[::-1]!r}\nout = ''\nfor i in range(len(key)):\n    out = out + key[len(key) - 1 - i]\nexec(out)"
    ),
    "local decoder": (
        f"def d(s):\n    return ''.join(chr(ord(c) - 1) for c in s)\n"
        f"exec(d({''.join(chr(ord(c) + 1) for c in TEXT)!r}))"
    ),
    "decoder with a loop": (
        f"def d(s, k):\n    out = ''\n    for c in s:\n        out += chr(ord(c) ^ k)\n    return out\n"
        f"exec(d({''.join(chr(ord(c) ^ 5) for c in TEXT)!r}, 5))"
    ),
    "method": (
        f"class D:\n    def __init__(self, s):\n        self.s = s\n    def get(self):\n        return self.s[::-1]\n"
        f"exec(D({TEXT[::-1]!r}).get())"
    ),
}


@pytest.mark.parametrize("source", LOOPS.values(), ids=LOOPS.keys())
def test_loops_and_functions_over_constants_are_followed(source: str, report: Callable[[str], ModuleReport]) -> None:
    assert TEXT in [event.text for event in report(source).events if event.what == "execute"]


@pytest.mark.parametrize(
    "expression",
    [
        "'a' * 10**10",
        "10 ** 10 ** 10",
        "1 << 10**9",
        "'%1000000000d' % 1",
        "'{:1000000000}'.format(1)",
        "'{:{}}'.format(1, 10**9)",
        "'x'.ljust(10**10)",
        "'ab'.replace('', 'y' * 4_000_000)",
        "bytes(10**10)",
        "list(range(10**12))",
        "''.join(['a' * 4_000_000] * 1000)",
        "'a'.translate({97: 'b' * 5_000_000}) * 1000",
        f"__import__('zlib').decompress({zlib.compress(bytes(30_000_000))!r})",
        f"__import__('bz2').decompress({bz2.compress(bytes(30_000_000))!r})",
        f"__import__('lzma').decompress({lzma.compress(bytes(30_000_000))!r})",
        "int('9' * 5000)",
        "__import__('json').loads('[' * 100_000)",
        "'%s' % [[]]",
        "1 / 0",
        "'x'[5]",
        "{}['a']",
    ],
)
def test_what_would_cost_too_much_or_fail_is_not_folded(expression: str, report: Callable[[str], ModuleReport]) -> None:
    seen = report(f"import os\nos.system({expression})")
    assert [event.what for event in seen.events] == ["process"]
    assert len(seen.events[0].text) < 30_000


def test_a_list_that_doubles_itself_is_not_written_out(report: Callable[[str], ModuleReport]) -> None:
    doubling = "\n".join(["x = ['a']", *["x = [x, x]"] * 60, "y = '%s' % x", "z = str(x)", "{}.get(x)", "x == x"])
    assert report(doubling).incomplete == ""


OPERATORS = ["+", "-", "*", "%", "^", "|", "&", "//", "<<", ">>"]

_literals = st.one_of(
    st.integers(-(2**40), 2**40).map("({})".format),
    st.text(st.characters(codec="ascii"), max_size=12).map(repr),
    st.binary(max_size=12).map(repr),
    st.lists(st.integers(0, 300), max_size=6).map(repr),
)


def _larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(inner, st.sampled_from(OPERATORS), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        st.tuples(
            inner, st.sampled_from(["[::-1]", "[1:]", "[0]", "[-1]", "[::2]", ".upper()", ".hex()", ".split()"])
        ).map("".join),
        inner.map(lambda e: f"str({e})"),
        inner.map(lambda e: f"bytes({e})"),
        inner.map(lambda e: f"''.join({e})"),
        inner.map(lambda e: f"[x for x in {e}]"),
        inner.map(lambda e: f"''.join(chr(x) for x in {e})"),
        inner.map(lambda e: f"(lambda q: q)({e})"),
        inner.map(lambda e: f"list(reversed({e}))"),
    )


@settings(max_examples=250, deadline=None)
@given(st.recursive(_literals, _larger, max_leaves=6))
def test_folding_agrees_with_python_wherever_it_says_anything(expression: str) -> None:
    """The law: a known value is the one that Python computes."""
    try:
        expected: Any = eval(expression)  # generated above: literals and pure operations only
    except Exception:  # noqa: BLE001 # whatever fails in Python is not known
        expected = MISSING
    known = walk(ast.parse(f"value = {expression}")).globals["value"]
    if known.known:
        assert expected is not MISSING
        assert known.const == expected
        assert type(known.const) is type(expected)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(
        ["join", "replace", "format", "translate", "ljust", "split", "encode", "decode", "center", "strip"]
    ),
    st.one_of(st.text(max_size=8), st.binary(max_size=8), st.integers()),
    st.lists(st.one_of(st.text(max_size=5), st.binary(max_size=5), st.integers(), st.none()), max_size=3),
)
def test_methods_with_any_arguments_never_raise(name: str, owner: object, arguments: list[Any]) -> None:
    fold_method(owner, name, arguments, {}, Budget())


def test_unknown_operations_are_missing() -> None:
    budget = Budget()
    assert fold_binary(ast.MatMult, 1, 2, budget) is MISSING
    assert fold_call("os.system", ["x"], {}, budget) is MISSING
    assert fold_method(object(), "join", [], {}, budget) is MISSING
    assert fold_method("x", "__class__", [], {}, budget) is MISSING


@pytest.mark.parametrize("name", ["base64.b64decode", "base64.b64encode", "codecs.decode", "builtins.bytes"])
def test_a_number_is_no_text_to_decode_and_makes_no_gigabyte(name: str) -> None:
    budget = Budget()
    tracemalloc.start()
    try:
        assert fold_call(name, [2_000_000_000], {}, budget) is MISSING
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_an_assertion_of_the_standard_library_is_no_failure_of_ours() -> None:
    assert fold_call("base64.b64encode", [b"a", b"not two"], {}, Budget()) is MISSING
