"""The seccomp filter: what a child may still ask of the kernel.

It is a list of what is allowed, because the list of what is dangerous grows with every kernel. A child has
everything in memory that it needs; it reads its artifact, computes, and writes its result. So it may use
descriptors that it has, memory that is not executable, clocks, random numbers and signals to nobody. It may
open, create, connect, execute and fork nothing.

A call that is not on the list fails with EPERM; calls of number 424 and above, which a libc tries before
older ones (`clone3`, `openat2`, `faccessat2`), fail with ENOSYS as on an older kernel. A call from another
architecture's table (32-bit, x32) ends the process.
"""

from __future__ import annotations

import errno
import platform
import struct
import sys
from typing import Final

__all__ = ["ALLOWED", "NUMBERS", "filter_program"]

#: Calls that pass whatever their arguments are.
ALLOWED: Final = (
    "brk",
    "clock_getres",
    "clock_gettime",
    "clock_nanosleep",
    "close",
    "exit",
    "exit_group",
    "fstat",
    "futex",
    "getegid",
    "geteuid",
    "getgid",
    "getpid",
    "getppid",
    "getrandom",
    "getrusage",
    "gettid",
    "gettimeofday",
    "getuid",
    "lseek",
    "madvise",
    "mremap",
    "munmap",
    "nanosleep",
    "pread64",
    "read",
    "readv",
    "restart_syscall",
    "rt_sigaction",
    "rt_sigprocmask",
    "rt_sigreturn",
    "sched_yield",
    "sigaltstack",
    "sysinfo",
    "times",
    "uname",
    "write",
    "writev",
)

#: Calls that pass when their third argument, the protection, does not ask for executable memory.
_MEMORY: Final = ("mmap", "mprotect")

#: Call numbers, from the kernel's tables (arch/x86/entry/syscalls/syscall_64.tbl, include/uapi/asm-generic/unistd.h).
NUMBERS: Final[dict[str, dict[str, int]]] = {
    "x86_64": {
        "read": 0,
        "write": 1,
        "close": 3,
        "fstat": 5,
        "lseek": 8,
        "mmap": 9,
        "mprotect": 10,
        "munmap": 11,
        "brk": 12,
        "rt_sigaction": 13,
        "rt_sigprocmask": 14,
        "rt_sigreturn": 15,
        "pread64": 17,
        "readv": 19,
        "writev": 20,
        "sched_yield": 24,
        "mremap": 25,
        "madvise": 28,
        "nanosleep": 35,
        "getpid": 39,
        "exit": 60,
        "uname": 63,
        "gettimeofday": 96,
        "getrusage": 98,
        "sysinfo": 99,
        "times": 100,
        "getuid": 102,
        "getgid": 104,
        "geteuid": 107,
        "getegid": 108,
        "getppid": 110,
        "sigaltstack": 131,
        "gettid": 186,
        "futex": 202,
        "restart_syscall": 219,
        "clock_gettime": 228,
        "clock_getres": 229,
        "clock_nanosleep": 230,
        "exit_group": 231,
        "getrandom": 318,
    },
    "aarch64": {
        "lseek": 62,
        "read": 63,
        "write": 64,
        "readv": 65,
        "writev": 66,
        "pread64": 67,
        "fstat": 80,
        "close": 57,
        "exit": 93,
        "exit_group": 94,
        "futex": 98,
        "nanosleep": 101,
        "clock_gettime": 113,
        "clock_getres": 114,
        "clock_nanosleep": 115,
        "sched_yield": 124,
        "restart_syscall": 128,
        "sigaltstack": 132,
        "rt_sigaction": 134,
        "rt_sigprocmask": 135,
        "rt_sigreturn": 139,
        "times": 153,
        "uname": 160,
        "getrusage": 165,
        "gettimeofday": 169,
        "getpid": 172,
        "getppid": 173,
        "getuid": 174,
        "geteuid": 175,
        "getgid": 176,
        "getegid": 177,
        "gettid": 178,
        "sysinfo": 179,
        "brk": 214,
        "munmap": 215,
        "mremap": 216,
        "mmap": 222,
        "mprotect": 226,
        "madvise": 233,
        "getrandom": 278,
    },
}

_AUDIT_ARCH: Final = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_X32_BIT: Final = 0x40000000
#: From here on all architectures share their numbers, and a libc expects ENOSYS of a kernel that has no such call.
_FIRST_PROBED: Final = 424
_PROT_EXEC: Final = 4

_LOAD_WORD = 0x20
_JUMP_EQUAL = 0x15
_JUMP_AT_LEAST = 0x35
_JUMP_BIT_SET = 0x45
_RETURN = 0x06
# Offsets in struct seccomp_data; both architectures are little-endian.
_NUMBER_AT, _ARCH_AT, _THIRD_ARGUMENT_AT = 0, 4, 32
_KILL_PROCESS, _ERRNO, _ALLOW = 0x80000000, 0x00050000, 0x7FFF0000


def filter_program() -> bytes:
    """The BPF program for this machine.

    Raises:
        OSError: this is not Linux, or a processor whose call numbers are not known here.
    """
    machine = platform.machine()
    if sys.platform != "linux" or machine not in NUMBERS:
        raise OSError(errno.ENOSYS, f"seccomp: no call numbers known for {sys.platform} on {machine}")
    numbers = NUMBERS[machine]
    program = [
        _instruction(_LOAD_WORD, _ARCH_AT),
        _instruction(_JUMP_EQUAL, _AUDIT_ARCH[machine], if_true=1),
        _instruction(_RETURN, _KILL_PROCESS),
        _instruction(_LOAD_WORD, _NUMBER_AT),
    ]
    if machine == "x86_64":
        program += [_instruction(_JUMP_AT_LEAST, _X32_BIT, if_false=1), _instruction(_RETURN, _KILL_PROCESS)]
    for name in ALLOWED:
        program += [_instruction(_JUMP_EQUAL, numbers[name], if_false=1), _instruction(_RETURN, _ALLOW)]
    for name in _MEMORY:
        program += [
            _instruction(_JUMP_EQUAL, numbers[name], if_false=4),
            _instruction(_LOAD_WORD, _THIRD_ARGUMENT_AT),
            _instruction(_JUMP_BIT_SET, _PROT_EXEC, if_false=1),
            _instruction(_RETURN, _ERRNO | errno.EPERM),
            _instruction(_RETURN, _ALLOW),
        ]
    program += [
        _instruction(_JUMP_AT_LEAST, _FIRST_PROBED, if_false=1),
        _instruction(_RETURN, _ERRNO | errno.ENOSYS),
        _instruction(_RETURN, _ERRNO | errno.EPERM),
    ]
    return b"".join(program)


def _instruction(code: int, constant: int, *, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, constant)
