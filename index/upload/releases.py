"""What a release that exists already asks of one more target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from index.store.tables import ProjectStatus
from index.upload.faults import Code, fault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime, timedelta

    from index.hold.standing import Standing
    from scanner.archive.faults import Fault

__all__ = ["ReleaseLimits", "Target", "release_faults"]

#: What a project says of itself that lets no more files in (PEP 792).
_REFUSING: Final = {
    ProjectStatus.ARCHIVED: (
        Code.PROJECT_ARCHIVED,
        "This project is archived and takes no new files. An owner can make it active again.",
    ),
    ProjectStatus.QUARANTINED: (
        Code.PROJECT_QUARANTINED,
        "This project is in quarantine and takes no new files. Ask the operator of this index.",
    ),
}


@dataclass(frozen=True, slots=True)
class Target:
    """Where a file is to go: normalized name, canonical version, and what it weighs."""

    project: str
    version: str
    size: int


@dataclass(frozen=True, slots=True)
class ReleaseLimits:
    """What the operator allows."""

    open_for: timedelta
    """So long after its publication a release takes new files."""
    project_bytes: int
    """All files of a project together."""


def release_faults(standing: Standing, target: Target, limits: ReleaseLimits, *, now: datetime) -> Iterator[Fault]:
    """What is wrong with adding a file to its release, which stands as `standing` says.

    Nothing, for the first file of a new project. Ask only for an uploader who is a member of the project: the answers
    speak of held files. That a release has one
    sdist needs no check: `parse_filename` takes one spelling and one extension, so there is one filename for it.
    """
    version, published, used = target.version, standing.release_published_at, standing.project_bytes
    if standing.project_status in _REFUSING:
        yield fault(*_REFUSING[standing.project_status])
    if standing.spelling is not None:
        yield fault(
            Code.VERSION_SPELLING,
            f"Version {version} is the same as {standing.spelling} (PEP 440), which this project has already; "
            f"spell it {standing.spelling} in this file too, or give it another version.",
        )
    if published is not None and now - published > limits.open_for:
        yield fault(
            Code.RELEASE_CLOSED,
            f"Release {version} was published on {published:%Y-%m-%d}; new files are taken for "
            f"{limits.open_for.days} days after that. Make a new version.",
        )
    if used + target.size > limits.project_bytes:
        yield fault(
            Code.PROJECT_TOO_LARGE,
            f"Project size too large: the limit for {target.project!r} is {limits.project_bytes} bytes, its files have "
            f"{used}, and this one has {target.size}.",
        )
