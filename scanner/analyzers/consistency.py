"""The files of one release compared with one another: what is installed must be what the source says."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from scanner.model import RUNNING_ROLES, Role

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scanner.model import ArtifactMetadata, Finding, Inspection, MemberFact
    from scanner.ruleset import Ruleset

__all__ = ["consistency"]

#: Parts of the metadata that a build has no reason to change.
_COMPARED: Final = ("requires_dist", "author", "author_email", "project_urls", "requires_python")


def consistency(inspections: Sequence[Inspection], ruleset: Ruleset) -> Iterator[tuple[str, Finding]]:
    """Where wheels and sdist of one release disagree, with the filename that the finding is about."""
    wheels = sorted((i for i in inspections if i.filename.endswith(".whl")), key=lambda i: i.filename)
    for sdist in (i for i in inspections if not i.filename.endswith(".whl") and i.members):
        for wheel in wheels:
            for finding in _against(wheel, sdist, ruleset):
                yield wheel.filename, finding
        if wheels:
            for finding in _never_installed(wheels, sdist, ruleset):
                yield sdist.filename, finding


def _against(wheel: Inspection, sdist: Inspection, ruleset: Ruleset) -> Iterator[Finding]:
    hashes = {member.sha256 for member in sdist.members}
    paths = _by_ending(sdist)
    for member in wheel.members:
        # An empty __init__.py is in half of all wheels, and says nothing.
        if not _is_code(member) or member.sha256 in hashes or not member.size:
            continue
        twin = paths.get(_installed_path(member))
        rule = "wheel-not-from-sdist" if twin is None else "wheel-differs-from-sdist"
        yield ruleset.finding(rule, role=member.role, member=member.name, snippet=twin or "")
    for field in _differing(wheel.metadata, sdist.metadata):
        yield ruleset.finding("files-disagree", role=Role.NEVER, member="", snippet=f"{field}: {sdist.filename}")


def _never_installed(wheels: Sequence[Inspection], sdist: Inspection, ruleset: Ruleset) -> Iterator[Finding]:
    installed = {member.sha256 for wheel in wheels for member in wheel.members}
    paths = {_installed_path(member) for wheel in wheels for member in wheel.members}
    for member in sdist.members:
        if not _is_code(member) or member.role is not Role.IMPORT or not member.size:
            continue
        if member.sha256 not in installed and not paths.intersection(_endings(member.name)):
            yield ruleset.finding("sdist-module-not-in-wheel", role=member.role, member=member.name)


def _is_code(member: MemberFact) -> bool:
    return member.role in RUNNING_ROLES and member.name.endswith((".py", ".pyw", ".pth"))


def _installed_path(member: MemberFact) -> str:
    """The path below site-packages: `NAME.data/purelib/…` is installed there, too."""
    path = PurePosixPath(member.name)
    if path.parts[0].endswith(".data") and len(path.parts) > 2:  # noqa: PLR2004 # NAME.data/SCHEME/…
        return "/".join(path.parts[2:])
    return member.name


def _by_ending(sdist: Inspection) -> dict[str, str]:
    """The sdist's members under every path that they could be installed to (`src/a/b.py` as `a/b.py` and `b.py`)."""
    return {ending: member.name for member in reversed(sdist.members) for ending in _endings(member.name)}


def _endings(name: str) -> Iterator[str]:
    parts = name.split("/")[1:]
    for start in range(min(len(parts), 4)):
        yield "/".join(parts[start:])


def _differing(wheel: ArtifactMetadata, sdist: ArtifactMetadata) -> Iterator[str]:
    for field in _COMPARED:
        ours, theirs = getattr(wheel, field), getattr(sdist, field)
        if isinstance(ours, tuple):
            ours, theirs = (sorted("".join(text.split()) for text in values) for values in (ours, theirs))
        # An sdist may leave out what its build computes (PEP 643).
        if ours != theirs and theirs:
            yield field
