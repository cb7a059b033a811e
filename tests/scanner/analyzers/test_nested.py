from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
from typing import TYPE_CHECKING, Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from scanner.analyzers.nested import nested
from scanner.analyzers.opening import IDLE_BYTES
from scanner.analyzers.readers.loose_tar import TarUnreadable, is_tar, read_tar
from scanner.analyzers.readers.loose_zip import ZipUnreadable, read_directory, unpack
from scanner.model import Kind, Role

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PAYLOAD = b'import os\nos.system("echo MARKER")\n'
NAMING = {"x/__init__.py": "DATA = open('data.bin', 'rb')\n"}


def zipped(members: Mapping[str, bytes], *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0)), data, method)
    return target.getvalue()


def tarred(members: Mapping[str, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=form) as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return target.getvalue()


@pytest.mark.parametrize(
    ("data", "steps"),
    [
        (zipped({"a/b.py": PAYLOAD}), ("zip:a/b.py",)),
        (zipped({"b.py": PAYLOAD}, method=zipfile.ZIP_STORED), ("zip:b.py",)),
        (zipped({"b.py": PAYLOAD}, method=zipfile.ZIP_BZIP2), ("zip:b.py",)),
        (zipped({"b.py": PAYLOAD}, method=zipfile.ZIP_LZMA), ("zip:b.py",)),
        (b"#!/usr/bin/env python3\n" + zipped({"__main__.py": PAYLOAD}), ("zip:__main__.py",)),
        (tarred({"a/b.py": PAYLOAD}), ("tar:a/b.py",)),
        (tarred({"n" * 150 + ".py": PAYLOAD}), ("tar:" + "n" * 150 + ".py",)),
        (tarred({"n" * 150 + ".py": PAYLOAD}, tarfile.GNU_FORMAT), ("tar:" + "n" * 150 + ".py",)),
        (gzip.compress(tarred({"b.py": PAYLOAD})), ("gzip", "tar:b.py")),
        (lzma.compress(PAYLOAD), ("xz",)),
        (bz2.compress(PAYLOAD), ("bz2",)),
        (gzip.compress(PAYLOAD[:10]) + gzip.compress(PAYLOAD[10:]), ("gzip",)),
        (zipped({"in.zip": zipped({"b.py": PAYLOAD})}), ("zip:in.zip", "zip:b.py")),
    ],
)
def test_members_become_layers(opened: Callable[..., Any], data: bytes, steps: tuple[str, ...]) -> None:
    found = opened({"x/data.bin": data}, only=nested)
    assert found.layer(*steps) == PAYLOAD
    assert [layer.is_python for layer in found.layers if layer.layers == steps] == [True]
    assert found.findings == []


def test_layers_run_with_the_code_that_names_the_archive(opened: Callable[..., Any]) -> None:
    data = zipped({"b.py": PAYLOAD})
    assert {layer.role for layer in opened({"x/data.bin": data}, only=nested).layers} == {Role.NEVER}
    assert {layer.role for layer in opened({"x/data.bin": data} | NAMING, only=nested).layers} == {Role.IMPORT}


def test_a_wheel_inside_has_roles_of_its_own(opened: Callable[..., Any]) -> None:
    wheel = zipped({"y/a.py": PAYLOAD, "y/tests/test_a.py": PAYLOAD, "y-1.dist-info/WHEEL": b"", "y/doc.txt": b"text"})
    found = opened({"x/data.bin": wheel} | NAMING, only=nested)
    by_step = {layer.layers[0]: layer.role for layer in found.layers}
    assert by_step["zip:y/a.py"] is Role.IMPORT
    assert by_step["zip:y/tests/test_a.py"] is Role.NEVER


def locked() -> bytes:
    """An archive whose one member says that it is encrypted."""
    data = bytearray(zipped({"a.txt": b"MARKER"}))
    data[6] |= 1
    at = data.index(b"PK\1\2")
    data[at + 8] |= 1
    return bytes(data)


def deep(levels: int) -> bytes:
    data = PAYLOAD
    for level in range(levels):
        data = zipped({f"{level}.zip" if level else "a.py": data})
    return data


@pytest.mark.parametrize(
    "data",
    [
        locked(),
        deep(4),
        zipped({"a": b"x"})[:-10],
        tarred({"a": b"x" * 2000})[:1024],
        gzip.compress(b"\0" * 40 * 1024 * 1024),
        b"7z\xbc\xaf\x27\x1c" + b"\0" * 30,
        b"Rar!\x1a\x07\1\0" + b"\0" * 30,
        gzip.compress(b"abc" * 1000)[:20],
    ],
)
def test_what_is_not_read_is_a_limit_where_it_may_run_and_a_note_elsewhere(
    opened: Callable[..., Any], data: bytes
) -> None:
    (limit,) = opened({"x/data.bin": data} | NAMING, only=nested).findings
    assert (limit.rule, limit.kind, limit.role) == ("nested-archive-unread", Kind.LIMITS, Role.IMPORT)
    (note,) = opened({"x/data.bin": data}, only=nested).findings
    assert (note.rule, note.kind, note.role) == ("idle-archive-unread", Kind.STRUCTURE, Role.NEVER)


def test_three_archives_deep_is_read(opened: Callable[..., Any]) -> None:
    assert opened({"x/data.bin": deep(3)}, only=nested).layer("zip:2.zip", "zip:1.zip", "zip:a.py") == PAYLOAD


def test_one_budget_holds_for_all_archives_of_an_artifact(opened: Callable[..., Any]) -> None:
    block = b"\0" * (6 * 1024 * 1024)
    members = {f"x/{number}.zip": zipped({"a": block}) for number in range(6)}
    found = opened(members, only=nested)
    assert sum(len(layer.data) for layer in found.layers) <= IDLE_BYTES
    assert found.rules == ["idle-archive-unread"]


def test_entries_that_share_their_bytes_cost_what_they_unpack_to(opened: Callable[..., Any]) -> None:
    data = bytearray(zipped({"a": b"\0" * (8 * 1024 * 1024)}))
    at = data.index(b"PK\1\2")
    entry, end = bytes(data[at:-22]), bytearray(data[-22:])
    count = 400
    end[8:12] = struct.pack("<2H", count, count)
    end[12:16] = struct.pack("<L", len(entry) * count)
    found = opened({"x/data.bin": bytes(data[:at]) + entry * count + bytes(end)}, only=nested)
    assert sum(len(layer.data) for layer in found.layers) <= IDLE_BYTES


@pytest.mark.parametrize(
    ("name", "lies"),
    [
        ("x/m.pyc", True),
        ("x/logo.png", True),
        ("x/a.txt", True),
        ("x/a.zip", False),
        ("x/a.docx", False),
        ("x/a", False),
    ],
)
def test_an_archive_under_another_name_is_found(opened: Callable[..., Any], name: str, *, lies: bool) -> None:
    found = opened({name: zipped({"a.py": b""})}, only=nested)
    assert found.rules == (["archive-under-another-name"] if lies else [])


def test_big_stored_data_is_not_taken_out_again(opened: Callable[..., Any]) -> None:
    data = zipped({"data/0": b"\1" * 500_000, "big.py": b"x = 1\n" * 60_000}, method=zipfile.ZIP_STORED)
    assert [layer.layers for layer in opened({"x/m.pt": data}, only=nested).layers] == [("zip:big.py",)]


@settings(max_examples=120, deadline=None)
@given(st.integers(0, 700), st.binary(min_size=1, max_size=8), st.booleans())
def test_no_bytes_break_the_zip_reader(at: int, change: bytes, cut: bool) -> None:
    data = bytearray(zipped({"a/b.py": PAYLOAD, "c": b"x" * 300}))
    data[at : at + len(change)] = change
    raw = bytes(data[:at]) if cut else bytes(data)
    try:
        for member in read_directory(raw):
            unpack(raw, member, 1000)
    except ZipUnreadable:
        pass


@settings(max_examples=120, deadline=None)
@given(st.integers(0, 3000), st.binary(min_size=1, max_size=8))
def test_no_bytes_break_the_tar_reader(at: int, change: bytes) -> None:
    data = bytearray(tarred({"a/b.py": PAYLOAD, "ü" * 80: b"x" * 300}))
    data[at : at + len(change)] = change
    is_tar(bytes(data))
    try:
        for _, content in read_tar(bytes(data)):
            assert len(content) <= len(data)
    except TarUnreadable:
        pass
