"""What a release that exists already asks of one more target."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Final

from packaging.version import Version
from sqlalchemy import String, bindparam, func, literal_column, select

from index.store.tables import Artifact, File, Project, ProjectStatus, Release, Submission, SubmissionState
from index.store.tables.base import table_of
from index.upload.faults import Code, fault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime, timedelta

    from sqlalchemy import Row, Select
    from sqlalchemy.orm import Session

    from scanner.archive.faults import Fault

__all__ = ["ReleaseLimits", "Target", "release_faults", "spellings"]

#: States in which nothing of a submission counts any more. Asked the other way round ("state in open, …, published"),
#: SQLite walks every published submission of the whole index through the index on states.
_OVER: Final = (SubmissionState.WITHDRAWN, SubmissionState.REJECTED, SubmissionState.CANCELED)

#: Nobody writes more components; every further `.0` is the same version.
_COMPONENTS: Final = 8
_OTHERS: Final = tuple(f"other{number}" for number in range(_COMPONENTS))


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
    row = _ask(session, target)
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
    project, release, submission = table_of(Project).c, table_of(Release).c, table_of(Submission).c
    file, artifact = table_of(File).c, table_of(Artifact).c
    present = submission.state.not_in([literal_column(f"'{state}'") for state in _OVER])
    releases = select(release.version).where(
        release.project_id == project.id, submission.release_id == release.id, project.name == bindparam("project")
    )
    spelling = releases.where(
        release.version.in_([bindparam(name, type_=String()) for name in _OTHERS]), present
    ).limit(1)
    published = releases.where(release.version == bindparam("version"))
    files = releases.where(present, file.submission_id == submission.id, file.sha256 == artifact.sha256)
    used = files.where(file.deleted_at.is_(None)).with_only_columns(func.sum(artifact.size))
    return select(
        spelling.scalar_subquery().label("spelling"),
        published.with_only_columns(func.min(submission.published_at)).scalar_subquery().label("published"),
        used.scalar_subquery().label("used"),
        select(project.status).where(project.name == bindparam("project")).scalar_subquery().label("status"),
    )


#: Put together once, of tables: that costs more than asking it.
_STANDING: Final = _standing()


def _ask(session: Session, target: Target) -> Row[tuple[str | None, datetime | None, int | None, str | None]]:
    session.flush()
    others = sorted(spellings(target.version) - {target.version})
    while True:  # once, unless the version has more components than anybody writes
        some, others = others[:_COMPONENTS], others[_COMPONENTS:]
        named = dict(zip_longest(_OTHERS, some, fillvalue=""))
        row = session.execute(_STANDING, {"project": target.project, "version": target.version, **named}).one()
        if row.spelling is not None or not others:
            return row


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
