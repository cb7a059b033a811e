"""A project as its page tells of it: the chosen release, its files, what was found, and all other releases."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote

from packaging.metadata import RawMetadata, parse_email
from packaging.version import InvalidVersion, Version
from sqlalchemy import select

from index.publish.describing import Source
from index.publish.facts import newest_file, publishers_of
from index.publish.usage import Usage, downloads_by_file, usage_of
from index.publish.visible import find_public_project, visible_files
from index.store.tables import Decision, DecisionKind, ProjectStatus, StoredVerdict
from scanner.model import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from sqlalchemy.orm import Session

    from index.store.tables import File, Project, Submission

__all__ = ["FileLine", "Judged", "Metadata", "ProjectView", "ReleaseLine", "ReleaseView", "project_view"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileLine:
    """One file."""

    filename: str
    packagetype: str
    size: int
    sha256: str
    href: str
    published_at: datetime
    yanked: bool
    yanked_reason: str
    publishers: tuple[tuple[str, str], ...]
    """Kind and identity of each publisher that attested it."""
    downloads: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Why files are visible: their inspection, and a person's approval where there was one."""

    filenames: tuple[str, ...]
    inspected_at: datetime | None
    ruleset: str
    is_clear: bool
    approved_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """What the release says of itself."""

    summary: str
    author: str
    license: str
    requires_python: str
    requires_dist: tuple[str, ...]
    project_urls: tuple[str, ...]
    keywords: str
    description: Source


@dataclass(frozen=True, slots=True)
class ReleaseLine:
    """One release in the list of them."""

    version: str
    published_at: datetime
    yanked: bool
    """True where all of its files are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseView:
    """The release that was asked for."""

    version: str
    is_newest: bool
    files: tuple[FileLine, ...]
    judged: tuple[Judged, ...]
    metadata: Metadata


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectView:
    """A project that the public may know of."""

    id: int
    name: str
    display_name: str
    status: ProjectStatus
    status_reason: str
    release: ReleaseView | None
    """None where the project is in quarantine."""
    usage: Usage
    releases: tuple[ReleaseLine, ...] = field(default=())


def project_view(session: Session, name: str, version: str | None = None, *, today: date) -> ProjectView | None:
    """The project (normalized name) with its newest release, or with `version`; None where that is not visible."""
    project = find_public_project(session, name)
    if project is None:
        return None
    files = visible_files(session, name)
    newest = newest_file(files)
    usage = usage_of(session, [name], today=today)[name]
    if newest is None:
        return None if version is not None else _view(project, None, (), usage)
    newest_version = newest.submission.release.version
    chosen = [file for file in files if _is(file, newest_version if version is None else version)]
    if not chosen:
        return None
    downloads = downloads_by_file(session, chosen)
    release = ReleaseView(
        version=chosen[0].submission.release.version,
        is_newest=chosen[0].submission.release.version == newest_version,
        files=tuple(_line(file, downloads[file.id]) for file in chosen),
        judged=_judged(session, chosen),
        metadata=_metadata(parse_email(chosen[0].metadata_bytes)[0]),
    )
    return _view(project, release, _release_lines(files), usage)


def _view(
    project: Project, release: ReleaseView | None, releases: tuple[ReleaseLine, ...], usage: Usage
) -> ProjectView:
    return ProjectView(
        id=project.id,
        name=project.name,
        display_name=project.display_name,
        status=ProjectStatus(project.status),
        status_reason=project.status_reason,
        release=release,
        releases=releases,
        usage=usage,
    )


def _is(file: File, version: str) -> bool:
    try:
        return Version(file.submission.release.version) == Version(version)
    except InvalidVersion:
        return False


def _published_at(submission: Submission) -> datetime:
    if submission.published_at is None:
        raise ValueError(f"submission {submission.id} is visible without a time of publication")
    return submission.published_at


def _release_lines(files: Sequence[File]) -> tuple[ReleaseLine, ...]:
    """All releases, the newest version first."""
    by_version: dict[str, list[File]] = {}
    for file in files:
        by_version.setdefault(file.submission.release.version, []).append(file)
    return tuple(
        ReleaseLine(
            version,
            min(_published_at(file.submission) for file in found),
            all(file.yanked for file in found),
        )
        for version, found in sorted(by_version.items(), key=lambda item: Version(item[0]), reverse=True)
    )


def _line(file: File, downloads: int) -> FileLine:
    return FileLine(
        filename=file.filename,
        packagetype=file.packagetype,
        size=file.artifact.size,
        sha256=file.sha256,
        href=f"/files/{file.sha256}/{quote(file.filename)}",
        published_at=_published_at(file.submission),
        yanked=file.yanked,
        yanked_reason=file.yanked_reason,
        publishers=tuple(dict.fromkeys((fact.publisher_kind, fact.identity) for fact in publishers_of(file))),
        downloads=downloads,
    )


def _judged(session: Session, files: Sequence[File]) -> tuple[Judged, ...]:
    """One entry for each submission that the files came with."""
    submissions = {file.submission_id: file.submission for file in files}
    return tuple(
        _judgement(session, submission, tuple(file.filename for file in files if file.submission_id == submission.id))
        for submission in sorted(submissions.values(), key=_published_at)
    )


def _judgement(session: Session, submission: Submission, filenames: tuple[str, ...]) -> Judged:
    of_revision = (StoredVerdict.submission_id == submission.id, StoredVerdict.revision == submission.revision)
    verdict = session.scalars(
        select(StoredVerdict).where(*of_revision).order_by(StoredVerdict.id.desc()).limit(1)
    ).first()
    decision = session.scalars(
        select(Decision)
        .where(Decision.submission_id == submission.id, Decision.revision == submission.revision)
        .order_by(Decision.id.desc())
        .limit(1)
    ).first()
    approved = decision is not None and decision.kind in {DecisionKind.APPROVE, DecisionKind.RESTORE}
    return Judged(
        filenames=filenames,
        inspected_at=verdict.created_at if verdict is not None else None,
        ruleset=verdict.ruleset if verdict is not None else "",
        is_clear=verdict is not None and verdict.outcome == Outcome.CLEAR,
        approved_at=decision.decided_at if decision is not None and approved else None,
    )


def _metadata(raw: RawMetadata) -> Metadata:
    return Metadata(
        summary=raw.get("summary", ""),
        author=raw.get("author", "") or raw.get("author_email", ""),
        license=raw.get("license_expression", "") or raw.get("license", ""),
        requires_python=raw.get("requires_python", ""),
        requires_dist=tuple(raw.get("requires_dist", ())),
        project_urls=tuple(f"{label}: {url}" for label, url in raw.get("project_urls", {}).items()),
        keywords=", ".join(raw.get("keywords", ())),
        description=Source(raw.get("description", ""), raw.get("description_content_type", "")),
    )
