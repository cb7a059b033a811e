"""What an opener knows and may spend: openers look inside members that are no Python source.

An opener takes a member apart (an archive, a pickle, bytecode, a picture) and yields findings, and what it found inside
as views with a layer more, for every analyser to look at. Where a thing runs is decided by who names it: a data file
that running code mentions by name counts as part of that code.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from itertools import islice
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from scanner.behaviour.layering import acts_as_python
from scanner.memory import Naming
from scanner.model import RUNNING_ROLES, Finding, MemberName, Role, Sha256Hex
from scanner.paths import suffix_of
from scanner.view import MemberView

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scanner.memory import Memory
    from scanner.ruleset import Ruleset
    from scanner.view import ArtifactView

__all__ = ["IDLE_BYTES", "RUNNING_BYTES", "Opener", "Opening", "Surroundings", "reads_as_python"]

#: Roles from the weakest to the strongest.
_STRENGTH: Final = (Role.NEVER, Role.TEST, Role.COMMAND, Role.IMPORT, Role.INSTALL, Role.BUILD, Role.STARTUP)
#: Bytes that may be unpacked out of members that something running names, and out of all others, for one artifact.
RUNNING_BYTES: Final = 64 * 1024 * 1024
IDLE_BYTES: Final = 24 * 1024 * 1024

#: Running code that is searched for names of data files, and places looked at in it.
_SEARCHED: Final = 32 * 1024 * 1024
_PLACES: Final = 200_000
_LONGEST_NAME: Final = 120
#: Distinct names of one member that are remembered.
_KEPT_NAMES: Final = 500
_NAME: Final = re.compile(rb"[\w.+-]+")
_SUFFIXES: Final = 200
_ASIDE: Final = frozenset(
    {"test", "tests", "testing", "testdata", "test_data", "fixtures", "doc", "docs", "example", "examples", "samples"}
)
_PYTHON: Final = frozenset({".py", ".pyw"})
_STATEMENT: Final = re.compile(
    rb"^[ \t]{0,40}(?:import|from)[ \t]+[\w.]+|(?:\b(?:exec|eval|compile|__import__|getattr|system)[ \t]{0,4}\()",
    re.MULTILINE,
)
_SPEAKING: Final = frozenset({".pth", ".start", ".sh", ".bat", ".cmd", ".ps1", ".js"})


class Surroundings:
    """What the artifact as a whole says about one of its members."""

    def __init__(self, view: ArtifactView, memory: Memory | None = None) -> None:
        self._view = view
        self._memory = memory
        self._unsearched = Role.NEVER
        """What counts for names that were not found: more than never, where not everything was searched."""

    @property
    def names(self) -> Mapping[MemberName, Role]:
        """Every member, with when it runs."""
        return self._view.roles

    @property
    def is_wheel(self) -> bool:
        """Whether the artifact is a wheel."""
        return self._view.is_wheel

    @property
    def filename(self) -> str:
        """The artifact's own name."""
        return self._view.filename

    def member(self, name: str) -> MemberView | None:
        """The member of that name, where it is held."""
        return self._view.members.get(MemberName(name))

    def role(self, name: MemberName, own: Role) -> Role:
        """When the member counts as running: by itself, or with the code that names it."""
        named = self._named.get(name.rpartition("/")[2].encode("utf-8", "replace"))
        return max(own, named or self._unsearched, key=_STRENGTH.index)

    def is_aside(self, name: MemberName) -> bool:
        """Whether the member lies among tests, documentation or examples."""
        return not _ASIDE.isdisjoint(part.lower() for part in PurePosixPath(name).parts[:-1])

    @cached_property
    def modules(self) -> frozenset[str]:
        """The names of the artifact's own top-level packages and modules."""
        found: set[str] = set()
        for name in self._view.roles:
            parts = PurePosixPath(name).parts
            inner = parts if self._view.is_wheel else parts[1:]
            if inner and inner[0] == "src":
                inner = inner[1:]
            if inner:
                found.add(inner[0].partition(".")[0])
        return frozenset(found)

    @cached_property
    def _named(self) -> dict[bytes, Role]:
        """The file names that running code mentions, with the strongest role of those that do."""
        counted = Counter(
            suffix_of(name).encode("utf-8", "replace")
            for name, role in self._view.roles.items()
            if role not in RUNNING_ROLES
        )
        commonest = (suffix for suffix, _ in counted.most_common(_SUFFIXES))
        suffixes = [re.escape(suffix) for suffix in commonest if 1 < len(suffix) < _LONGEST_NAME]
        found: dict[bytes, Role] = {}
        if not suffixes:
            return found
        if len(counted) > _SUFFIXES:
            self._unsearched = Role.COMMAND
        ending = re.compile(b"(?:" + b"|".join(suffixes) + rb")(?![\w.])")
        key = sha256(ending.pattern).digest()
        files = {name.rpartition("/")[2].encode("utf-8", "replace") for name in self._view.roles}
        places, left = _PLACES, _SEARCHED
        for member in self._speakers():
            left -= member.size
            if left < 0:
                self._unsearched = Role.COMMAND
                break
            naming = self._naming(member, ending, key)
            crowded = naming.places > places
            if crowded:
                naming = _names_in(member.data, ending, key, places)
            for file in files.intersection(naming.files):
                found[file] = max(member.role, found.get(file, Role.NEVER), key=_STRENGTH.index)
            places -= naming.places
            if crowded:
                self._unsearched = Role.COMMAND
                break
        return found

    def _naming(self, member: MemberView, ending: re.Pattern[bytes], key: bytes) -> Naming:
        """What the member names, as far as anybody would go on counting."""
        if self._memory is None:
            return _names_in(member.data, ending, key, _PLACES + 1)
        note = self._memory.of(member.name, member.sha256)
        naming = note.naming
        if naming is None or naming.key != key:
            naming = _names_in(member.data, ending, key, _PLACES + 1)
            note.naming = naming if len(naming.files) <= _KEPT_NAMES else None
        return naming

    def _speakers(self) -> Iterator[MemberView]:
        for name, member in self._view.members.items():
            if member.role in RUNNING_ROLES and (member.is_python or suffix_of(name) in _SPEAKING):
                yield member


def _names_in(data: bytes, ending: re.Pattern[bytes], key: bytes, most: int) -> Naming:
    """The file names with one of the endings, at the first `most` places."""
    ends = [match.end() for match in islice(ending.finditer(data), most)]
    return Naming(key, len(ends), tuple({_name_before(data, end): None for end in ends}))


def _name_before(data: bytes, end: int) -> bytes:
    """The file name that ends at `end`."""
    turned = data[max(0, end - _LONGEST_NAME) : end][::-1]
    match = _NAME.match(turned)
    return match[0][::-1] if match else b""


@dataclass(eq=False, slots=True)
class Opening:
    """The opening of one artifact's members: its rules, its surroundings, and what may still be unpacked."""

    ruleset: Ruleset
    surroundings: Surroundings
    asked: bool = False
    """Whether an opener asked for more than the kind of the artifact since this was set to false. One that found
    nothing and did not ask finds nothing in the same member of another artifact, either."""
    _left: dict[bool, int] = field(default_factory=lambda: {True: RUNNING_BYTES, False: IDLE_BYTES})
    _denied: bool = False
    _said: set[str] = field(default_factory=set)

    @property
    def is_wheel(self) -> bool:
        """Whether the artifact is a wheel."""
        return self.surroundings.is_wheel

    @property
    def around(self) -> Surroundings:
        """What the artifact as a whole says."""
        self.asked = True
        return self.surroundings

    def role(self, view: MemberView) -> Role:
        """When what is inside `view` counts as running."""
        return view.role if view.layers else self.around.role(view.name, view.role)

    def hidden_role(self, view: MemberView) -> Role:
        """The same for a thing that has no other use than being run: then somebody runs it, unless it is test data."""
        role = self.role(view)
        return Role.COMMAND if role is Role.NEVER and not self.around.is_aside(view.name) else role

    def affords(self, role: Role, size: int) -> bool:
        """Whether `size` more bytes may be unpacked; they are taken off when they may."""
        self.asked = True
        kind = role in RUNNING_ROLES
        if self._left[kind] < size:
            self._denied = self._denied or kind
            return False
        self._left[kind] -= size
        return True

    def left(self, role: Role) -> int:
        """Bytes that may still be unpacked."""
        self.asked = True
        return self._left[role in RUNNING_ROLES]

    def first(self, what: str) -> bool:
        """Whether this is said of the artifact for the first time."""
        self.asked = True
        known = what in self._said
        self._said.add(what)
        return not known

    def denials(self, view: MemberView) -> Iterator[Finding]:
        """That something inside `view` that may run was not looked at, because the budget was spent."""
        if self._denied:
            self._denied = False
            what = f"more than {RUNNING_BYTES} bytes inside members"
            yield self.found("layers-exhausted", view, what, role=Role.IMPORT)

    def found(self, rule: str, view: MemberView, snippet: str = "", *, role: Role | None = None) -> Finding:
        """A finding of `rule` in `view`."""
        return self.ruleset.finding(
            rule, role=role or self.role(view), member=view.name, snippet=snippet, layers=view.layers
        )

    def layer(
        self, view: MemberView, step: str, data: bytes, *, role: Role | None = None, is_python: bool | None = None
    ) -> MemberView:
        """What lies inside `view`, reached by `step`."""
        return MemberView(
            view.name,
            data,
            Sha256Hex(sha256(data).hexdigest()),
            role or self.role(view),
            (*view.layers, step),
            reads_as_python(data) if is_python is None else is_python,
        )


def reads_as_python(data: bytes, name: str = "") -> bool:
    """Whether a thing called `name` is Python source: by its name, or because it parses and acts like it."""
    if PurePosixPath(name).suffix.lower() in _PYTHON:
        return True
    return _STATEMENT.search(data) is not None and acts_as_python(data)


Opener = Callable[[MemberView, Opening], Iterator[Finding | MemberView]]
"""Takes one member (or layer) apart."""
