"""What a release that exists already asks of one more target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from packaging.version import Version
from sqlalchemy import bindparam, func, select

from index.store.tables import Artifact, File, Project, ProjectStatus, Release, Submission, SubmissionState
from index.upload.faults import Code, fault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime, timedelta

    from sqlalchemy import Select
    from sqlalchemy.orm import Session

    from scanner.archive.faults import Fault

__all__ = ["ReleaseLimits", "Target", "release_faults", "spellings"]

#: States in which nothing of a submission counts any more. Asked the other way round ("state in open, …, published"),
#: SQLite walks every published submission of the whole index through the index on states.
_OVER: Final = (SubmissionState.WITHDRAWN, SubmissionState.REJECTED, SubmissionState.CANCELED)

#: Nobody writes more components; every further `.0` is the same version.
_COMPONENTS: Final = 8


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


def release_faults(session: Session, target: Target, limits: ReleaseLimits, *, now: datetime) -> Iterator[Fault]:
    """What is wrong with adding a file to its release. Nothing, for the first file of a new project.

    Ask only for an uploader who is a member of the project: the answers speak of held files. That a release has one
    sdist needs no check: `parse_filename` takes one spelling and one extension, so there is one filename for it.
    """
    others = sorted(spellings(target.version) - {target.version})
    values = {"project": target.project, "version": target.version, "others": others}
    row = session.execute(_STANDING, values).one()
    version, published, used = target.version, row.published, row.used or 0
    if row.status in _REFUSING:
        yield fault(*_REFUSING[row.status])
    if row.spelling is not None:
        yield fault(
            Code.VERSION_SPELLING,
            f"Version {version} is the same as {row.spelling} (PEP 440), which this project has already; "
            f"spell it {row.spelling} in this file too, or give it another version.",
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


def _standing() -> Select[tuple[str | None, datetime | None, int | None, str | None]]:
    """One row, whatever exists: another spelling of the version, first publication, bytes and status of the project."""
    present = Submission.state.not_in(_OVER)
    releases = (
        select(Release.version)
        .join(Project, Release.project_id == Project.id)
        .join(Submission, Submission.release_id == Release.id)
        .where(Project.name == bindparam("project"))
    )
    spelling = releases.where(Release.version.in_(bindparam("others", expanding=True)), present).limit(1)
    published = releases.where(Release.version == bindparam("version")).with_only_columns(
        func.min(Submission.published_at)
    )
    used = (
        releases.where(present)
        .join(File, File.submission_id == Submission.id)
        .join(Artifact, File.sha256 == Artifact.sha256)
        .where(File.deleted_at.is_(None))
        .with_only_columns(func.sum(Artifact.size))
    )
    status = select(Project.status).where(Project.name == bindparam("project"))
    return select(
        spelling.scalar_subquery().label("spelling"),
        published.scalar_subquery().label("published"),
        used.scalar_subquery().label("used"),
        status.scalar_subquery().label("status"),
    )


#: Put together once: that costs more than asking it.
_STANDING: Final = _standing()


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
