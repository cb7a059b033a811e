"""A project for people, and the search."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from index.publish.project import project_view
from index.publish.release import refresh_page
from index.publish.search import search
from index.store.tables import (
    Decision,
    DecisionKind,
    File,
    Project,
    ProjectStatus,
    StoredVerdict,
    Submission,
    SubmissionState,
)
from tests.fixtures.artifacts import core_metadata
from tests.fixtures.releases import NOW, make_user, seed

if TYPE_CHECKING:
    from pathlib import Path

    from index.publish.project import ProjectView
    from index.services import Services


def view(services: Services, name: str, version: str | None = None) -> ProjectView | None:
    with services.database.read() as session:
        return project_view(session, name, version, today=NOW.date())


def judge(services: Services, submission_id: str, outcome: str, *decisions: DecisionKind) -> None:
    with services.database.write() as session:
        session.add(
            StoredVerdict(
                submission_id=submission_id,
                revision=1,
                project="demo",
                version="1.0",
                outcome=outcome,
                risk=0.0,
                engine="1",
                ruleset="ab" * 32,
                facts_digest="0" * 64,
                payload="{}",
                created_at=NOW,
            )
        )
        for kind in decisions:
            session.add(
                Decision(
                    submission_id=submission_id,
                    revision=1,
                    kind=kind,
                    reason="seen",
                    decided_by_id=make_user(session, "ana").id,
                    decided_at=NOW,
                )
            )


def test_a_project_shows_its_newest_final_release(services: Services, tmp_path: Path) -> None:
    for version in ("1.0", "1.10", "1.9", "2.0rc1"):
        seed(services, tmp_path, project="demo", version=version)
    found = view(services, "demo")
    assert found is not None
    assert found.release is not None

    assert (found.release.version, found.release.is_newest) == ("1.10", True)
    assert [line.version for line in found.releases] == ["2.0rc1", "1.10", "1.9", "1.0"]
    assert found.release.metadata.summary == "An example named demo"
    older = view(services, "demo", "1.9.0")
    assert older is not None
    assert older.release is not None
    assert (older.release.version, older.release.is_newest) == ("1.9", False)


@pytest.mark.parametrize("version", ["3.0", "one"])
def test_a_release_that_is_not_published_is_none(services: Services, tmp_path: Path, version: str) -> None:
    seed(services, tmp_path, project="demo")
    seed(services, tmp_path, project="demo", version="3.0", state=SubmissionState.IN_REVIEW)

    assert view(services, "demo", version) is None


@pytest.mark.parametrize("state", [state for state in SubmissionState if state is not SubmissionState.PUBLISHED])
def test_a_held_project_is_none_also_in_quarantine(services: Services, tmp_path: Path, state: SubmissionState) -> None:
    seed(services, tmp_path, project="demo", state=state)
    assert view(services, "demo") is None
    with services.database.write() as session:
        session.query(Project).one().status = ProjectStatus.QUARANTINED
    found = view(services, "demo")
    assert (found is None) is (state is not SubmissionState.WITHDRAWN)
    assert found is None or found.release is None


@pytest.mark.parametrize(
    ("outcome", "decisions", "expected"),
    [
        ("clear", (), (True, False)),
        ("flagged", (DecisionKind.APPROVE,), (False, True)),
        ("clear", (DecisionKind.APPROVE, DecisionKind.WITHDRAW), (True, False)),
        ("clear", (DecisionKind.WITHDRAW, DecisionKind.RESTORE), (True, True)),
        ("flagged", (), (False, False)),
    ],
)
def test_why_a_release_is_published_stands_on_its_page(
    services: Services, tmp_path: Path, outcome: str, decisions: tuple[DecisionKind, ...], expected: tuple[bool, bool]
) -> None:
    judge(services, seed(services, tmp_path, project="demo").submission_id, outcome, *decisions)
    found = view(services, "demo")
    assert found is not None
    assert found.release is not None

    (judged,) = found.release.judged
    assert (judged.is_clear, judged.approved_at is not None) == expected
    assert (judged.inspected_at, judged.ruleset) == (NOW, "ab" * 32)


def summarize(services: Services, name: str, summary: str) -> None:
    with services.database.write() as session:
        project = session.query(Project).filter_by(name=name).one()
        for file in session.query(File).join(Submission):
            if file.submission.release.project_id == project.id:
                file.metadata_bytes = core_metadata(name, "1.0", {"Summary": summary})
        refresh_page(session, project, now=NOW, public_url="", why="test")


def names(services: Services, text: str, page: int = 1) -> list[str]:
    with services.database.read() as session:
        return [row.project for row in search(session, text, page).rows]


def test_the_search_finds_words_in_names_and_summaries(services: Services, tmp_path: Path) -> None:
    for name in ("tea", "green-tea", "tea-pot", "coffee"):
        seed(services, tmp_path, project=name)
    seed(services, tmp_path, project="tea-held", state=SubmissionState.IN_REVIEW)
    summarize(services, "coffee", "Better than Tea, 100% arabica_beans")

    assert names(services, "TEA") == ["tea", "tea-pot", "green-tea", "coffee"]
    assert names(services, "than tea") == ["coffee"]
    assert names(services, "Green_Tea") == ["green-tea"]
    assert names(services, "tea nothing") == names(services, "held") == []
    assert names(services, "100%") == names(services, "arabica_b") == ["coffee"]
    assert names(services, "%") == ["coffee"]
    assert names(services, "") == ["coffee", "green-tea", "tea", "tea-pot"]


def test_results_come_in_pages(services: Services, tmp_path: Path) -> None:
    seed(services, tmp_path, project="demo")
    with services.database.read() as session:
        for page in (-1, 0, 1, 2, 10**30):
            found = search(session, "", page)
            assert (found.page, found.pages, found.total, len(found.rows)) == (1, 1, 1, 1)
