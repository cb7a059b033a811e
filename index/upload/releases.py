"""What a release that exists already asks of one more target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from packaging.version import Version
from sqlalchemy import func, select

from index.hold.submission import LIVE_UNPUBLISHED
from index.store.tables import Artifact, File, Project, Release, Submission, SubmissionState
from index.upload.faults import Code, fault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime, timedelta

    from sqlalchemy.orm import Session

    from scanner.archive.faults import Fault

__all__ = ["ReleaseLimits", "Target", "release_faults", "spellings"]

_PRESENT: Final = (*LIVE_UNPUBLISHED, SubmissionState.PUBLISHED)

#: Nobody writes more components; every further `.0` is the same version.
_COMPONENTS: Final = 8


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


def release_faults(session: Session, target: Target, limits: ReleaseLimits, *, now: datetime) -> Iterator[Fault]:
    """What is wrong with adding a file to its release. Nothing, for the first file of a new one.

    Ask only for an uploader who is a member of the project: the answers speak of held files. That a release has one
    sdist needs no check: `parse_filename` takes one spelling and one extension, so there is one filename for it.
    """
    project_id = session.scalar(select(Project.id).where(Project.name == target.project))
    if project_id is None:
        return
    yield from _spelling(session, project_id, target.version)
    yield from _closed(session, project_id, target.version, limits, now=now)
    yield from _project_size(session, project_id, target, limits)


def spellings(version: str) -> frozenset[str]:
    """The canonical texts of the same version with fewer or more zeros at the end of the release segment."""
    parsed = Version(version)
    release = list(parsed.release)
    while len(release) > 1 and release[-1] == 0:
        release.pop()
    epoch = f"{parsed.epoch}!" if parsed.epoch else ""
    rest = version.removeprefix(epoch).removeprefix(".".join(map(str, parsed.release)))
    longest = max(_COMPONENTS, len(parsed.release))
    padded = (release + [0] * more for more in range(longest - len(release) + 1))
    return frozenset(epoch + ".".join(map(str, numbers)) + rest for numbers in padded)


def _spelling(session: Session, project_id: int, version: str) -> Iterator[Fault]:
    others = spellings(version) - {version}
    query = (
        select(Release.version)
        .join(Submission, Submission.release_id == Release.id)
        .where(Release.project_id == project_id, Release.version.in_(others), Submission.state.in_(_PRESENT))
    )
    if (other := session.scalar(query.limit(1))) is not None:
        yield fault(
            Code.VERSION_SPELLING,
            f"Version {version} is the same as {other} (PEP 440), which this project has already; "
            f"spell it {other} in this file too, or give it another version.",
        )


def _closed(
    session: Session, project_id: int, version: str, limits: ReleaseLimits, *, now: datetime
) -> Iterator[Fault]:
    query = (
        select(func.min(Submission.published_at))
        .join(Release, Submission.release_id == Release.id)
        .where(Release.project_id == project_id, Release.version == version)
    )
    published = session.scalar(query)
    if published is not None and now - published > limits.open_for:
        yield fault(
            Code.RELEASE_CLOSED,
            f"Release {version} was published on {published:%Y-%m-%d}; new files are taken for "
            f"{limits.open_for.days} days after that. Make a new version.",
        )


def _project_size(session: Session, project_id: int, target: Target, limits: ReleaseLimits) -> Iterator[Fault]:
    query = (
        select(func.coalesce(func.sum(Artifact.size), 0))
        .select_from(File)
        .join(Artifact, File.sha256 == Artifact.sha256)
        .join(Submission, File.submission_id == Submission.id)
        .join(Release, Submission.release_id == Release.id)
        .where(Release.project_id == project_id, Submission.state.in_(_PRESENT))
    )
    used = session.scalar(query) or 0
    if used + target.size > limits.project_bytes:
        yield fault(
            Code.PROJECT_TOO_LARGE,
            f"Project size too large: the limit for {target.project!r} is {limits.project_bytes} bytes, its files have "
            f"{used}, and this one has {target.size}.",
        )
