"""Releases beside the ones before them: how good projects fare when they publish again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from benchmarks.inspections import judge
from benchmarks.judging import Judged, column_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from packaging.tags import Tag
    from packaging.version import Version

    from benchmarks.inspections import Looked
    from scanner.model import Inspection
    from scanner.ruleset import Ruleset

__all__ = ["judged_updates"]


def judged_updates(now: Iterable[Looked], before: Iterable[Looked], ruleset: Ruleset) -> list[Judged]:
    """Every wheel of which an earlier one is there, judged as the update of it."""
    earlier: dict[str, list[tuple[Version, frozenset[Tag], Inspection]]] = {}
    for name, version, tags, inspection in _wheels(before):
        earlier.setdefault(name, []).append((version, tags, inspection))
    found = []
    for name, version, tags, inspection in _wheels(now):
        older = [one for one in earlier.get(name, ()) if one[0] < version]
        if older:
            # The newest, and of its wheels the one for the same machines.
            previous = max(older, key=lambda one: (one[0], one[1] == tags))
            verdict = judge(inspection, ruleset, previous[2], str(previous[0]))
            found.append(Judged(inspection.filename, inspection.sha256, verdict, column_of(verdict, ruleset)))
    return found


def _wheels(looked: Iterable[Looked]) -> Iterator[tuple[str, Version, frozenset[Tag], Inspection]]:
    for one in looked:
        if one.inspection is None:
            continue
        try:
            name, version, _, tags = parse_wheel_filename(one.path.name)
        except InvalidWheelFilename:
            continue
        yield canonicalize_name(name), version, tags, msgspec.structs.replace(one.inspection, filename=one.path.name)
