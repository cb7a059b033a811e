"""This release compared with the one before: established projects are judged by what changed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from scanner.model import Role
from scanner.stable import stable_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from scanner.model import Finding, Inspection, MemberFact
    from scanner.ruleset import Ruleset

__all__ = ["drift", "repetition_key"]

_REQUIRED: Final = re.compile(r"\s*([A-Za-z0-9][\w.-]*)")
_EXTRA: Final = re.compile(r"\bextra\s*==")
_SEPARATORS: Final = re.compile(r"[-_.]+")
#: Texts as long as this may have been cut: what they do not show may be new.
_CUT: Final = 118
_NEW_CODE: Final = {Role.STARTUP: "new-startup-code", Role.BUILD: "new-build-code", Role.INSTALL: "new-build-code"}


def drift(
    inspections: Sequence[Inspection], previous: Sequence[Inspection], ruleset: Ruleset
) -> Iterator[tuple[str, Finding]]:
    """What this release does that the previous one did not, with the filename that the finding is about.

    Wheels are compared with wheels and sdists with sdists; where the previous release had none of the kind,
    everything it had is compared.
    """
    for now in inspections:
        before = [i for i in previous if _kind(i) == _kind(now)] or list(previous)
        if before:
            for finding in _changes(now, before, ruleset):
                yield now.filename, finding


def repetition_key(finding: Finding) -> tuple[object, ...] | None:
    """What a finding shows, wherever its line has moved to: equal when a release repeats what the one before it did.

    None for what shows no text, or shows only the beginning of one: such a finding is repeated only where the whole
    member is.
    """
    shown = tuple((step.what, stable_name(step.member), step.snippet) for step in finding.chain)
    texts = (finding.snippet, *(step.snippet for step in finding.chain))
    if not any(texts) or finding.line is None or max(map(len, texts)) >= _CUT:
        return None
    place = stable_name(finding.member)
    return finding.rule, place, finding.role, finding.severity, finding.layers, finding.snippet, shown


def _kind(inspection: Inspection) -> bool:
    return inspection.filename.endswith(".whl")


def _changes(now: Inspection, before: Sequence[Inspection], ruleset: Ruleset) -> Iterator[Finding]:
    could = {capability for inspection in before for capability in inspection.capabilities}
    for capability in now.capabilities:
        if capability not in could:
            yield ruleset.finding("new-capability", role=Role.IMPORT, member="", snippet=capability)
    had = {(stable_name(member.name), member.role) for inspection in before for member in inspection.members}
    yield from _new_code(now.members, had, ruleset)
    required = {name for inspection in before for name in _required(inspection.metadata.requires_dist)}
    for name in sorted(_required(now.metadata.requires_dist) - required):
        yield ruleset.finding("new-dependency", role=Role.INSTALL, member="", snippet=name)
    addresses = {inspection.metadata.author_email for inspection in before}
    if now.metadata.author_email not in addresses:
        yield ruleset.finding("changed-contacts", role=Role.NEVER, member="", snippet=now.metadata.author_email)


def _new_code(members: Iterable[MemberFact], had: set[tuple[str, Role]], ruleset: Ruleset) -> Iterator[Finding]:
    for member in members:
        rule = _NEW_CODE.get(member.role)
        if rule is not None and (stable_name(member.name), member.role) not in had:
            yield ruleset.finding(rule, role=member.role, member=member.name)


def _required(requires_dist: Iterable[str]) -> set[str]:
    """Normalised names of what is required without an extra."""
    matches = (_REQUIRED.match(text) for text in requires_dist if not _EXTRA.search(text))
    return {_SEPARATORS.sub("-", match[1]).lower() for match in matches if match}
