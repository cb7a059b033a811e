"""One artifact under one filename becomes an inspection: bytes in, facts out.

Every analyser is called inside a fence: what breaks on hostile input becomes a finding of kind `limits` and costs that
analyser only. Layers that were decoded on the way go back to the analysers, each once, within a budget.
"""

from __future__ import annotations

import gc
from collections import deque
from contextlib import contextmanager
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

from scanner.analyzers.build_config import build_config
from scanner.analyzers.metadata import metadata
from scanner.analyzers.naming import naming
from scanner.analyzers.openers import OPENERS
from scanner.analyzers.opening import Opening, Surroundings
from scanner.analyzers.prose import weighed
from scanner.analyzers.quality import quality
from scanner.analyzers.shape import shape
from scanner.analyzers.startup import startup
from scanner.analyzers.structure import CONTENTS, LINKS, structure
from scanner.analyzers.text import text
from scanner.fences import failure, fenced
from scanner.following import followed
from scanner.known import unknown
from scanner.layers import MAX_DEPTH, MAX_LAYER_BYTES, decode
from scanner.members import Contents, read_contents, read_late
from scanner.memory import Look, Memory, Shut, away, back, settled
from scanner.model import ENGINE_VERSION, Finding, Inspection, MemberFact, MemberName, Role, Sha256Hex
from scanner.portions import PORTION_BYTES, darkened, portions, spotlight
from scanner.sifting import sifted
from scanner.source import MAX_PARSE_BYTES, SourceTooDense, SourceUnreadable
from scanner.view import ArtifactAnalyzer, ArtifactView, MemberAnalyzer, MemberView, forget_trees

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from scanner.ruleset import Ruleset

__all__ = ["ARTIFACT_ANALYZERS", "LAYER_ANALYZERS", "LAYER_BYTES", "LAYER_DEPTH", "MEMBER_ANALYZERS", "inspect"]

#: Decoding steps below a member that are followed, and bytes of all layers of an artifact together.
LAYER_DEPTH: Final = MAX_DEPTH
LAYER_BYTES: Final = MAX_LAYER_BYTES

MEMBER_ANALYZERS: Final[tuple[MemberAnalyzer, ...]] = (text, shape, quality)
#: A layer is not code that somebody wrote: its quality is nobody's concern.
LAYER_ANALYZERS: Final[tuple[MemberAnalyzer, ...]] = (text, shape)
#: What the code does is followed in portions of the artifact, by `_Work.follow`; these see the whole.
ARTIFACT_ANALYZERS: Final[tuple[ArtifactAnalyzer, ...]] = (startup, structure, metadata, naming, build_config)
#: So much source was parsed before the cycles in which its trees lay are looked for: that takes time, too.
_COLLECTED: Final = 128 * 1024


def inspect(artifact: Path | bytes, filename: str, ruleset: Ruleset, memory: Memory | None = None) -> Inspection:
    """What the scanner finds in `artifact`: equal bytes, filename, engine and ruleset give equal inspections.

    A memory changes how long it takes, not what is found; afterwards it knows the artifact's members.
    """
    data = artifact.read_bytes() if isinstance(artifact, Path) else artifact
    with _without_collector():
        return _inspected(data, filename, ruleset, memory)


@contextmanager
def _without_collector() -> Iterator[None]:
    """The cycle collector rests: it would walk the same syntax trees again and again, and take half of the time.

    Where it is asked to work, it walks what this inspection has made, and nothing that was there before.
    """
    was_on, frozen = gc.isenabled(), gc.get_freeze_count()
    gc.disable()
    if not frozen:
        gc.freeze()
    try:
        yield
    finally:
        if not frozen:
            gc.unfreeze()
        if was_on:
            gc.enable()


def _inspected(data: bytes, filename: str, ruleset: Ruleset, memory: Memory | None) -> Inspection:
    contents = read_contents(data, filename, memory)
    view = ArtifactView(
        filename,
        contents.is_wheel,
        contents.metadata,
        contents.views,
        contents.roles,
        {CONTENTS: contents.formats, LINKS: contents.links},
    )
    work = _Work(ruleset, view, memory)
    work.findings += _refusals(contents, ruleset)
    parsed = 0
    for portion in portions(view):
        for member in portion:
            work.meet(member)
            work.open_anew(view, member)
        work.follow(view, portion)
        parsed += forget_trees() if len(view.members) > len(portion) else 0
        if parsed > _COLLECTED:
            # Before the next portion: what was learned of these trees goes in cycles.
            gc.collect()
            parsed = 0
    for member in read_late(data, contents):
        work.meet(member)
        work.open_anew(view, member)
    for analyzer in ARTIFACT_ANALYZERS:
        work.findings += fenced(analyzer.__name__, partial(analyzer, view, ruleset), ruleset)
    return Inspection(
        sha256=Sha256Hex(sha256(data).hexdigest()),
        filename=filename,
        engine=ENGINE_VERSION,
        ruleset=ruleset.hash,
        findings=sifted(_unknown(work, view, contents, ruleset), ruleset),
        members=_facts(contents),
        metadata=contents.metadata,
        capabilities=tuple(sorted(work.able)),
    )


def _unknown(work: _Work, view: ArtifactView, contents: Contents, ruleset: Ruleset) -> Iterator[Finding]:
    """What was found, as what it is in this artifact, and without what files that are known to be good give rise to."""

    def alone(name: str) -> list[Finding]:
        member = view.members.get(MemberName(name))
        if member is None:
            return []
        single = ArtifactView(
            view.filename, view.is_wheel, view.metadata, {member.name: member}, {member.name: member.role}
        )
        return followed(single, ruleset).findings

    places = {str(name): (digest, contents.roles[name]) for name, digest in contents.hashes.items()}
    found = weighed(work.findings, contents.views, ruleset, executes="dynamic-code" in work.able)
    return unknown(found, places, ruleset.known, alone)


def _refusals(contents: Contents, ruleset: Ruleset) -> Iterator[Finding]:
    for fault in contents.faults:
        text_ = f"{fault.code}: {fault.message}"
        yield ruleset.finding("archive-refused", role=Role.IMPORT, member="", snippet=text_)
    if contents.problem:
        yield ruleset.finding("analysis-failed", role=Role.IMPORT, member="", snippet=f"roles: {contents.problem}")


class _Work:
    """What was found so far, and the ways to find more."""

    def __init__(self, ruleset: Ruleset, view: ArtifactView, memory: Memory | None) -> None:
        self.findings: list[Finding] = []
        self.able: set[str] = set()
        self._ruleset = ruleset
        self._memory = memory
        self._dark = darkened(view)
        self._opening = Opening(ruleset, Surroundings(view, memory))
        self._left = LAYER_BYTES
        self._opened = 0
        self._seen: set[tuple[MemberName, Sha256Hex]] = set()

    def meet(self, view: MemberView) -> None:
        """What the analysers find in one member."""
        if self._memory is None:
            self.look_at(view, MEMBER_ANALYZERS)
            return
        note = self._memory.of(view.name, view.sha256)
        look = note.look
        if look is not None and (look.role, look.is_python) == (view.role, view.is_python):
            self.findings += back(look.findings, view.name)
            return
        before = len(self.findings)
        self.look_at(view, MEMBER_ANALYZERS)
        found = self.findings[before:]
        note.look = Look(view.role, view.is_python, away(found, view.name)) if settled(found) else None

    def look_at(self, view: MemberView, analyzers: Iterable[MemberAnalyzer]) -> None:
        """What these analysers find in one member or layer."""
        if not view.layers:
            self.findings += _unreadable(view, self._ruleset)
        for analyzer in analyzers:
            self.findings += fenced(analyzer.__name__, partial(analyzer, view, self._ruleset), self._ruleset, view)

    def open_anew(self, view: ArtifactView, member: MemberView) -> None:
        """What lies inside a member, unless it is known that nothing does."""
        if self._memory is None:
            self.open(view, member)
            return
        note, shut = self._memory.of(member.name, member.sha256), Shut(member.role, member.is_python, view.is_wheel)
        if note.shut == shut:
            return
        before, self._opening.asked = len(self.findings), False
        self.open(view, member)
        note.shut = shut if len(self.findings) == before and not self._opening.asked else None

    def open(self, view: ArtifactView, member: MemberView) -> None:
        """What lies inside a member or layer: archives, pickles, bytecode, pictures that carry something."""
        for opener in OPENERS:
            for inner in fenced(opener.__name__, partial(opener, member, self._opening), self._ruleset, member):
                if isinstance(inner, Finding):
                    self.findings.append(inner)
                else:
                    self._left += len(inner.data)  # openers have a budget of their own, and have paid
                    self._descend(view, [inner])
                    self._rest(inner)
        self.findings += self._opening.denials(member)

    def _rest(self, layer: MemberView) -> None:
        """Now and then, what was learned of layers is forgotten, as between portions."""
        self._opened += len(layer.data) if layer.is_python else 0
        if self._opened > PORTION_BYTES:
            self._opened = 0
            forget_trees()
            gc.collect()

    def follow(self, view: ArtifactView, portion: Sequence[MemberView]) -> None:
        """What the Python members of the portion do, and what lies in their layers.

        Where the analysis breaks it is repeated member by member, so that one bad member costs one member.
        """
        python = [member for member in portion if member.is_python]
        if not python:
            return
        try:
            findings, layers, able = followed(spotlight(self._dark, python), self._ruleset, self._memory)
        except Exception as error:  # noqa: BLE001 # whatever hostile code does to the analysis is a finding
            if len(python) == 1:
                self.findings.append(failure("behaviour", error, self._ruleset, python[0]))
                return
            for member in python:
                self.follow(view, [member])
            return
        self.findings += findings
        self.able.update(able)
        self._descend(view, layers)

    def _descend(self, view: ArtifactView, layers: Iterable[MemberView]) -> None:
        """Decoded layers are looked at, each once; what they decode in turn is looked at next."""
        waiting = deque(layers)
        while waiting:
            layer = waiting.popleft()
            if (layer.name, layer.sha256) in self._seen:
                continue
            self._seen.add((layer.name, layer.sha256))
            self._left -= len(layer.data)
            if self._left < 0 or len(layer.layers) > LAYER_DEPTH:
                self.findings.append(self._exhausted(layer))
                continue
            if len(layer.layers) == LAYER_DEPTH and next(decode(layer.data), None) is not None:
                self.findings.append(self._exhausted(layer))
            self.look_at(layer, LAYER_ANALYZERS)
            self.open(view, layer)
            if layer.is_python:
                inner = ArtifactView(
                    view.filename, view.is_wheel, view.metadata, {layer.name: layer}, {layer.name: layer.role}
                )
                try:
                    findings, below, able = followed(inner, self._ruleset)
                except Exception as error:  # noqa: BLE001 # as above
                    self.findings.append(failure("behaviour", error, self._ruleset, layer))
                    continue
                self.findings += findings
                self.able.update(able)
                waiting.extend(below)

    def _exhausted(self, layer: MemberView) -> Finding:
        what = f"{' → '.join(layer.layers)}: {len(layer.data)} bytes"
        return self._ruleset.finding(
            "layers-exhausted", role=layer.role, member=layer.name, snippet=what, layers=layer.layers
        )


def _unreadable(view: MemberView, ruleset: Ruleset) -> Iterator[Finding]:
    """Nothing, or that a Python member cannot be read: then no analyser of Python saw it."""
    if not view.is_python:
        return
    try:
        _ = view.tree
    except SourceUnreadable as error:
        rule = "member-too-large" if len(view.data) > MAX_PARSE_BYTES else "source-unreadable"
        rule = "budget-reached" if isinstance(error, SourceTooDense) else rule
        yield ruleset.finding(rule, role=view.role, member=view.name, line=error.line, snippet=str(error))
    except Exception as error:  # noqa: BLE001 # whatever a parser does with hostile text is a finding
        yield failure("parser", error, ruleset, view)


def _facts(contents: Contents) -> tuple[MemberFact, ...]:
    return tuple(
        MemberFact(name, digest, contents.sizes[name], contents.roles[name]) for name, digest in contents.hashes.items()
    )
