"""Compiled Python: written out as source for every analyser, and compared with the source beside it. Never loaded."""

from __future__ import annotations

import ast
import re
import warnings
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from scanner.analyzers.readers.pyc_format import Bytecode, BytecodeUnreadable, read_code, read_pyc
from scanner.analyzers.readers.pyc_listing import all_codes, listing, words
from scanner.analyzers.readers.pyc_opcodes import LAST_KNOWN
from scanner.model import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanner.analyzers.opening import Opening
    from scanner.model import Finding
    from scanner.view import MemberView

__all__ = ["bytecode"]

_PYC: Final = re.compile(r"(?P<folder>.*?)(?:__pycache__/)?(?P<stem>[^/.]+)(?:\.[^/]*)?\.py[co]")
#: A marshalled code object, without the header of a file.
_CODE_MARKS: Final = (b"\xe3\0\0\0\0", b"c\0\0\0\0")
_SHORTEST: Final = 40
_MOST: Final = 8 * 1024 * 1024
#: One version of each layout and numbering, the commonest first.
_GUESSES: Final = ((3, 11), (3, 12), (3, 13), (3, 14), (3, 10), (3, 8), (3, 7))
_REPAIRS: Final = 20
_LONG_LISTING: Final = 100_000
_COMPARED: Final = 5_000

#: Names that say what the code does. Compilers put none of them into a program that does not write them.
_TELLING: Final = frozenset(
    {"exec", "eval", "compile", "__import__", "system", "popen", "Popen", "check_output", "getoutput", "urlopen"}
    | {"urlretrieve", "b64decode", "a85decode", "b85decode", "decompress", "fromhex", "socket", "connect", "sendall"}
    | {"startfile", "WinDLL", "windll", "VirtualAlloc", "CryptUnprotectData", "requests", "subprocess", "marshal"}
    | {"ctypes", "spawn", "execv", "execve", "dup2", "winreg", "keyboard", "ImageGrab", "Fernet"}
)
_MISSING_SHARE: Final = 3
_FEW_NAMES: Final = 10


def bytecode(view: MemberView, opening: Opening) -> Iterator[Finding | MemberView]:
    """The code as a layer of source, unless it says what the source beside it says; and where it cannot be read."""
    if view.is_python or len(view.data) < _SHORTEST:
        return
    match = _PYC.fullmatch(view.name) if not view.layers else None
    headed = view.data[2:4] == b"\r\n" and view.data[:2] != b"\r\n"
    if match is None and not headed and not view.data.startswith(_CODE_MARKS):
        return
    try:
        read = _read(view.data, headed=headed or match is not None)
    except BytecodeUnreadable as unread:
        # Anything may begin like bytecode; only what Python would take for it is missed.
        if match is not None:
            yield opening.found("bytecode-unreadable", view, str(unread))
        return
    if match is None and not view.layers:
        yield opening.found("bytecode-under-another-name", view, _version(read), role=opening.hidden_role(view))
    source = opening.around.member(f"{match['folder']}{match['stem']}.py") if match else None
    if source is not None:
        differs = _differs(read, source, view, opening)
        if differs is None:
            return
        yield differs
    yield from _layer(read, view, opening)


def _layer(read: Bytecode, view: MemberView, opening: Opening) -> Iterator[Finding | MemberView]:
    known = read.version <= LAST_KNOWN
    if not known:
        why = f"the instructions of Python {_version(read)} are not known here"
        yield opening.found("bytecode-unreadable", view, why)
    text = _repaired(listing(read).text) if known else words(read.code)
    data = text.encode("utf-8", "surrogatepass")
    if opening.affords(opening.role(view), len(data)):
        yield opening.layer(view, f"bytecode of Python {_version(read)}", data, is_python=known)


def _version(read: Bytecode) -> str:
    return ".".join(map(str, read.version))


def _read(data: bytes, *, headed: bool) -> Bytecode:
    """The bytecode; where no header says the version, of the version that knows the most of its instructions.

    Raises:
        BytecodeUnreadable: no known version writes such bytes.
    """
    if len(data) > _MOST:
        raise BytecodeUnreadable(f"{len(data)} bytes of bytecode; at most {_MOST} are read")
    if headed:
        return read_pyc(data)
    found = []
    for version in _GUESSES:
        try:
            read = Bytecode(version, None, read_code(data, version))
        except BytecodeUnreadable:
            continue
        found.append((listing(read).unknown, read))
        if not found[-1][0]:
            break
    if not found:
        raise BytecodeUnreadable("marshalled by an unknown version")
    return min(found, key=lambda pair: pair[0])[1]


def _repaired(text: str) -> str:
    """The listing without the lines that Python cannot parse, where it has any."""
    for _ in range(_REPAIRS if len(text) < _LONG_LISTING else 2):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                ast.parse(text)
        except SyntaxError as error:
            lines = text.splitlines()
            if not error.lineno or error.lineno > len(lines):
                return text
            indented = len(lines[error.lineno - 1]) - len(lines[error.lineno - 1].lstrip())
            lines[error.lineno - 1] = " " * indented + "pass"
            text = "\n".join(lines) + "\n"
        except (ValueError, RecursionError, MemoryError):
            return text
        else:
            return text
    return text


def _differs(read: Bytecode, source: MemberView, view: MemberView, opening: Opening) -> Finding | None:
    """A finding when the bytecode uses names that the source does not hold."""
    every = {name for code in all_codes(read.code) for name in code.names}
    names = {name for name in every if len(name) > 1 and (name in _TELLING or not name.startswith("__"))}
    names = set(sorted(names, key=lambda name: (name not in _TELLING, name))[:_COMPARED])
    missing = {name for name in names if name.encode("utf-8", "replace") not in source.data}
    telling = sorted(missing & _TELLING)
    if not telling and (len(missing) * _MISSING_SHARE < len(names) or len(names) < _FEW_NAMES):
        return None
    shown = ", ".join((telling + sorted(missing - _TELLING))[:12])
    return opening.ruleset.finding(
        "bytecode-not-from-source",
        role=opening.role(view),
        member=view.name,
        snippet=f"not in {PurePosixPath(source.name).name}: {shown}",
        severity=Severity.HIGH if telling else Severity.LOW,
    )
