from __future__ import annotations

import ast
import importlib.util
import marshal
import struct
import sys
from types import CodeType
from typing import TYPE_CHECKING, Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from scanner.analyzers.bytecode import bytecode
from scanner.analyzers.readers.pyc_format import Bytecode, BytecodeUnreadable, Code, read_code, read_pyc
from scanner.analyzers.readers.pyc_listing import listing, words
from scanner.model import Kind, Role, Severity

if TYPE_CHECKING:
    from collections.abc import Callable

SOURCE = """
import os, base64 as b
from urllib.request import urlopen
import subprocess

class Tool(object):
    kind = "marker"

    def go(self, url, n=3, *rest, key="v", **more):
        with open("marker.bin", "wb") as target:
            target.write(urlopen(url, timeout=4).read())
        subprocess.Popen(["echo", f"MARKER {url!r} now"], shell=False)
        if n > 3:
            return b.b64decode("TUFSS0VS")[1:-1]
        for i in range(n):
            print(i, self.kind["a"], *rest, **more)
        try:
            os.system("echo MARKER" + url)
        except OSError as error:
            raise ValueError from error
        return [name.strip() for name in os.listdir(".")]

exec(b.b64decode(b"TUFSS0VS").decode())
Tool().go("https://host.example.invalid", key="z")
(lambda z: eval(z))("1 + 1")
"""
HARMLESS = '"""Words."""\n\ndef join(words):\n    return " ".join(sorted(words, key=len))\n'
PAYLOAD = 'import os\nos.system("echo MARKER")\n'


def pyc(source: str, *, magic: bytes = importlib.util.MAGIC_NUMBER) -> bytes:
    """A compiled file as Python writes it."""
    code = compile(source, "module.py", "exec")
    return magic + struct.pack("<LLL", 0, 1_700_000_000, len(source)) + marshal.dumps(code)


def test_the_listing_is_python_and_says_what_is_called_with_what() -> None:
    text = listing(read_pyc(pyc(SOURCE))).text
    ast.parse(text)
    for expected in (
        "import base64",
        "from urllib.request import urlopen",
        "urlopen(url, timeout=4).read()",
        "os.system(('echo MARKER' + url))",
        "exec(b.b64decode(b'TUFSS0VS').decode())",
        "b.b64decode('TUFSS0VS')[1:-1]",
        "eval(z)",
    ):
        assert expected in text
    assert "subprocess.Popen(['echo', ('MARKER ' + str(url) + ' now')], shell=False)" in text


def test_every_instruction_of_this_python_that_matters_is_known() -> None:
    assert listing(read_pyc(pyc(HARMLESS))).unknown == 0


@pytest.mark.parametrize(
    ("version", "instructions"),
    [
        ((3, 8), [100, 0, 100, 1, 108, 0, 90, 0, 101, 0, 160, 1, 100, 2, 161, 1, 1, 0]),
        ((3, 10), [100, 0, 100, 1, 108, 0, 90, 0, 101, 0, 160, 1, 100, 2, 161, 1, 1, 0]),
        ((3, 11), [100, 0, 100, 1, 108, 0, 90, 0, 101, 0, 160, 1, 100, 2, 166, 1, 171, 1, 1, 0]),
        ((3, 12), [100, 0, 100, 1, 108, 0, 90, 0, 101, 0, 106, 3, 100, 2, 171, 1, 1, 0]),
        ((3, 13), [83, 0, 83, 1, 75, 0, 114, 0, 92, 0, 82, 3, 83, 2, 53, 1, 32, 0]),
        ((3, 14), [94, 0, 82, 1, 73, 0, 116, 0, 93, 0, 80, 3, 82, 2, 52, 1, 31, 0]),
    ],
)
def test_each_versions_instructions_say_the_same(version: tuple[int, int], instructions: list[int]) -> None:
    code = Code(
        name="<module>",
        arguments=0,
        flags=0,
        first_line=1,
        instructions=bytes(instructions),
        constants=(0, None, "echo MARKER"),
        names=("os", "system"),
        variables=(),
        cells=(),
    )
    assert listing(Bytecode(version, None, code)).text == "import os\nos.system('echo MARKER')\n"


def same(code: CodeType, read: Code) -> None:
    assert (code.co_name, code.co_code, code.co_names) == (read.name, read.instructions, read.names)
    assert len(code.co_consts) == len(read.constants)
    for mine, theirs in zip(read.constants, code.co_consts, strict=True):
        if isinstance(theirs, CodeType):
            assert isinstance(mine, Code)
            same(theirs, mine)
        elif isinstance(theirs, str | bytes | int | float | None):
            assert mine == theirs


def test_the_reader_agrees_with_pythons_own() -> None:
    for source in (SOURCE, HARMLESS, "x = 1 << 100\ny = -(1 << 70)\nz = (1.5, 2j, ..., None, 'ü', b'x')\n"):
        code = compile(source, "m.py", "exec")
        same(code, read_code(marshal.dumps(code), sys.version_info[:2]))


def test_compiled_files_without_source_become_a_layer(opened: Callable[..., Any]) -> None:
    found = opened({"x/tool.pyc": pyc(PAYLOAD)}, roles={"x/tool.pyc": Role.IMPORT}, only=bytecode)
    (layer,) = found.layers
    assert layer.is_python
    assert layer.role is Role.IMPORT
    assert b"os.system('echo MARKER')" in layer.data
    assert found.findings == []


def test_bytecode_that_agrees_with_its_source_is_not_looked_at_again(opened: Callable[..., Any]) -> None:
    members = {"x/m.py": SOURCE, "x/__pycache__/m.cpython-311.pyc": pyc(SOURCE)}
    assert opened(members, only=bytecode) == ([], [])


def test_bytecode_that_says_more_than_its_source_is_found(opened: Callable[..., Any]) -> None:
    found = opened({"x/m.py": HARMLESS, "x/__pycache__/m.cpython-311.pyc": pyc(PAYLOAD)}, only=bytecode)
    assert [(f.rule, f.severity) for f in found.findings] == [("bytecode-not-from-source", Severity.HIGH)]
    assert len(found.layers) == 1


def test_stale_bytecode_is_a_lower_note(opened: Callable[..., Any]) -> None:
    stale = "".join(f"def old_name_{i}(value):\n    return other_old_{i}(value)\n" for i in range(12))
    found = opened({"x/m.py": HARMLESS, "x/m.pyc": pyc(stale)}, only=bytecode)
    assert [(f.rule, f.severity) for f in found.findings] == [("bytecode-not-from-source", Severity.LOW)]


@pytest.mark.parametrize(
    "data",
    [b"", b"\0" * 60, pyc(HARMLESS)[:-30], pyc(HARMLESS, magic=b"\x01\x00\r\n"), pyc(HARMLESS, magic=b"\xff\x7f\r\n")],
)
def test_what_cannot_be_read_is_a_limit(opened: Callable[..., Any], data: bytes) -> None:
    found = opened({"x/m.pyc": data}, roles={"x/m.pyc": Role.IMPORT}, only=bytecode)
    assert [(f.rule, f.kind) for f in found.findings] == ([("bytecode-unreadable", Kind.LIMITS)] if data else [])


def test_bytecode_of_a_newer_python_gives_its_words_and_a_limit(opened: Callable[..., Any]) -> None:
    code = compile(PAYLOAD, "m.py", "exec")
    data = struct.pack("<H", 3657) + b"\r\n" + b"\0" * 12 + marshal.dumps(code)
    found = opened({"x/m.pyc": data}, roles={"x/m.pyc": Role.IMPORT}, only=bytecode)
    assert found.rules == ["bytecode-unreadable"]
    assert b"os.system(" in found.layers[0].data
    assert b"echo MARKER" in found.layers[0].data


@pytest.mark.parametrize("data", [pyc(PAYLOAD), marshal.dumps(compile(PAYLOAD, "m.py", "exec"))])
def test_bytecode_under_another_name_is_found(opened: Callable[..., Any], data: bytes) -> None:
    found = opened({"x/data.dat": data}, only=bytecode)
    assert found.rules == ["bytecode-under-another-name"]
    assert b"os.system" in found.layers[0].data
    assert opened({"x/data.dat": b"c\0\0\0\0" + b"\7" * 60}, only=bytecode) == ([], [])


def test_shared_constants_do_not_multiply() -> None:
    wide = b"(" + struct.pack("<L", 40)
    nested = b"\xa9\x01" + b"Z\x01a"
    for _ in range(60):
        nested = b"\xa8" + struct.pack("<L", 1) + nested
    assert len(listing_of_constant(wide + nested * 40)) < 2_000_000


def listing_of_constant(marshalled: bytes) -> str:
    """The words of a module whose one constant is the marshalled object."""
    code = marshal.dumps(compile("x = 'HERE'", "m.py", "exec"))
    data = code.replace(marshal.dumps("HERE", 2)[:1] and b"\xda\x04HERE", marshalled)
    try:
        read = read_code(data, sys.version_info[:2])
    except BytecodeUnreadable:
        return ""
    return words(read)


@settings(max_examples=150, deadline=None)
@given(
    st.integers(16, 900),
    st.binary(min_size=1, max_size=12),
    st.sampled_from([3413, 3425, 3439, 3495, 3531, 3571, 3627]),
)
def test_no_bytes_break_reader_or_listing(at: int, change: bytes, magic: int) -> None:
    data = bytearray(struct.pack("<H", magic) + pyc(SOURCE)[2:])
    data[at : at + len(change)] = change
    try:
        read = read_pyc(bytes(data))
    except BytecodeUnreadable:
        return
    listing(read)
    words(read.code)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=400), st.sampled_from([(3, 8), (3, 11), (3, 13), (3, 14)]))
def test_no_instructions_break_the_listing(instructions: bytes, version: tuple[int, int]) -> None:
    code = Code(
        name="m",
        arguments=300,
        flags=67,
        first_line=1,
        instructions=instructions,
        constants=("a", 1, ("x", "y"), None, b"b"),
        names=("os", "system", "not a name", "exec"),
        variables=("v", ".0"),
        cells=("c",),
    )
    ast.parse(listing(Bytecode(version, None, code)).text or "")
