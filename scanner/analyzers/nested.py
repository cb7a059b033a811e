"""Archives inside the artifact, to a depth of three: their members go to every analyser as layers."""

from __future__ import annotations

import bz2
import lzma
import re
import zlib
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from scanner.analyzers.opening import reads_as_python
from scanner.analyzers.readers.loose_tar import TarUnreadable, is_tar, read_tar
from scanner.analyzers.readers.loose_zip import ZipMember, ZipUnreadable, member_start, read_directory, unpack
from scanner.model import RUNNING_ROLES, MemberName, Role
from scanner.roles import roles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from scanner.analyzers.opening import Opening
    from scanner.model import Finding
    from scanner.view import MemberView

__all__ = ["DEEPEST", "MEMBER_BYTES", "nested"]

#: How many archives deep a member may lie.
DEEPEST: Final = 3
#: The most that one member of an archive inside may unpack to.
MEMBER_BYTES: Final = 16 * 1024 * 1024
#: Stored members of more than this were matched with the archive that holds them; only what opens further is taken out.
_MATCHED_ALREADY: Final = 256 * 1024

_STEPS: Final = ("zip:", "tar:", "gzip", "bz2", "xz", "7z", "rar", "cab")
_ZIP: Final = (b"PK\3\4", b"PK\5\6")
_PACKED: Final = ((b"\x1f\x8b\x08", "gzip"), (b"BZh", "bz2"), (b"\xfd7zXZ\0", "xz"))
_CLOSED: Final = ((b"7z\xbc\xaf\x27\x1c", "7z"), (b"Rar!\x1a\x07", "RAR"), (b"MSCF\0\0\0\0", "cabinet"))
_PROGRAMS: Final = (b"MZ", b"\x7fELF", b"\x80\2", b"\x80\3", b"\x80\4", b"\x80\5", b"\x93NUMPY")
_CODE_SUFFIXES: Final = frozenset({".py", ".pyw", ".pyc", ".pth", ".sh", ".js", ".ps1", ".bat", ".vbs"})
#: Names under which nobody looks for an archive. Many formats are ZIP inside, so unknown names prove nothing.
_LYING: Final = re.compile(
    r"\.(?:bmp|cfg|css|csv|dll|dylib|gif|html?|ico|ini|jpe?g|js|log|md|mp[34]|ogg|otf|pdf|png|py[cdo]?|pyi|rst|so|toml"
    r"|ttf|txt|wav|woff2?|xml|ya?ml)"
)
_WHEEL_MARK: Final = ".dist-info/WHEEL"
_TAIL: Final = 22 + 0xFFFF


def nested(view: MemberView, opening: Opening) -> Iterator[Finding | MemberView]:
    """The members of the archive that `view` is, and what of it could not be read."""
    kind = _kind(view)
    if not kind:
        return
    if not view.layers and _LYING.fullmatch(PurePosixPath(view.name).suffix.lower()):
        yield opening.found("archive-under-another-name", view, kind, role=opening.hidden_role(view))
    if kind in {"7z", "RAR", "cabinet"}:
        yield from _unread(view, opening, f"{kind} archives are not read")
        return
    if sum(step.startswith(_STEPS) for step in view.layers) >= DEEPEST:
        yield from _unread(view, opening, f"more than {DEEPEST} archives one in another")
        return
    opener = {"zip": _zip, "tar": _tar}.get(kind)
    if opener is not None:
        yield from opener(view, opening)
        return
    yield from _stream(kind, view, opening)


def _kind(view: MemberView) -> str:
    """`zip`, `tar`, a compression, or an archive that is not opened; empty for the rest."""
    data = view.data
    if view.is_python and not data.startswith(b"#!"):
        return ""
    for magic, name in (*_PACKED, *_CLOSED):
        if data.startswith(magic):
            return name
    # Programs and scripts may carry an archive behind them; Python runs such a file like an archive.
    if data.startswith(_ZIP) or (data.startswith((b"#!", b"MZ", b"\x7fELF")) and b"PK\5\6" in data[-_TAIL:]):
        return "zip"
    return "tar" if is_tar(data) else ""


def _unread(view: MemberView, opening: Opening, why: str) -> Iterator[Finding]:
    """A limit where what carries the archive may run; one note for all archives that nothing names."""
    role = opening.role(view)
    if role in RUNNING_ROLES:
        yield opening.found("nested-archive-unread", view, why, role=role)
    elif opening.first("idle-archive-unread"):
        yield opening.found("idle-archive-unread", view, why, role=role)


def _stream(kind: str, view: MemberView, opening: Opening) -> Iterator[Finding | MemberView]:
    most = min(MEMBER_BYTES * 2, opening.left(opening.role(view)))
    data = _decompressed(kind, view.data, most)
    if data is None:
        yield from _unread(view, opening, f"{kind} data that is damaged, or unpacks to more than {most} bytes")
    elif opening.affords(opening.role(view), len(data)):
        yield opening.layer(view, kind, data, is_python=_is_python(view.name.removesuffix(".gz"), data))


def _decompressed(kind: str, data: bytes, most: int) -> bytes | None:
    """All streams that stand one behind the other; None when one is damaged, cut short, or they are too large."""
    made: list[bytes] = []
    size = 0
    for _ in range(1000):
        try:
            part, rest = _one_stream(kind, data, most - size + 1)
        except (zlib.error, OSError, EOFError, ValueError, lzma.LZMAError, MemoryError):
            return None
        made.append(part)
        size += len(part)
        if size > most or rest is None:
            return None
        if not rest.startswith(data[:3]):
            return b"".join(made)
        data = rest
    return None


def _one_stream(kind: str, data: bytes, most: int) -> tuple[bytes, bytes | None]:
    """What one stream holds and what comes after it; None for a stream without an end."""
    if kind == "gzip":
        inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)
        part = inflater.decompress(data, most)
        return part, inflater.unused_data if inflater.eof else None
    reader = bz2.BZ2Decompressor() if kind == "bz2" else lzma.LZMADecompressor(memlimit=96 * 1024 * 1024)
    part = reader.decompress(data, most)
    return part, reader.unused_data if reader.eof else None


def _zip(view: MemberView, opening: Opening) -> Iterator[Finding | MemberView]:
    try:
        members = read_directory(view.data)
    except ZipUnreadable as unread:
        if view.data.startswith(_ZIP):
            yield from _unread(view, opening, f"ZIP: {unread}")
        return
    found = _inner_roles([member.name for member in members], view, opening)
    problems: list[str] = []
    for member in members:
        try:
            if _seen_already(view.data, member):
                continue
            role = found(member.name)
            data = unpack(view.data, member, MEMBER_BYTES if opening.affords(role, member.size) else 0)
        except ZipUnreadable as unread:
            problems.append(f"{member.name[:60]}: {unread}")
            continue
        yield opening.layer(view, f"zip:{member.name}", data, role=role, is_python=_is_python(member.name, data))
    if problems:
        yield from _unread(view, opening, f"ZIP: {len(problems)} of {len(members)} members: {problems[0]}")


def _seen_already(data: bytes, member: ZipMember) -> bool:
    """Whether the member's bytes stand in the archive as they are, and are nothing that opens further."""
    if member.method or member.encrypted or member.size <= _MATCHED_ALREADY:
        return False
    if PurePosixPath(member.name).suffix.lower() in _CODE_SUFFIXES:
        return False
    at = member_start(data, member)
    start = data[at : at + 512]
    return not start.startswith((*_ZIP, *_PROGRAMS, *(magic for magic, _ in _PACKED))) and not is_tar(start)


def _tar(view: MemberView, opening: Opening) -> Iterator[Finding | MemberView]:
    role = opening.role(view)
    try:
        for name, content in read_tar(view.data):
            if len(content) > MEMBER_BYTES or not opening.affords(role, len(content)):
                yield from _unread(view, opening, f"tar: {name[:60]}: {len(content)} bytes")
                continue
            data = bytes(content)
            yield opening.layer(view, f"tar:{name}", data, role=role, is_python=_is_python(name, data))
    except TarUnreadable as unread:
        yield from _unread(view, opening, f"tar: {unread}")


def _inner_roles(names: list[str], view: MemberView, opening: Opening) -> Callable[[str], Role]:
    """When each member runs: as the archive does, and in a wheel as its own place says."""
    carrier = opening.role(view)
    if carrier not in RUNNING_ROLES or not any(name.endswith(_WHEEL_MARK) for name in names):
        return lambda _: carrier
    # The names of an archive inside were checked by nobody, and are used as keys only.
    own = roles([MemberName(name) for name in names], lambda _: b"", is_wheel=True)
    return lambda name: carrier if own.get(MemberName(name), carrier) in RUNNING_ROLES else Role.NEVER


def _is_python(name: str, data: bytes) -> bool:
    return reads_as_python(data, name)
