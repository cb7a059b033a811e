"""The filter as the kernel reads it, judged by a small interpreter, for both processors."""

from __future__ import annotations

import errno
import platform
import re
import struct
from pathlib import Path

import pytest

from scanner.sandbox.seccomp import ALLOWED, NUMBERS, filter_program

ALLOW, KILL = 0x7FFF0000, 0x80000000
EPERM, ENOSYS = 0x50000 | errno.EPERM, 0x50000 | errno.ENOSYS
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
I386 = 0x40000003

#: Calls that give a way out, by number.
DANGEROUS = {
    "x86_64": {
        "open": 2,
        "socket": 41,
        "connect": 42,
        "clone": 56,
        "fork": 57,
        "vfork": 58,
        "execve": 59,
        "kill": 62,
        "ptrace": 101,
        "prctl": 157,
        "mount": 165,
        "tgkill": 234,
        "openat": 257,
        "unshare": 272,
        "setns": 308,
        "process_vm_readv": 310,
        "memfd_create": 319,
        "bpf": 321,
        "userfaultfd": 323,
        "execveat": 322,
        "pkey_mprotect": 329,
    },
    "aarch64": {
        "openat": 56,
        "prctl": 167,
        "unshare": 97,
        "ptrace": 117,
        "kill": 129,
        "tgkill": 131,
        "socket": 198,
        "connect": 203,
        "clone": 220,
        "execve": 221,
        "mount": 40,
        "setns": 268,
        "bpf": 280,
        "execveat": 281,
        "memfd_create": 279,
    },
}
#: The same number everywhere.
UNIFIED = {"pidfd_send_signal": 424, "io_uring_setup": 425, "fsopen": 430, "clone3": 435, "openat2": 437}


def judge(program: bytes, *, arch: int, number: int, third: int = 0) -> int:
    """What the program returns for a system call."""
    data = struct.pack("<IIQ6Q", number, arch, 0, 0, 0, third, 0, 0, 0)
    instructions = list(struct.iter_unpack("<HBBI", program))
    at, accumulator = 0, 0
    while True:
        code, if_true, if_false, constant = instructions[at]
        at += 1
        if code == 0x20:
            accumulator = struct.unpack_from("<I", data, constant)[0]
        elif code == 0x06:
            return int(constant)
        else:
            jumps = {0x15: accumulator == constant, 0x35: accumulator >= constant, 0x45: bool(accumulator & constant)}
            at += if_true if jumps[code] else if_false


@pytest.fixture(params=sorted(ARCHITECTURES))
def machine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    name = str(request.param)
    monkeypatch.setattr(platform, "machine", lambda: name)
    monkeypatch.setattr("sys.platform", "linux")
    return name


def test_only_listed_calls_pass(machine: str) -> None:
    program = filter_program()
    passing = {number for number in range(1024) if judge(program, arch=ARCHITECTURES[machine], number=number) == ALLOW}
    listed = {NUMBERS[machine][name] for name in (*ALLOWED, "mmap", "mprotect")}
    assert passing == listed


def test_dangerous_calls_are_refused(machine: str) -> None:
    program = filter_program()
    answers = {
        name: judge(program, arch=ARCHITECTURES[machine], number=number) for name, number in DANGEROUS[machine].items()
    }
    assert answers == dict.fromkeys(DANGEROUS[machine], EPERM)


def test_calls_that_a_libc_probes_for_answer_as_an_older_kernel_would(machine: str) -> None:
    program = filter_program()
    answers = {name: judge(program, arch=ARCHITECTURES[machine], number=number) for name, number in UNIFIED.items()}
    assert answers == dict.fromkeys(UNIFIED, ENOSYS)


@pytest.mark.parametrize(("protection", "answer"), [(0, ALLOW), (3, ALLOW), (4, EPERM), (7, EPERM), (5, EPERM)])
@pytest.mark.parametrize("call", ["mmap", "mprotect"])
def test_memory_may_not_be_executable(machine: str, call: str, protection: int, answer: int) -> None:
    number = NUMBERS[machine][call]
    assert judge(filter_program(), arch=ARCHITECTURES[machine], number=number, third=protection) == answer


def test_another_architectures_calls_end_the_process(machine: str) -> None:
    assert judge(filter_program(), arch=I386, number=0) == KILL


def test_x32_calls_end_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    monkeypatch.setattr("sys.platform", "linux")
    assert judge(filter_program(), arch=ARCHITECTURES["x86_64"], number=0x40000000) == KILL


@pytest.mark.parametrize(("system", "processor"), [("linux", "riscv64"), ("darwin", "x86_64")])
def test_unknown_machine_has_no_filter(monkeypatch: pytest.MonkeyPatch, system: str, processor: str) -> None:
    monkeypatch.setattr(platform, "machine", lambda: processor)
    monkeypatch.setattr("sys.platform", system)
    with pytest.raises(OSError, match="seccomp"):
        filter_program()


@pytest.mark.parametrize(
    ("processor", "header"),
    [
        ("x86_64", "/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
        ("aarch64", "/usr/include/asm-generic/unistd.h"),
    ],
)
def test_numbers_are_the_kernels(processor: str, header: str) -> None:
    if not Path(header).exists():
        pytest.skip(f"{header} is not installed (linux-libc-dev)")
    text = Path(header).read_text(encoding="utf-8")
    kernel = {name: int(number) for name, number in re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", text)}
    assert {name: kernel[name] for name in NUMBERS[processor]} == NUMBERS[processor]
