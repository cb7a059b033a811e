"""The system calls of the walls that Python has no name for, through ctypes.

Each function does one call and raises `OSError` when the kernel says no. On another system than Linux they raise
`OSError(ENOSYS)`, so that a missing wall is one fact whatever the reason.
"""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from typing import Final

__all__ = [
    "CLONE_NEWIPC",
    "CLONE_NEWNET",
    "CLONE_NEWPID",
    "CLONE_NEWUSER",
    "CLONE_NEWUTS",
    "drop_capabilities",
    "forbid_new_privileges",
    "landlock_create",
    "landlock_restrict",
    "landlock_version",
    "refuse_inspection_by_others",
    "seccomp_filter",
    "signal_when_parent_dies",
    "unshare",
]

CLONE_NEWUTS: Final = 0x04000000
CLONE_NEWIPC: Final = 0x08000000
CLONE_NEWUSER: Final = 0x10000000
CLONE_NEWPID: Final = 0x20000000
CLONE_NEWNET: Final = 0x40000000

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_SECCOMP = 22
_PR_SET_NO_NEW_PRIVS = 38
_SECCOMP_MODE_FILTER = 2
_CAPABILITY_VERSION_3 = 0x20080522
# Landlock's numbers are the same on every architecture that Linux gives new calls to.
_LANDLOCK_CREATE_RULESET = 444
_LANDLOCK_RESTRICT_SELF = 446
_LANDLOCK_CREATE_RULESET_VERSION = 1

_libc: Final = ctypes.CDLL(None, use_errno=True)


class _CapabilityHeader(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _CapabilityData(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


class _LandlockRuleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _FilterProgram(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p))


def unshare(flags: int) -> None:
    """The caller is in fresh namespaces of the kinds in `flags` (`CLONE_NEWPID`: its children are)."""
    _need_linux()
    _checked(_libc.unshare(ctypes.c_int(flags)), "unshare")


def forbid_new_privileges() -> None:
    """No `execve` gives this process or its children more than it has."""
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def refuse_inspection_by_others() -> None:
    """Processes of the same user can neither trace this one nor read its memory."""
    _prctl(_PR_SET_DUMPABLE, 0)


def signal_when_parent_dies(number: int) -> None:
    """This process gets the signal when its parent ends. A change of the user id undoes it."""
    _prctl(_PR_SET_PDEATHSIG, number)


def drop_capabilities() -> None:
    """This process has no capability, in whatever user namespace it is."""
    _need_linux()
    header = _CapabilityHeader(_CAPABILITY_VERSION_3, 0)
    nothing = (_CapabilityData * 2)()
    _checked(_libc.capset(ctypes.byref(header), ctypes.byref(nothing)), "capset")


def seccomp_filter(program: bytes) -> None:
    """Every later system call of this thread is judged by the BPF `program`. Needs `forbid_new_privileges`."""
    buffer = ctypes.create_string_buffer(program, len(program))
    described = _FilterProgram(len(program) // 8, ctypes.addressof(buffer))
    _prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(described))


def landlock_version() -> int:
    """The version of Landlock that the kernel offers. The call says it; the file below `/sys` may be hidden."""
    none = ctypes.c_void_p(None)
    return _syscall(_LANDLOCK_CREATE_RULESET, none, ctypes.c_size_t(0), ctypes.c_uint(_LANDLOCK_CREATE_RULESET_VERSION))


def landlock_create(files: int, network: int, scoped: int, *, size: int) -> int:
    """A descriptor of a ruleset that takes the given rights away; `size` bytes of it are known to the kernel."""
    attributes = _LandlockRuleset(files, network, scoped)
    return _syscall(_LANDLOCK_CREATE_RULESET, ctypes.byref(attributes), ctypes.c_size_t(size), ctypes.c_uint(0))


def landlock_restrict(ruleset: int) -> None:
    """This process has lost what the ruleset takes. Needs `forbid_new_privileges`."""
    _syscall(_LANDLOCK_RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint(0))


def _prctl(option: int, first: int, second: object = 0) -> None:
    _need_linux()
    argument = second if not isinstance(second, int) else ctypes.c_ulong(second)
    zero = ctypes.c_ulong(0)
    _checked(_libc.prctl(ctypes.c_int(option), ctypes.c_ulong(first), argument, zero, zero), f"prctl {option}")


def _syscall(number: int, *arguments: object) -> int:
    _need_linux()
    return _checked(int(_libc.syscall(ctypes.c_long(number), *arguments)), f"system call {number}")


def _need_linux() -> None:
    if sys.platform != "linux":
        raise OSError(errno.ENOSYS, f"Linux only, this is {sys.platform}")


def _checked(result: int, what: str) -> int:
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result
