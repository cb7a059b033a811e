"""What a release changed against the one before it: files, dependencies, capabilities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from scanner.model import MemberFact, Role
from scanner.stable import stable_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from scanner.model import Inspection

__all__ = ["ChangedFile", "Changes", "compare"]

#: What runs earliest stands first.
_ROLE_ORDER: Final = tuple(Role)


@dataclass(frozen=True, slots=True)
class ChangedFile:
    """A member that is new, or has other bytes than before."""

    filename: str
    member: MemberFact


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """The difference. Names of members are compared without the version that they carry."""

    added: tuple[ChangedFile, ...]
    changed: tuple[ChangedFile, ...]
    removed: tuple[str, ...]
    unchanged: int
    added_dependencies: tuple[str, ...]
    removed_dependencies: tuple[str, ...]
    added_capabilities: tuple[str, ...]
    removed_capabilities: tuple[str, ...]
    without_counterpart: tuple[str, ...]
    """Files of a type (wheel, sdist) that the earlier release did not have."""


def compare(now: Iterable[Inspection], before: Iterable[Inspection]) -> Changes:
    """What `now` changed against `before`: wheels against wheels, sdists against sdists."""
    now, before = tuple(now), tuple(before)
    added: list[ChangedFile] = []
    changed: list[ChangedFile] = []
    removed: set[str] = set()
    unchanged = 0
    for kind in ("wheel", "sdist"):
        current = {name: fact for one in now if _kind(one) == kind for name, fact in _members(one).items()}
        old = [_members(one) for one in before if _kind(one) == kind]
        if not current or not old:
            continue
        known = {name for members in old for name in members}
        same = {(name, fact.sha256) for members in old for name, (_, fact) in members.items()}
        removed |= known - set(current)
        for name, (filename, fact) in current.items():
            if name not in known:
                added.append(ChangedFile(filename, fact))
            elif (name, fact.sha256) not in same:
                changed.append(ChangedFile(filename, fact))
            else:
                unchanged += 1
    return Changes(
        added=_ordered(added),
        changed=_ordered(changed),
        removed=tuple(sorted(removed)),
        unchanged=unchanged,
        added_dependencies=_difference(_dependencies(now), _dependencies(before)),
        removed_dependencies=_difference(_dependencies(before), _dependencies(now)),
        added_capabilities=_difference(_capabilities(now), _capabilities(before)),
        removed_capabilities=_difference(_capabilities(before), _capabilities(now)),
        without_counterpart=tuple(sorted(one.filename for one in now if _kind(one) not in {_kind(b) for b in before})),
    )


def _kind(inspection: Inspection) -> str:
    return "wheel" if inspection.filename.endswith(".whl") else "sdist"


def _members(inspection: Inspection) -> Mapping[str, tuple[str, MemberFact]]:
    return {stable_name(fact.name): (inspection.filename, fact) for fact in inspection.members}


def _ordered(files: list[ChangedFile]) -> tuple[ChangedFile, ...]:
    return tuple(sorted(files, key=lambda one: (_ROLE_ORDER.index(one.member.role), one.filename, one.member.name)))


def _difference(left: frozenset[str], right: frozenset[str]) -> tuple[str, ...]:
    return tuple(sorted(left - right))


def _dependencies(inspections: Iterable[Inspection]) -> frozenset[str]:
    return frozenset(requirement for one in inspections for requirement in one.metadata.requires_dist)


def _capabilities(inspections: Iterable[Inspection]) -> frozenset[str]:
    return frozenset(capability for one in inspections for capability in one.capabilities)
