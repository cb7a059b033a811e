"""An artifact's members as views: read once, hashed, told apart by content, and given their roles."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from scanner.analyzers.magic import NO_CONTENT, Content, content
from scanner.analyzers.readers.refused import read_refused
from scanner.archive import ArchiveRefused, Fault, Member, PackedMember, read_distribution, walk
from scanner.members_metadata import from_metadata, from_refused
from scanner.model import ArtifactMetadata, MemberName, Role, Sha256Hex
from scanner.paths import suffix_of
from scanner.roles import mentions, roles
from scanner.source import MAX_PARSE_BYTES
from scanner.syntax import parse
from scanner.view import MemberView

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

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
    contents, held = _read(data, filename, memory)
    _assign_roles(contents, held, memory)
    for name, member in held.items():
        role, digest = contents.roles[name], contents.hashes[name]
        python = _is_python(name, member.data) if memory is None else _remembered(digest, member, memory)
        bytes_ = member.data if isinstance(member, Member) else member
        contents.views[name] = MemberView(name, bytes_, digest, role, is_python=python)
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


def _read(
    data: bytes, filename: str, memory: Memory | None
) -> tuple[Contents, dict[MemberName, Member | PackedMember]]:
    """What is in the artifact, and the members that are kept. A sound archive is walked once."""
    reading = _Reading(filename, memory)
    try:
        reading.contents.metadata = from_metadata(read_distribution(data, filename, visitor=reading).metadata)
    except ArchiveRefused as refused:
        # What a broken rule hid from the reading is looked at all the same, and what each reader misses is told.
        reading = _Reading(filename, None)
        faults = reading.walk(data)
        reading.contents.metadata = from_refused({name: member.data for name, member in reading.held.items()})
        reading.contents.faults = tuple(dict.fromkeys([*faults, *refused.faults]))
    return reading.contents, reading.held


class _Reading:
    """The members of one artifact, as they are read one after another."""

    def __init__(self, filename: str, memory: Memory | None) -> None:
        self.contents = Contents(filename)
        self.held: dict[MemberName, Member | PackedMember] = {}
        self._memory = memory
        self._total = 0
        self._key = b""

    def walk(self, data: bytes) -> tuple[Fault, ...]:
        """Every member is read, by whatever means; what kept the strict walk from its end."""
        try:
            for member in walk(data, self.contents.filename):
                self.take(member)
        except ArchiveRefused as refused:
            for name, read in read_refused(data):
                if name not in self.contents.hashes:
                    member = Member(name, read)
                    self._note(member, member.sha256, content(read))
            return refused.faults
        return ()

    def known(self, packed: PackedMember) -> Sha256Hex | None:
        """The hash of a member that was unpacked in an earlier artifact."""
        if self._memory is None:
            return None
        self._key = packed.key
        return self._memory.unpacked(packed.name, self._key)

    def recall(self, packed: PackedMember, known: Sha256Hex) -> None:
        """`packed` is kept as it is."""
        form = self._memory.of(packed.name, known).form if self._memory is not None else ()
        self._note(packed, known, Content(*form) if any(form) else NO_CONTENT)
        self._make_room(packed.size)

    def take(self, member: Member) -> None:
        """`member` was read, and is kept as long as there is room."""
        if member.is_link:
            self.contents.links[member.name] = member.target
        form = content(member.data)
        if self._memory is not None and self._key:
            note = self._memory.of(member.name, member.sha256)
            note.packed, note.form = self._key, (form.native, form.machine, form.archive)
        self._note(member, member.sha256, form)
        self._make_room(member.size)

    def _note(self, member: Member | PackedMember, digest: Sha256Hex, form: Content) -> None:
        contents, name = self.contents, member.name
        contents.hashes[name] = digest
        contents.sizes[name] = member.size
        if form is not NO_CONTENT:
            contents.formats[name] = form
        self.held[name] = member

    def _make_room(self, size: int) -> None:
        self._total += size
        if self._total > HELD_BYTES:
            self.contents.late |= _let_go(self.held)


def _let_go(held: dict[MemberName, Member | PackedMember]) -> set[MemberName]:
    """Large members are dropped, and their names returned. Python that can be parsed is always kept."""
    large = {
        name
        for name, member in held.items()
        if member.size > HELD_MEMBER and not (_has_python_suffix(name) and member.size <= MAX_PARSE_BYTES)
    }
    for name in large:
        del held[name]
    return large


def _assign_roles(contents: Contents, held: Mapping[MemberName, Member | PackedMember], memory: Memory | None) -> None:
    names = list(contents.hashes)

    def read(name: MemberName) -> bytes:
        return held[name].data if name in held else b""

    def mentioned(name: MemberName) -> Mentions:
        if memory is None or name not in held:
            return mentions(read(name))
        note = memory.of(name, contents.hashes[name])
        if note.mentions is None:
            note.mentions = mentions(read(name))
        return note.mentions

    try:
        contents.roles = roles(names, read, mentioned, is_wheel=contents.is_wheel)
    except Exception as error:  # noqa: BLE001 # hostile names and texts meet a scan of ours; without roles all count
        contents.problem = type(error).__name__
        contents.roles = dict.fromkeys(names, Role.IMPORT)


def _remembered(digest: Sha256Hex, member: Member | PackedMember, memory: Memory) -> bool:
    note = memory.of(member.name, digest)
    if note.is_python is None:
        note.is_python = _is_python(member.name, member.data)
    return note.is_python


def _has_python_suffix(name: MemberName) -> bool:
    return suffix_of(name).lower() in _PYTHON_SUFFIXES


def _is_python(name: MemberName, data: bytes) -> bool:
    """Whether the member is Python source by its name, its first line, or because it parses and acts like it."""
    suffix = suffix_of(name).lower()
    if suffix in _PYTHON_SUFFIXES or (_SHEBANG.match(data) and suffix not in _CYTHON):
        return True
    if suffix in _NEVER_BY_CONTENT or len(data) > MAX_PARSE_BYTES:
        return False
    if b"\0" in data[:_PROBE] or not _STATEMENT.search(data):
        return False
    try:
        tree = parse(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return any(isinstance(node, ast.Call | ast.Import | ast.ImportFrom) for node in ast.walk(tree))
