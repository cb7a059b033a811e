"""Dependents: who requires a project, as far as the newest visible releases say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from index.publish.release import refresh_page, unpublish
from index.publish.usage import usage_of
from index.store.tables import Dependency, File, Project, Submission, SubmissionState
from tests.fixtures.releases import NOW, seed

if TYPE_CHECKING:
    from pathlib import Path

    from index.services import Services


def require(services: Services, filename: str, *requirements: str) -> None:
    """The file's metadata require that, and its project's pages are renewed."""
    with services.database.write() as session:
        file = session.query(File).filter_by(filename=filename).one()
        lines = "".join(f"Requires-Dist: {text}\n" for text in requirements)
        file.metadata_bytes = f"Metadata-Version: 2.1\nName: x\nVersion: 1\n{lines}".encode()
        project = session.get_one(Submission, file.submission_id).release.project
        refresh_page(session, project, now=NOW, public_url="", why="test")


def dependents(services: Services, name: str) -> int:
    with services.database.read() as session:
        return usage_of(session, [name], today=NOW.date())[name].dependents


@pytest.mark.parametrize(
    ("requirement", "counts"),
    [
        ("base-lib", True),
        ("Base.Lib[more]>=1; python_version < '4'", True),
        ("base-lib; extra == 'test'", False),
        ("base-lib; python_version < '4' and extra == 'test'", False),
        ("base-lib @ https://example.invalid/x.whl", True),
        ("base-lib >>> 1", False),
        ("base-lib-more", False),
    ],
)
def test_a_requirement_makes_a_dependent(requirement: str, counts: bool, services: Services, tmp_path: Path) -> None:
    seeded = seed(services, tmp_path, project="demo")
    require(services, seeded.filename, requirement)

    assert dependents(services, "base-lib") == counts


def test_each_project_counts_once_and_none_for_itself(services: Services, tmp_path: Path) -> None:
    for name in ("one", "two"):
        require(services, seed(services, tmp_path, project=name).filename, "base", "base>1", name)

    assert (dependents(services, "base"), dependents(services, "one")) == (2, 0)


def test_the_newest_release_decides_and_what_is_not_visible_counts_nothing(services: Services, tmp_path: Path) -> None:
    require(services, seed(services, tmp_path, project="demo").filename, "base", "old")
    newer = seed(services, tmp_path, project="demo", version="2.0")
    require(services, newer.filename, "base", "new")
    held = seed(services, tmp_path, project="secret", state=SubmissionState.IN_REVIEW)
    require(services, held.filename, "base")
    assert [dependents(services, name) for name in ("base", "old", "new")] == [1, 0, 1]

    with services.database.write() as session:
        submission = session.get_one(Submission, newer.submission_id)
        submission.state = SubmissionState.WITHDRAWN
        unpublish(session, submission, now=NOW, public_url="")
    assert [dependents(services, name) for name in ("base", "old", "new")] == [1, 1, 0]

    with services.database.write() as session:
        session.query(Submission).update({"state": SubmissionState.WITHDRAWN})
        refresh_page(session, session.query(Project).filter_by(name="demo").one(), now=NOW, public_url="", why="test")
    with services.database.read() as session:
        assert session.query(Dependency).count() == 0
