from __future__ import annotations

import collections
import datetime as dt
import io
import operator
import os
import pickle
import struct
import subprocess
import zipfile
import zlib
from typing import TYPE_CHECKING, Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from scanner.analyzers.pickles import pickles
from scanner.analyzers.readers.pickle_walk import MAX_OPCODES, Name, pickles_in, walk_pickle
from scanner.model import Role, Severity

if TYPE_CHECKING:
    from collections.abc import Callable

MARK = "echo MARKER"


class Calling:
    """An object whose pickle makes a call when it is loaded. It is written here and never loaded."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self._call = function, arguments

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return self._call


def zipped(**members: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "/"), data)
    return target.getvalue()


def npy(payload: bytes, kind: bytes = b"|O") -> bytes:
    header = b"{'descr': '" + kind + b"', 'fortran_order': False, 'shape': (1,), }".ljust(80) + b"\n"
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header + payload


BAD = pickle.dumps(Calling(os.system, MARK), 4)
PLAIN = pickle.dumps({"weights": [1.0, 2.0], "made": dt.date(2024, 1, 1), "order": collections.OrderedDict(a=1)}, 4)


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize(
    "call",
    [
        Calling(os.system, MARK),
        Calling(exec, "MARKER = 1"),
        Calling(eval, "1"),
        Calling(subprocess.Popen, ["echo", "MARKER"]),
        Calling(operator.attrgetter, "system"),
        Calling(getattr, os.fspath, "__globals__"),
        Calling(__import__, "os"),
        [1, {"deep": (Calling(os.system, MARK),)}],
    ],
)
def test_a_pickle_that_acts_is_critical_in_every_protocol(opened: Callable[..., Any], call: Any, protocol: int) -> None:
    found = opened({"x/model.pkl": pickle.dumps(call, protocol)}, only=pickles)
    assert found.rules == ["pickle-runs-code"]
    assert {f.severity for f in found.findings} == {Severity.CRITICAL}
    assert {f.role for f in found.findings} == {Role.COMMAND}


@pytest.mark.parametrize("protocol", range(6))
def test_plain_data_is_nothing(opened: Callable[..., Any], protocol: int) -> None:
    values = {
        "text": "os.system subprocess eval(exec)",
        "when": dt.datetime(2024, 1, 1, tzinfo=dt.UTC),
        "set": {1, 2},
        "bytes": b"\x80\x04posix system",
        "ordered": collections.OrderedDict(a=1),
        "counter": collections.Counter("abc"),
        "complex": 1j,
    }
    assert opened({"x/data.pkl": pickle.dumps(values, protocol)}) == ([], [])


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("x/weights.bin", BAD),
        ("x/noextension", BAD),
        ("x/model.joblib", zlib.compress(BAD)),
        ("x/model.pt", zipped(archive__data_pkl=BAD, archive__version=b"3\n")),
        ("x/arrays.npz", zipped(a_npy=npy(BAD))),
        ("x/array.npy", npy(BAD)),
        ("x/second.pkl", PLAIN + BAD),
        ("x/in.pkl", pickle.dumps({"bytes": BAD * 2, "o": collections.OrderedDict()}, 4)),
        ("x/broken.pkl", BAD[:-1] + b"\xff\xff\xff"),
    ],
)
def test_pickles_are_found_by_their_content_wherever_they_are(
    opened: Callable[..., Any], name: str, data: bytes
) -> None:
    assert "pickle-runs-code" in opened({name: data}).rules


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("x/weights.bin", PLAIN),
        ("x/model.joblib", zlib.compress(PLAIN)),
        ("x/model.pt", zipped(archive__data_pkl=PLAIN, archive__data_0=b"\0" * 100)),
        ("x/array.npy", npy(PLAIN)),
        ("x/floats.npy", npy(b"\x80\4" + b"\0" * 64, b"<f8")),
        ("x/words.txt", b"cat\ndog\ncos\nsystem\nhorse\n"),
        ("x/video.bin", b"\x80\4\xff\xff\xff"),
        ("x/picture.bin", b"\x80" * 40),
    ],
)
def test_their_twins_are_nothing(opened: Callable[..., Any], name: str, data: bytes) -> None:
    assert opened({name: data}).rules == []


def test_names_behind_other_modules_are_seen_through() -> None:
    data = b"\x80\4\x8c\5numpy\x8c\x09os.system\x93\x8c\4echo\x85R."
    (facts,) = pickles_in(data)
    assert list(facts.names) == [Name("numpy", "os.system")]


@pytest.mark.parametrize(
    "data",
    [
        b"\x80\4\x8c\5numpy\x8c\x09os.system\x93\x8c\4echo\x85R.",
        b"\x80\4\x8c\2os\x94\x8c\6system\x940h\0h\1\x93\x8c\4echo\x85R.",
        b"(S'echo MARKER'\nios\nsystem\n.",
        b"(cos\nsystem\nS'echo MARKER'\no.",
        b"cbuiltins\ngetattr\n(cos\nabc\nS'x'\ntR.",
    ],
)
def test_names_are_found_however_they_come_onto_the_stack(opened: Callable[..., Any], data: bytes) -> None:
    assert "pickle-runs-code" in opened({"x/a.pkl": data}).rules


def test_a_name_that_is_computed_is_told(opened: Callable[..., Any]) -> None:
    data = b"\x80\4c_codecs\nencode\n\x8c\2bf\x8c\5rot13\x86R\x8c\6system\x93\x8c\4echo\x85R."
    assert "pickle-hides-callable" in opened({"x/a.pkl": data}).rules


def test_code_in_a_pickle_is_told_and_shown(opened: Callable[..., Any]) -> None:
    data = b"\x80\4\x8c\ndill._dill\x8c\x0c_create_code\x93)R."
    assert "pickle-carries-code" in opened({"x/a.pkl": data}).rules
    source = "import os\nos.getcwd()  # MARKER\n"
    found = opened({"x/b.pkl": pickle.dumps(Calling(exec, source), 4)})
    assert found.layer("pickle") == source.encode()


@pytest.mark.parametrize(
    ("module", "foreign"), [("x.models", False), ("numpy.core", False), ("elsewhere.things", True)]
)
def test_classes_of_other_projects_are_told(opened: Callable[..., Any], module: str, *, foreign: bool) -> None:
    data = b"\x80\4" + b"\x8c" + bytes([len(module)]) + module.encode() + b"\x8c\5Thing\x93)R."
    assert opened({"x/__init__.py": "", "x/a.pkl": data}).rules == (["pickle-of-foreign-classes"] if foreign else [])


@pytest.mark.parametrize(
    ("name", "source", "role"),
    [
        ("x/model.pkl", "import pickle\npickle.load(open('model.pkl', 'rb'))\n", Role.IMPORT),
        ("x/model.pkl", "", Role.COMMAND),
        ("x/tests/model.pkl", "", Role.NEVER),
        ("x/tests/model.pkl", "load('tests/model.pkl')", Role.IMPORT),
    ],
)
def test_a_pickle_runs_with_the_code_that_names_it(
    opened: Callable[..., Any], name: str, source: str, role: Role
) -> None:
    found = opened({name: BAD, "x/__init__.py": source}, only=pickles)
    assert [f.role for f in found.findings] == [role]


def test_a_pickle_without_end_is_a_limit(opened: Callable[..., Any]) -> None:
    endless = b"\x80\4cos\nPathLike\n" + b"N0" * (MAX_OPCODES // 2) + b"."
    found = opened({"x/a.pkl": endless})
    assert found.rules == ["pickle-unread"]


def test_what_a_walk_keeps_is_bounded() -> None:
    many = b"\x80\4" + b"cos\nsystem\n)R0" * 20_000 + b"."
    facts = walk_pickle(many)
    assert len(facts.calls) <= 2_000
    assert walk_pickle(b"\x80\4" + b"(" * 50_000 + b"t" * 50_000 + b".").broken == ""


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200), st.sampled_from([BAD, PLAIN, b"\x80\4", b"(", b"c"]), st.integers(0, 300))
def test_no_bytes_break_the_walk(data: bytes, start: bytes, cut: int) -> None:
    for facts in pickles_in(start[:cut] + data + start[cut:]):
        assert facts.size <= len(start) + len(data)
