"""What hostile input could make of an inspection that it has taken over. Runs in the sandbox's child only.

`inspect` does what the filename says. Everything is imported here, in the fork server, because the child cannot.
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import resource
import signal
import socket
import sys
import threading
import time
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from scanner.model import ENGINE_VERSION, ArtifactMetadata, Inspection, RulesetHash, Sha256Hex, encode

if TYPE_CHECKING:
    from collections.abc import Callable

    from scanner.ruleset import Ruleset

_libc = ctypes.CDLL(None, use_errno=True)


def inspect(artifact: bytes, filename: str, ruleset: Ruleset) -> Inspection:
    honest = Inspection(
        sha256=Sha256Hex(sha256(artifact).hexdigest()),
        filename=filename,
        engine=ENGINE_VERSION,
        ruleset=ruleset.hash,
        metadata=ArtifactMetadata(summary=artifact[:100].decode("latin-1")),
    )
    return _DEEDS[filename.partition("-")[0]](honest)


def _segfault(_: Inspection) -> NoReturn:
    ctypes.string_at(0)
    raise AssertionError("still here")


def _loop(_: Inspection) -> NoReturn:
    while True:
        pass


def _sleep(_: Inspection) -> NoReturn:
    while True:
        time.sleep(3600)


def _allocate(_: Inspection) -> NoReturn:
    hoard = [bytearray(10 * 1024**3)]
    raise AssertionError(len(hoard))


def _creep(_: Inspection) -> NoReturn:
    hoard: list[bytes] = []
    while True:
        hoard.append(bytes(1024 * 1024))


def _raise(_: Inspection) -> NoReturn:
    raise RuntimeError("\x1b[31mall clear\x1b[0m \u202e")


def _exit(_: Inspection) -> NoReturn:
    sys.exit(0)


def _vanish(_: Inspection) -> NoReturn:
    os._exit(0)


def _terminate(_: Inspection) -> NoReturn:
    os._exit(9)


def _flood(_: Inspection) -> NoReturn:
    while True:
        _say(b"x" * 65536)


def _garbage(_: Inspection) -> NoReturn:
    _say(b"\xff{]")
    os._exit(0)


def _nested(_: Inspection) -> NoReturn:
    _say(b"[" * 100_000)
    os._exit(0)


def _twice(honest: Inspection) -> Inspection:
    _say(encode(honest))
    return honest


def _change(**fields: object) -> Callable[[Inspection], Inspection]:
    def lie(honest: Inspection) -> Inspection:
        values = {name: getattr(honest, name) for name in honest.__struct_fields__} | fields
        return Inspection(**values)

    return lie


def _try_everything(honest: Inspection) -> Inspection:
    """An inspection whose capabilities are the attempts that were not stopped."""
    succeeded = []
    for name, attempt in ATTEMPTS.items():
        try:
            attempt()
        except (OSError, ValueError, RuntimeError):
            continue
        succeeded.append(name)
    return _change(capabilities=tuple(succeeded))(honest)


def _see(honest: Inspection) -> Inspection:
    """An inspection whose capabilities are what the process sees of itself."""
    seen = (
        f"environ:{len(os.environ)}",
        f"pid:{os.getpid()}",
        f"uid:{os.getuid()}",
        f"threads:{threading.active_count()}",
    )
    return _change(capabilities=seen)(honest)


def _say(data: bytes) -> None:
    """Writes to every descriptor that can be written to."""
    for descriptor in range(3, 64):
        try:
            os.write(descriptor, data)
        except OSError:
            continue


def _call(function: str, *arguments: object) -> None:
    _checked(getattr(_libc, function)(*arguments))


def _system_call(x86_64: int, *arguments: int) -> None:
    if os.uname().machine != "x86_64":
        raise OSError(errno.ENOSYS, "number known for x86_64 only")
    _checked(_libc.syscall(ctypes.c_long(x86_64), *(ctypes.c_long(argument) for argument in arguments)))


def _checked(result: int) -> None:
    if result == -1:
        raise OSError(ctypes.get_errno(), "refused")


def _fork() -> None:
    if os.fork() == 0:
        os._exit(0)


def _connect() -> None:
    with socket.create_connection(("127.0.0.1", 22), 1):
        pass


def _pair() -> None:
    for end in socket.socketpair():
        end.close()


def _pipe() -> None:
    for end in os.pipe():
        os.close(end)


def _execute_memory() -> None:
    mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC).close()


def _change_artifact() -> None:
    changed = False
    for descriptor in range(3, 64):
        for change in (lambda d: os.ftruncate(d, 0), lambda d: os.fchmod(d, 0o777), lambda d: os.pwrite(d, b"x", 0)):
            try:
                change(descriptor)
            except OSError:
                continue
            changed = True
    if not changed:
        raise OSError(errno.EPERM, "nothing could be changed")


def _raise_limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


ATTEMPTS: dict[str, Callable[[], object]] = {
    "socket": lambda: socket.socket().close(),
    "unix socket": lambda: socket.socket(socket.AF_UNIX).close(),
    "socket pair": _pair,
    "connect": _connect,
    "exec": lambda: os.execv("/bin/true", ["true"]),
    "spawn": lambda: os.posix_spawn("/bin/true", ["true"], {}),
    "fork": _fork,
    "thread": lambda: threading.Thread(target=int).start(),
    "read a secret": lambda: Path("/etc/shadow").read_bytes(),
    "read anything": lambda: Path("/etc/hostname").read_bytes(),
    "read own code": lambda: Path(__file__).read_bytes(),
    "read /proc": lambda: Path("/proc/self/maps").read_bytes(),
    "list": lambda: next(Path("/").iterdir()),
    "stat": lambda: Path("/etc/passwd").stat(),
    "write": lambda: Path("/tmp/pratique-poison").write_bytes(b"x"),
    "truncate": lambda: os.truncate(__file__, 0),
    "mkdir": lambda: Path("/tmp/pratique-poison").mkdir(),
    "symlink": lambda: Path("/tmp/pratique-poison").symlink_to("/"),
    "unlink": lambda: Path(__file__).unlink(),
    "rename": lambda: Path(__file__).rename(__file__ + "x"),
    "chmod": lambda: Path(__file__).chmod(0o777),
    "chdir": lambda: os.chdir("/"),
    "change the artifact": _change_artifact,
    "kill the warden": lambda: os.kill(os.getppid() or 1, signal.SIGTERM),
    "kill everybody": lambda: os.kill(-1, signal.SIGTERM),
    "leave the group": os.setsid,
    "become root": lambda: os.setresuid(0, 0, 0),
    "become dumpable": lambda: _call("prctl", 4, 1, 0, 0, 0),
    "outlive the warden": lambda: _call("prctl", 1, 0, 0, 0, 0),
    "raise a limit": _raise_limit,
    "unshare": lambda: _call("unshare", 0x10000000),
    "mount": lambda: _call("mount", b"none", b"/mnt", b"tmpfs", 0, None),
    "ptrace": lambda: _call("ptrace", 0, 0, 0, 0),
    "executable memory": _execute_memory,
    "memfd": lambda: os.memfd_create("x"),
    "pipe": _pipe,
    "bpf": lambda: _system_call(321, 0, 0, 0),
    "io_uring": lambda: _system_call(425, 1, 0),
    "userfaultfd": lambda: _system_call(323, 0),
    "keyctl": lambda: _system_call(250, 0, -3, 1),
    "perf": lambda: _system_call(298, 0, 0, -1, -1, 0),
    "clone3": lambda: _system_call(435, 0, 0),
}

_DEEDS: dict[str, Callable[[Inspection], Inspection]] = {
    "honest": lambda honest: honest,
    "segfault": _segfault,
    "abort": lambda _: os.abort(),
    "loop": _loop,
    "sleep": _sleep,
    "allocate": _allocate,
    "creep": _creep,
    "raise": _raise,
    "exit": _exit,
    "vanish": _vanish,
    "terminate": _terminate,
    "flood": _flood,
    "garbage": _garbage,
    "nested": _nested,
    "twice": _twice,
    "huge": _change(metadata=ArtifactMetadata(summary="x" * 3_000_000)),
    "wronghash": _change(sha256=Sha256Hex("0" * 64)),
    "wrongname": _change(filename="innocent-1.0.tar.gz"),
    "wrongengine": _change(engine="0"),
    "wrongrules": _change(ruleset=RulesetHash("0" * 64)),
    "boast": _change(sandbox_level=("moon",)),
    "attempts": _try_everything,
    "see": _see,
}
