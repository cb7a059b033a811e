"""What was learned of the members of one artifact, so that the next release need not learn it again.

Only what a member says by itself is kept: what it imports, what its text and look give, what its code does as far as
that depends on nothing else, or on facts that are part of the key. Roles, reachability and calls between modules are
found anew in every inspection.

The bytes of a memory were written by a process that had read a hostile artifact. They are decoded strictly and bounded,
and whoever calls decides for which artifact they may be used: see `docs/decisions/cache.md`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import msgspec

from scanner.model import Finding, Role, Sha256Hex
from scanner.stable import stable_name

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "MAX_LEARNED_BYTES",
    "Acted",
    "FunctionNote",
    "LayerNote",
    "Look",
    "MemberNote",
    "Memory",
    "Mentions",
    "ModuleNote",
    "Naming",
    "Shut",
    "away",
    "back",
    "settled",
]

#: A memory that is larger is neither written nor read.
MAX_LEARNED_BYTES: Final = 16 * 1024 * 1024
#: Findings that say how the work went, not what the member is: the next time it may go better.
_UNSETTLED: Final = frozenset({"analysis-failed", "yara-timeout"})


class Mentions(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The modules that a text may import, with the names taken from them, and the files that it names."""

    imports: tuple[tuple[str, tuple[str, ...]], ...] = ()
    files: tuple[str, ...] = ()


class Look(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What the analysers of single members found, given when the member runs and whether it counts as Python."""

    role: Role
    is_python: bool
    findings: tuple[Finding, ...]


class FunctionNote(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One function of a module: its name, and the functions that call it (-1 is the module's body)."""

    name: str
    callers: tuple[int, ...]


class ModuleNote(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What other modules of the artifact may need to know of a module that was walked. Functions are numbers."""

    functions: tuple[FunctionNote, ...]
    at_import: tuple[int, ...]
    hooks: tuple[int, ...]
    calls: tuple[tuple[str, tuple[int, ...]], ...]
    exports: tuple[tuple[str, str], ...]
    named: tuple[tuple[str, int], ...]
    """Functions by the module's names for them."""
    methods: tuple[tuple[str, tuple[tuple[str, int], ...]], ...]
    """Classes by the module's names for them, with what a call of each attribute runs."""
    acting: tuple[str, ...]


class LayerNote(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Something decoded, and the steps that led to it."""

    steps: tuple[str, ...]
    data: bytes


class Acted(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What the module does, under the circumstances that `key` names. `names` are file names that it asks for."""

    key: str
    names: tuple[str, ...]
    findings: tuple[Finding, ...]
    layers: tuple[LayerNote, ...]
    able: tuple[str, ...]


class Naming(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The names of files in a text that end as `key` says, and how many places end like that."""

    key: bytes
    places: int
    files: tuple[bytes, ...]


class Shut(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Nothing lies inside the member, and to know that nobody had to look beyond it."""

    role: Role
    is_python: bool
    in_wheel: bool


class MemberNote(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    """What was learned of one member. Analysers read and fill it."""

    name: str
    sha256: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
    packed: bytes = b""
    """The key of its packed bytes, which were unpacked and checked; empty where it was not packed by itself."""
    form: tuple[str, str, str] = ("", "", "")
    """What its first bytes say it is, where there is such a key."""
    is_python: bool | None = None
    mentions: Mentions | None = None
    look: Look | None = None
    idle: bool | None = None
    """Nothing in the module's text can act."""
    module: ModuleNote | None = None
    acted: Acted | None = None
    shut: Shut | None = None
    naming: Naming | None = None


class _Learned(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    key: str
    members: list[MemberNote]


class Memory:
    """What is known of members from before, and what is learned of them now."""

    def __init__(self, key: str, learned: bytes = b"") -> None:
        """Opened for an engine and ruleset (`key`). What cannot be read, or is of another, is as if it were not."""
        self._key = key
        self._known: dict[tuple[str, str], MemberNote] = {}
        self._packed: dict[tuple[str, bytes], Sha256Hex] = {}
        self._seen: dict[tuple[str, str], MemberNote] = {}
        self._asked: dict[tuple[str, str], MemberNote] = {}
        if not learned or len(learned) > MAX_LEARNED_BYTES:
            return
        try:
            before = msgspec.msgpack.decode(learned, type=_Learned)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError, MemoryError):
            return
        if before.key == key:
            self._known = {(note.name, note.sha256): note for note in before.members}
            self._packed = {(note.name, note.packed): Sha256Hex(note.sha256) for note in before.members if note.packed}

    def of(self, name: str, sha256: Sha256Hex) -> MemberNote:
        """The note of the member with that name (but for a version) and content; empty where nothing is known."""
        note = self._asked.get((name, sha256))
        if note is None:
            place = (stable_name(name), str(sha256))
            note = self._seen.get(place) or self._known.get(place) or MemberNote(*place)
            self._seen[place] = self._asked[name, sha256] = note
        return note

    def unpacked(self, name: str, key: bytes) -> Sha256Hex | None:
        """The hash, if it is known, of what a member with that name (but for a version) and that key unpacks to."""
        return self._packed.get((stable_name(name), key))

    def encoded(self) -> bytes:
        """All notes that were asked for, for the next inspection; nothing when they are too many."""
        data = msgspec.msgpack.encode(_Learned(self._key, list(self._seen.values())))
        return data if len(data) <= MAX_LEARNED_BYTES else b""


def settled(findings: Iterable[Finding]) -> bool:
    """Whether the findings are about the member alone, not about how its analysis went."""
    return all(finding.rule not in _UNSETTLED for finding in findings)


def away(findings: Iterable[Finding], name: str) -> tuple[Finding, ...]:
    """The findings without the name of their member, which may have another version in it next time."""
    return tuple(_renamed(finding, name, "") for finding in findings)


def back(findings: Iterable[Finding], name: str) -> tuple[Finding, ...]:
    """The findings with the name of their member."""
    return tuple(_renamed(finding, "", name) for finding in findings)


def _renamed(finding: Finding, old: str, new: str) -> Finding:
    chain = tuple(
        msgspec.structs.replace(step, member=new if step.member == old else step.member) for step in finding.chain
    )
    return msgspec.structs.replace(finding, member=new if finding.member == old else finding.member, chain=chain)
