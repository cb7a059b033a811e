"""An artifact's members as views: read once, hashed, told apart by content, and given their roles."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from packaging.metadata import parse_email

from scanner.analyzers.magic import Content, content
from scanner.analyzers.readers.refused import read_refused
from scanner.archive import ArchiveRefused, Fault, read_distribution, walk
from scanner.model import ArtifactMetadata, MemberName, Role, Sha256Hex
from scanner.roles import mentions, roles
from scanner.source import MAX_PARSE_BYTES
from scanner.syntax import parse
from scanner.view import MemberView

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from packaging.metadata import Metadata, RawMetadata

    from scanner.memory import Memory, Mentions

__all__ = ["HELD_BYTES", "HELD_MEMBER", "Contents", "read_contents", "read_late"]

#: While all members together are no larger than this, each is kept until the inspection ends.
HELD_BYTES: Final = 64 * 1024 * 1024
#: Beyond that, members larger than this (native libraries, models) are read again one at a time, and dropped.
HELD_MEMBER: Final = 512 * 1024

_PYTHON_SUFFIXES: Final = frozenset({".py", ".pyw"})
#: Stubs never run, and start-up files have an analyser of their own.
_NEVER_BY_CONTENT: Final = frozenset({".pyi", ".pth", ".start"})
#: Another language, whose files like to begin as Python's do. Those that are Python count all the same.
_CYTHON: Final = frozenset({".pyx", ".pxd", ".pxi"})
_SHEBANG: Final = re.compile(rb"#![^\n]{0,200}\bpython")
_STATEMENT: Final = re.compile(
    rb"^(?:import|from)[ \t]+[\w.]+|^\s{0,40}(?:exec|eval|__import__)\s{0,4}\(", re.MULTILINE
)
_PROBE: Final = 8192


@dataclass(slots=True)
class Contents:
    """What was read of one artifact.

    `faults` is empty for a sound archive. `late` are members too large to keep: their bytes are in no view.
    `problem` says what kept the roles from being told; then every member counts as one that can run.
    """

    filename: str
    views: dict[MemberName, MemberView] = field(default_factory=dict)
    late: frozenset[MemberName] = frozenset()
    hashes: dict[MemberName, Sha256Hex] = field(default_factory=dict)
    sizes: dict[MemberName, int] = field(default_factory=dict)
    formats: dict[MemberName, Content] = field(default_factory=dict)
    links: dict[MemberName, str] = field(default_factory=dict)
    roles: dict[MemberName, Role] = field(default_factory=dict)
    metadata: ArtifactMetadata = field(default_factory=ArtifactMetadata)
    faults: tuple[Fault, ...] = ()
    problem: str = ""

    @property
    def is_wheel(self) -> bool:
        """True for a wheel, false for an sdist."""
        return self.filename.endswith(".whl")


def read_contents(data: bytes, filename: str, memory: Memory | None = None) -> Contents:
    """Everything that can be read of the artifact; what breaks the format's rules is in `faults`."""
    contents = Contents(filename)
    held: dict[MemberName, bytes] = {}
    faults = _walk(data, contents, held)
    metadata, more = _read_metadata(data, filename, held)
    contents.metadata = metadata
    contents.faults = tuple(dict.fromkeys([*faults, *more]))
    _assign_roles(contents, held, memory)
    for name, member in held.items():
        role, digest = contents.roles[name], contents.hashes[name]
        python = _is_python(name, member) if memory is None else _remembered(name, digest, member, memory)
        contents.views[name] = MemberView(name, member, digest, role, is_python=python)
    return contents


def read_late(data: bytes, contents: Contents) -> Iterator[MemberView]:
    """The views of members that are too large to keep, one at a time."""
    if not contents.late:
        return
    try:
        for member in walk(data, contents.filename):
            if member.name in contents.late:
                python = _is_python(member.name, member.data)
                role, digest = contents.roles[member.name], contents.hashes[member.name]
                yield MemberView(member.name, member.data, digest, role, is_python=python)
    except ArchiveRefused:
        return  # the first walk noted the faults


def _walk(data: bytes, contents: Contents, held: dict[MemberName, bytes]) -> tuple[Fault, ...]:
    total = 0
    late: set[MemberName] = set()
    faults: tuple[Fault, ...] = ()
    try:
        for member in walk(data, contents.filename):
            if member.is_link:
                contents.links[member.name] = member.target
            _note(member.name, member.data, contents, held)
            total += len(member.data)
            if total > HELD_BYTES:
                late |= _let_go(held)
    except ArchiveRefused as refused:
        faults = refused.faults
        for name, read in read_refused(data):
            if name not in contents.hashes:
                _note(name, read, contents, held)
    contents.late = frozenset(late)
    return faults


def _note(name: MemberName, data: bytes, contents: Contents, held: dict[MemberName, bytes]) -> None:
    contents.hashes[name] = Sha256Hex(sha256(data).hexdigest())
    contents.sizes[name] = len(data)
    found = content(data)
    if found != Content():
        contents.formats[name] = found
    held[name] = data


def _let_go(held: dict[MemberName, bytes]) -> set[MemberName]:
    """Large members are dropped, and their names returned. Python that can be parsed is always kept."""
    large = {
        name
        for name, data in held.items()
        if len(data) > HELD_MEMBER and not (_has_python_suffix(name) and len(data) <= MAX_PARSE_BYTES)
    }
    for name in large:
        del held[name]
    return large


def _assign_roles(contents: Contents, held: Mapping[MemberName, bytes], memory: Memory | None) -> None:
    names = list(contents.hashes)

    def mentioned(name: MemberName) -> Mentions:
        if memory is None or name not in held:
            return mentions(held.get(name, b""))
        note = memory.of(name, contents.hashes[name])
        if note.mentions is None:
            note.mentions = mentions(held[name])
        return note.mentions

    try:
        contents.roles = roles(names, lambda name: held.get(name, b""), mentioned, is_wheel=contents.is_wheel)
    except Exception as error:  # noqa: BLE001 # hostile names and texts meet a scan of ours; without roles all count
        contents.problem = type(error).__name__
        contents.roles = dict.fromkeys(names, Role.IMPORT)


def _remembered(name: MemberName, digest: Sha256Hex, data: bytes, memory: Memory) -> bool:
    note = memory.of(name, digest)
    if note.is_python is None:
        note.is_python = _is_python(name, data)
    return note.is_python


def _has_python_suffix(name: MemberName) -> bool:
    return PurePosixPath(name).suffix.lower() in _PYTHON_SUFFIXES


def _is_python(name: MemberName, data: bytes) -> bool:
    """Whether the member is Python source by its name, its first line, or because it parses and acts like it."""
    cython = PurePosixPath(name).suffix.lower() in _CYTHON
    if _has_python_suffix(name) or (_SHEBANG.match(data) and not cython):
        return True
    if PurePosixPath(name).suffix.lower() in _NEVER_BY_CONTENT or len(data) > MAX_PARSE_BYTES:
        return False
    if b"\0" in data[:_PROBE] or not _STATEMENT.search(data):
        return False
    try:
        tree = parse(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return any(isinstance(node, ast.Call | ast.Import | ast.ImportFrom) for node in ast.walk(tree))


def _read_metadata(
    data: bytes, filename: str, held: Mapping[MemberName, bytes]
) -> tuple[ArtifactMetadata, tuple[Fault, ...]]:
    try:
        return _from_metadata(read_distribution(data, filename).metadata), ()
    except ArchiveRefused as refused:
        # Such an artifact never gets past the upload; for `pratique scan` its own words are worth reading all the same.
        return _from_text(held), refused.faults


def _from_metadata(metadata: Metadata) -> ArtifactMetadata:
    urls = dict(metadata.project_urls or {})
    if metadata.home_page:
        urls.setdefault("Homepage", metadata.home_page)
    return ArtifactMetadata(
        name=metadata.name,
        version=str(metadata.version),
        summary=metadata.summary or "",
        author=metadata.author or metadata.maintainer or "",
        author_email=metadata.author_email or metadata.maintainer_email or "",
        requires_python=str(metadata.requires_python or ""),
        requires_dist=tuple(str(requirement) for requirement in metadata.requires_dist or ()),
        project_urls=tuple(f"{label}, {url}" for label, url in urls.items()),
    )


def _from_text(held: Mapping[MemberName, bytes]) -> ArtifactMetadata:
    for name, data in held.items():
        folder, _, file = name.rpartition("/")
        if "/" not in folder and (file == "PKG-INFO" or (file == "METADATA" and folder.endswith(".dist-info"))):
            try:
                return _from_raw(parse_email(data)[0])
            except Exception:  # noqa: BLE001 # hostile text meets a parser; the faults were noted already
                return ArtifactMetadata()
    return ArtifactMetadata()


def _from_raw(raw: RawMetadata) -> ArtifactMetadata:
    return ArtifactMetadata(
        name=raw.get("name", ""),
        version=raw.get("version", ""),
        summary=raw.get("summary", ""),
        author=raw.get("author", "") or raw.get("maintainer", ""),
        author_email=raw.get("author_email", "") or raw.get("maintainer_email", ""),
        requires_python=raw.get("requires_python", ""),
        requires_dist=tuple(raw.get("requires_dist", ())),
        project_urls=tuple(f"{label}, {url}" for label, url in raw.get("project_urls", {}).items()),
    )
