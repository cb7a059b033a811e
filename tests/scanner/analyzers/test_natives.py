from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from scanner.analyzers.natives import natives
from scanner.analyzers.readers.native_imports import imports_of
from scanner.model import Severity

if TYPE_CHECKING:
    from collections.abc import Callable


def elf(*names: str, wide: bool = True) -> bytes:
    """An ELF file of section headers only: nothing, the dynamic symbols, and their names."""
    strings = b"\0" + b"".join(name.encode() + b"\0" for name in names)
    symbols, at = b"\0" * (24 if wide else 16), 1
    for name in names:
        symbols += (
            struct.pack("<LBBHQQ", at, 0x12, 0, 0, 0, 0) if wide else struct.pack("<LLLBBH", at, 0, 0, 0x12, 0, 0)
        )
        at += len(name) + 1
    head = 64 if wide else 52
    sections = [(0, 0, 0, 0), (11, head, len(symbols), 2), (3, head + len(symbols), len(strings), 0)]
    table = b"".join(
        struct.pack("<LLQQQQLLQQ", 0, kind, 0, 0, start, size, link, 0, 0, 0)
        if wide
        else struct.pack("<10L", 0, kind, 0, 0, start, size, link, 0, 0, 0)
        for kind, start, size, link in sections
    )
    offset = head + len(symbols) + len(strings)
    if wide:
        header = struct.pack("<16sHHLQQQLHHHHHH", b"\x7fELF\2\1\1", 3, 62, 1, 0, 0, offset, 0, 64, 0, 0, 64, 3, 2)
    else:
        header = struct.pack("<16sHHLLLLLHHHHHH", b"\x7fELF\1\1\1", 3, 3, 1, 0, 0, offset, 0, 52, 0, 0, 40, 3, 2)
    return header + symbols + strings + table


def pe(*names: str, wide: bool = True, delayed: bool = False) -> bytes:
    """A PE file whose one section holds one import descriptor."""
    base, raw = 0x1000, 0x200
    thunks = 64
    size = 8 if wide else 4
    texts, entries = b"", b""
    start = thunks + size * (len(names) + 1)
    for name in names:
        entries += struct.pack("<Q" if wide else "<L", base + start + len(texts))
        texts += b"\0\0" + name.encode() + b"\0"
    library = start + len(texts)
    descriptor = (
        struct.pack("<8L", 0, base + library, 0, 0, base + thunks, 0, 0, 0)
        if delayed
        else struct.pack("<5L", base + thunks, 0, 0, base + library, 0)
    )
    section = descriptor.ljust(thunks, b"\0") + entries + b"\0" * size + texts + b"kernel32.dll\0"
    directories = [0] * 32
    directories[26 if delayed else 2] = base
    optional = (struct.pack("<H110x", 0x20B) if wide else struct.pack("<H94x", 0x10B)) + struct.pack(
        "<32L", *directories
    )
    head = b"MZ".ljust(60, b"\0") + struct.pack("<L", 64) + b"PE\0\0"
    head += struct.pack("<HHLLLHH", 0x8664 if wide else 0x14C, 1, 0, 0, 0, len(optional), 0) + optional
    head += struct.pack("<8s4L16x", b".idata", len(section), base, len(section), raw)
    return head.ljust(raw, b"\0") + section


def macho(*names: str) -> bytes:
    strings = b"\0" + b"".join(b"_" + name.encode() + b"\0" for name in names)
    symbols, at = b"", 1
    for name in names:
        symbols += struct.pack("<LBBHQ", at, 1, 0, 0, 0)
        at += len(name) + 2
    start = 32 + 24
    command = struct.pack("<6L", 2, 24, start, len(names), start + len(symbols), len(strings))
    return struct.pack("<8L", 0xFEEDFACF, 0x01000007, 3, 2, 1, 24, 0, 0) + command + symbols + strings


BUILDERS = {
    "elf": elf,
    "elf32": lambda *names: elf(*names, wide=False),
    "pe": pe,
    "pe32": lambda *names: pe(*names, wide=False),
    "pe delayed": lambda *names: pe(*names, delayed=True),
    "macho": macho,
}


@pytest.mark.parametrize("build", BUILDERS.values(), ids=list(BUILDERS))
def test_imports_are_read(build: Callable[..., bytes]) -> None:
    assert {"execve", "WinExec"} <= imports_of(build("execve", "WinExec"))


@pytest.mark.parametrize(
    ("data", "rule", "severity"),
    [
        (elf("execve", "malloc"), "native-starts-processes", Severity.INFO),
        (pe("CreateProcessW"), "native-starts-processes", Severity.INFO),
        (pe("URLDownloadToFileA", "WinExec"), "native-fetches-and-runs", Severity.MEDIUM),
        (pe("InternetReadFile", "ShellExecuteW", "RegSetValueExW"), "native-fetches-and-runs", Severity.MEDIUM),
        (pe("WriteProcessMemory", "VirtualAllocEx", "CreateRemoteThread"), "native-spies", Severity.MEDIUM),
        (pe("CryptUnprotectData", "WinHttpOpenRequest"), "native-spies", Severity.MEDIUM),
        (pe("SetWindowsHookExA", "HttpSendRequestA"), "native-spies", Severity.MEDIUM),
    ],
)
def test_abilities_are_told(opened: Callable[..., Any], data: bytes, rule: str, severity: Severity) -> None:
    (found,) = opened({"x/tool.bin": data}, only=natives).findings
    assert (found.rule, found.severity) == (rule, severity)


@pytest.mark.parametrize(
    "data",
    [
        elf("malloc", "PyModule_Create2"),
        elf("socket", "connect", "getaddrinfo"),
        pe("GetProcAddress", "CreateFileW", "IsDebuggerPresent"),
        macho("malloc"),
        b"MZ and so on, URLDownloadToFileA WinExec",
    ],
)
def test_ordinary_libraries_are_nothing(opened: Callable[..., Any], data: bytes) -> None:
    assert opened({"x/lib.bin": data}, only=natives) == ([], [])


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(BUILDERS)), st.integers(0, 500), st.binary(min_size=1, max_size=8))
def test_no_bytes_break_the_reader(kind: str, at: int, change: bytes) -> None:
    data = bytearray(BUILDERS[kind]("execve", "system"))
    data[at : at + len(change)] = change
    imports_of(bytes(data))
    imports_of(bytes(data[:at]))
