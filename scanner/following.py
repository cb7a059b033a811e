"""What the Python members of a portion do: each from memory where that is known, else walked now.

A member's chains depend on its own content, on when it runs, and on which of its functions others run. These are the
key under which they are kept; whatever else a chain comes to depend on belongs into `_circumstances`.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Final, NamedTuple

from scanner.analyzers.behaviour import behaviour
from scanner.behaviour import Skeleton, alone, capabilities, facts_of, layers_of, numbered, reduced, walked_again
from scanner.behaviour.layering import acts_as_python
from scanner.fences import fenced
from scanner.layers import MAX_LAYER_BYTES
from scanner.memory import Acted, LayerNote, away, back, settled
from scanner.model import Sha256Hex
from scanner.source import SourceUnreadable
from scanner.view import MemberView

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from scanner.behaviour import Facts
    from scanner.memory import Memory
    from scanner.model import Finding
    from scanner.ruleset import Ruleset
    from scanner.view import ArtifactView

__all__ = ["Followed", "followed"]

#: Members that decode more are followed anew each time: their layers are looked at anew in any case.
_KEPT_LAYERS: Final = 64 * 1024


class Followed(NamedTuple):
    """What was found, what was decoded on the way, and what the code can do."""

    findings: list[Finding]
    layers: list[MemberView]
    able: set[str]


class _Misremembered(Exception):
    """What is known of a member is not true of it."""


def followed(view: ArtifactView, ruleset: Ruleset, memory: Memory | None = None) -> Followed:
    """What the artifact's Python members do, alone and together."""
    try:
        return _followed(view, ruleset, memory)
    except _Misremembered:
        return _followed(replace(view, extras={}), ruleset, None)


def _followed(view: ArtifactView, ruleset: Ruleset, memory: Memory | None) -> Followed:
    findings: list[Finding] = []
    layers: list[MemberView] = []
    able: set[str] = set()
    for facts in facts_of(view, memory):
        own = _of(facts, view, ruleset, memory)
        findings += own.findings
        layers += own.layers
        able |= own.able
    return Followed(findings, list(_distinct(layers)), able)


def _of(facts: Facts, view: ArtifactView, ruleset: Ruleset, memory: Memory | None) -> Followed:
    if memory is None:
        return _walked(facts, view, ruleset)
    member = facts.member
    note = memory.of(member.name, member.sha256)
    if facts.aliased:
        # Another module decides what names here mean: neither is known without the other.
        note.idle = note.module = note.acted = None
        return _walked(facts, view, ruleset)
    if note.acted is not None and note.acted.key == _circumstances(facts, note.acted.names):
        return _again(note.acted, facts)
    if isinstance(facts, Skeleton):
        try:
            facts = walked_again(facts)
        except (SourceUnreadable, IndexError) as error:
            note.module = note.idle = note.acted = None
            raise _Misremembered from error
    own = _walked(facts, view, ruleset)
    note.acted = None
    if facts.walked:
        try:
            note.module = reduced(facts)
        except (KeyError, ValueError):
            return own
    if settled(own.findings) and sum(len(layer.data) for layer in own.layers) <= _KEPT_LAYERS:
        kept = tuple(LayerNote(layer.layers, layer.data) for layer in own.layers)
        names = tuple(sorted(facts.shipped.asked))
        found = away(own.findings, member.name)
        note.acted = Acted(_circumstances(facts, names), names, found, kept, tuple(sorted(own.able)))
    return own


def _walked(facts: Facts, view: ArtifactView, ruleset: Ruleset) -> Followed:
    """The same, found now; what breaks on the way costs this member only."""
    one = alone(facts, view)
    findings = list(fenced("behaviour", partial(behaviour, one, ruleset), ruleset, facts.member))
    layers: list[MemberView] = []
    for inner in fenced("layers", partial(layers_of, one), ruleset, facts.member):
        if isinstance(inner, MemberView):
            layers.append(inner)
        else:
            findings.append(inner)
    return Followed(findings, layers, set(capabilities(one)))


def _again(acted: Acted, facts: Facts) -> Followed:
    """What the member did last time, under its name and role of today."""
    member = facts.member
    layers = [
        MemberView(
            member.name,
            layer.data,
            Sha256Hex(sha256(layer.data).hexdigest()),
            member.role,
            layer.steps,
            acts_as_python(layer.data),
        )
        for layer in acted.layers
    ]
    return Followed(list(back(acted.findings, member.name)), layers, set(acted.able))


def _circumstances(facts: Facts, names: Iterable[str]) -> str:
    """Everything beside its content that what a module does depends on.

    Of the artifact's other members those count that its chains asked for: those of the `names` that are there.
    """
    number = {info: index for index, info in enumerate(facts.report.functions)}
    linked = numbered(facts.linked, number)
    parts = (facts.member.role.value, facts.is_build_script, facts.walked, linked, facts.shipped.among(names))
    return sha256(repr(parts).encode("utf-8", "surrogatepass")).hexdigest()


def _distinct(layers: Iterable[MemberView]) -> Iterator[MemberView]:
    """Each layer once, up to the one that breaks the limit of all together."""
    seen: set[str] = set()
    left = MAX_LAYER_BYTES
    for layer in layers:
        if layer.sha256 in seen:
            continue
        seen.add(layer.sha256)
        left -= len(layer.data)
        yield layer
        if left < 0:
            return
