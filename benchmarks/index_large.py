"""A list of 100,000 projects and a project of 5,000 files: what their pages cost just after a change, and the change.

Rows are put into the database past the upload, which would take minutes; every change that is measured is a real one.
"""

from __future__ import annotations

import time
from hashlib import sha256
from statistics import median
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import requests
from sqlalchemy import insert, select

from benchmarks.load import JSON, Target, upload_all, wheel
from index.clock import utcnow
from index.publish.release import publish, refresh_page
from index.store.database import Database
from index.store.identifiers import new_id
from index.store.tables import (
    Artifact,
    Change,
    ChangeKind,
    File,
    FilenameClaim,
    Listing,
    Membership,
    MembershipRole,
    Project,
    Release,
    Submission,
    SubmissionState,
    User,
)
from index.store.tables.base import table_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy.orm import Session

    from index.settings import Settings

__all__ = ["measure_large"]

_LARGE: Final = "large-project"
_ROUNDS: Final = 7
_METADATA: Final = (
    b"Metadata-Version: 2.1\nName: large-project\nVersion: 1.0\n\n" + b"A description of three kB. " * 110
)


def measure_large(target: Target, settings: Settings, *, projects: int, files: int) -> Iterator[dict[str, Any]]:
    """The figures of both pages, and of one more file in the large project."""
    database = Database(settings.resolved_database_url)
    try:
        with database.write() as session:
            _seed_names(session, projects)
            _seed_project(session, files, settings)
        pages = {f"list of {projects:,}": "/simple/", f"project of {files:,} files": f"/simple/{_LARGE}/"}
        for path in pages.values():
            for _ in range(12):  # both processes have made it once
                _get(target, path, JSON)
                _get(target, path, "text/html")
        changes: list[_Change] = []
        first: dict[str, list[float]] = {}
        again: dict[str, list[float]] = {}
        for number in range(_ROUNDS):
            changes.append(_publish_one_more(target, database, settings, number))
            for what, path in pages.items():
                for kind, accept in (("JSON", JSON), ("HTML", "text/html")):
                    first.setdefault(f"{what}, {kind}", []).append(_get(target, path, accept))
                    again.setdefault(f"{what}, {kind}", []).append(_get(target, path, accept))
    finally:
        database.dispose()
    yield {
        "server": target.name,
        "what": f"one file more in {files:,}",
        "upload_ms": _milliseconds([change.uploaded for change in changes]),
        "publish_ms": _milliseconds([change.published for change in changes]),
        "publish_processor_ms": _milliseconds([change.processor for change in changes]),
        "rounds": _ROUNDS,
    }
    for what, spans in first.items():
        yield {
            "server": target.name,
            "what": what,
            "first_after_change_ms": _milliseconds(spans),
            "largest_ms": round(max(spans) * 1000, 1),
            "again_ms": _milliseconds(again[what]),
            "rounds": _ROUNDS,
        }


def _milliseconds(spans: Sequence[float]) -> float:
    """The median."""
    return round(median(spans) * 1000, 1)


def _get(target: Target, path: str, accept: str) -> float:
    started = time.perf_counter()
    answer = requests.get(f"{target.url}{path}", headers={"Accept": accept}, timeout=60)
    answer.raise_for_status()
    return time.perf_counter() - started


class _Change(NamedTuple):
    """What one more file costs, in seconds."""

    uploaded: float
    published: float
    """With the commit."""
    processor: float
    """Of publishing."""


def _publish_one_more(target: Target, database: Database, settings: Settings, number: int) -> _Change:
    artifact, begun = wheel(_LARGE, f"2.{number}"), time.perf_counter()
    upload_all(target, [artifact])
    started, worked = time.perf_counter(), time.thread_time()
    with database.write() as session:
        there = select(Submission).join(File, File.submission_id == Submission.id)
        submission = session.scalars(there.where(File.filename == artifact.filename)).one()
        submission.state = SubmissionState.PUBLISHED
        publish(session, submission, now=utcnow(), public_url=settings.resolved_public_url)
    ended = time.perf_counter()
    return _Change(started - begun, ended - started, time.thread_time() - worked)


def _seed_names(session: Session, count: int) -> None:
    now = utcnow()
    common = {"version": "1.0", "summary": "", "first_published_at": now, "last_published_at": now}
    names = [f"name-{number:06}" for number in range(count)]
    session.execute(insert(Listing), [{"project": name, "display_name": name, **common} for name in names])
    session.add(Change(serial=1, at=now, kind=ChangeKind.PUBLISHED, project=names[0], filename="seeded"))


def _seed_project(session: Session, files: int, settings: Settings) -> None:
    owner = session.scalars(select(User).where(User.username == "maintainer")).one()
    project = Project(name=_LARGE, display_name=_LARGE, created_at=utcnow())
    session.add(project)
    session.flush()
    session.add(Membership(user_id=owner.id, project_id=project.id, role=MembershipRole.OWNER))
    for number in range(files):
        _seed_file(session, project.id, owner.id, f"1.{number}")
    refresh_page(session, project, now=utcnow(), public_url=settings.resolved_public_url, why="benchmark")


def _seed_file(session: Session, project_id: int, owner_id: int, version: str) -> None:
    now, made = utcnow(), new_id(utcnow())
    filename = f"{_LARGE.replace('-', '_')}-{version}-py3-none-any.whl"
    digest = sha256(filename.encode()).hexdigest()
    release = {"project_id": project_id, "version": version, "created_at": now}
    releases = table_of(Release)
    release_id = session.execute(insert(releases).returning(releases.c.id), release).scalar_one()
    times = {"opened_at": now, "closes_at": now, "state_changed_at": now, "published_at": now}
    submission = {"id": made, "release_id": release_id, "state": SubmissionState.PUBLISHED, "opened_by_id": owner_id}
    session.execute(insert(table_of(Submission)), {**submission, **times})
    artifact = {"sha256": digest, "blake2_256": digest, "size": 20_000, "received_at": now}
    session.execute(insert(table_of(Artifact)), artifact)
    file = {"submission_id": made, "filename": filename, "sha256": digest, "packagetype": "bdist_wheel"}
    about = {"metadata_bytes": _METADATA, "metadata_sha256": sha256(_METADATA).hexdigest(), "requires_python": ">=3.9"}
    session.execute(insert(table_of(File)), {**file, **about, "uploaded_at": now, "uploaded_by_id": owner_id})
    claim = {"filename": filename, "submission_id": made, "sha256": digest, "burned": True}
    session.execute(insert(table_of(FilenameClaim)), claim)
