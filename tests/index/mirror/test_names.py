"""Dependency confusion: a name that is ours in any way is never asked for upstream."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from index.accounts.tokens import create_token
from index.hold.intake import IntakeRefused
from index.hold.mirrored import is_mirrored
from index.hold.switches import set_switch
from index.mirror.names import is_ours, matches_any
from index.store.tables import (
    Membership,
    MembershipRole,
    NamespaceGrant,
    Project,
    ProjectStatus,
    SubmissionState,
    User,
)
from index.upload.names import PROHIBITED_SWITCH, name_faults
from scanner.archive import read_distribution
from tests.fixtures.artifacts import Artifact
from tests.fixtures.releases import make_user, seed
from tests.index.mirror.conftest import wheel

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy.orm import Session

    from index.services import Services
    from tests.index.mirror.conftest import Mirror

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def a_token(session: Session) -> None:
    create_token(session, make_user(session), label="t", project="tidy", now=NOW)


def a_namespace(session: Session) -> None:
    session.add(NamespaceGrant(namespace="tidy", user_id=make_user(session).id, reserved_at=NOW))


def a_wider_namespace(session: Session) -> None:
    session.add(NamespaceGrant(namespace="acme", user_id=make_user(session).id, reserved_at=NOW))


def a_prohibition(session: Session) -> None:
    set_switch(session, PROHIBITED_SWITCH, "other tidy", actor="system:test", now=NOW)


def nothing(_session: Session) -> None:
    """Nobody has done anything."""


def check_that_nobody_is_asked(mirror: Mirror, name: str) -> None:
    """Neither page nor file of that name comes from upstream, which would have both."""
    file = mirror.elsewhere.put(wheel(name))

    assert file.filename not in mirror.get(f"/simple/{name}/").text
    assert file.data not in mirror.fetch(file).data
    assert mirror.elsewhere.asked == []


@pytest.mark.parametrize("state", SubmissionState)
def test_a_project_of_ours_in_any_state_is_ours(mirror: Mirror, tmp_path: Path, state: SubmissionState) -> None:
    seed(mirror.services, tmp_path, project="tidy", version="0.1", state=state)

    check_that_nobody_is_asked(mirror, "tidy")


@pytest.mark.parametrize("state", SubmissionState)
def test_a_name_that_looks_like_one_of_ours_is_not_asked_for(
    mirror: Mirror, tmp_path: Path, state: SubmissionState
) -> None:
    seed(mirror.services, tmp_path, project="mail-tool", version="0.1", state=state)

    check_that_nobody_is_asked(mirror, "mai1t00l")


@pytest.mark.parametrize(
    ("given", "name"),
    [
        (a_token, "tidy"),
        (a_namespace, "tidy"),
        (a_namespace, "tidy-tools"),
        (a_wider_namespace, "acme-tidy"),
        (a_prohibition, "tidy"),
        (nothing, "asyncio"),
        (nothing, "requirements-txt"),
        (nothing, "site-packages"),
    ],
)
def test_a_reserved_name_is_not_asked_for(mirror: Mirror, given: Callable[[Session], None], name: str) -> None:
    with mirror.services.database.write() as session:
        given(session)

    check_that_nobody_is_asked(mirror, name)


@pytest.mark.parametrize(
    ("name", "given"), [("tidy", a_wider_namespace), ("acmetidy", a_wider_namespace), ("tidy", nothing)]
)
def test_a_name_that_only_begins_alike_is_asked_for(
    mirror: Mirror, name: str, given: Callable[[Session], None]
) -> None:
    with mirror.services.database.write() as session:
        given(session)
    file = mirror.elsewhere.put(wheel(name))

    assert mirror.fetch(file).data == file.data


@pytest.mark.parametrize(
    ("pattern", "name", "matches"),
    [
        ("acme-*", "acme-tool", True),
        ("acme-*", "acme", True),
        ("acme-*", "acmetool", False),
        ("acme*", "acmetool", True),
        ("Acme_*", "acme-tool", True),
        ("acme", "acme", True),
        ("acme", "acme-tool", False),
        ("*", "anything", True),
    ],
)
def test_the_operator_names_what_is_never_asked_for(pattern: str, name: str, *, matches: bool) -> None:
    assert matches_any(name, ["other", pattern]) is matches


def test_what_the_operator_has_named_is_not_asked_for(make_mirror: Callable[..., Mirror]) -> None:
    mirror = make_mirror(upstream_never="acme-*, tidy")

    check_that_nobody_is_asked(mirror, "tidy")


@pytest.mark.parametrize("name", ["", "-", "a--b", "../a", "a/b", "a?b", "ä", "a" * 201, "A", "a_b"])
def test_what_is_no_normalized_name_is_ours(services: Services, name: str) -> None:
    with services.database.read() as session:
        assert is_ours(session, name, never=())


def test_a_project_from_upstream_goes_on_coming_from_there(mirror: Mirror) -> None:
    first, second = mirror.elsewhere.put(wheel()), mirror.elsewhere.put(wheel(version="2.0"))
    mirror.fetch(first)

    assert mirror.fetch(second).data == second.data
    with mirror.services.database.read() as session:
        assert is_mirrored(session, session.scalars(select(Project.id)).one())


def test_a_project_from_upstream_is_ours_once_somebody_here_has_a_part_in_it(mirror: Mirror) -> None:
    first, second = mirror.elsewhere.put(wheel()), mirror.elsewhere.put(wheel(version="2.0"))
    mirror.fetch(first)
    with mirror.services.database.write() as session:
        project = session.scalars(select(Project)).one()
        member = make_user(session)
        session.add(Membership(user_id=member.id, project_id=project.id, role=MembershipRole.OWNER))

    assert mirror.fetch(second).status_code == 404
    assert second.filename not in mirror.get("/simple/tidy/").text
    assert first.filename in mirror.get("/simple/tidy/").text


def test_a_name_that_upstream_lost_and_somebody_here_took_stays_ours_even_when_they_lose_it(
    mirror: Mirror, tmp_path: Path
) -> None:
    file = mirror.elsewhere.put(wheel())
    mirror.world.says[file.sha256] = "enforced"  # rejected: nobody has the name any more
    mirror.fetch(file)
    seed(mirror.services, tmp_path, project="tidy", version="0.1", state=SubmissionState.CANCELED)
    with mirror.services.database.write() as session:
        maintainer = session.scalars(select(User).where(User.username == "maintainer")).one()
        for membership in session.query(Membership).filter_by(user_id=maintainer.id):
            session.delete(membership)
    other = mirror.elsewhere.put(wheel(version="2.0"))
    asked = len(mirror.elsewhere.asked)

    assert mirror.fetch(other).status_code == 404
    assert len(mirror.elsewhere.asked) == asked


def test_a_project_whose_only_release_was_rejected_goes_on_coming_from_upstream(mirror: Mirror) -> None:
    bad, good = mirror.elsewhere.put(wheel()), mirror.elsewhere.put(wheel(version="2.0"))
    mirror.world.says[bad.sha256] = "enforced"

    assert mirror.fetch(bad).status_code == 403
    assert mirror.fetch(good).data == good.data


@pytest.mark.parametrize("word", ["clear", "flagged"])
def test_nobody_uploads_to_a_project_from_upstream_or_to_a_name_that_looks_like_it(mirror: Mirror, word: str) -> None:
    file = mirror.elsewhere.put(wheel("mail-tool"))
    mirror.world.says[file.sha256] = word
    mirror.fetch(file)

    with pytest.raises(IntakeRefused):
        mirror.world.receive(mirror.world.file("mail-tool", "2.0"))
    with mirror.services.database.read() as session:
        stranger = session.merge(mirror.world.user("stranger"))
        assert list(name_faults(session, "mai1t00l", stranger))


def test_an_upload_that_comes_while_a_file_is_fetched_wins(mirror: Mirror, tmp_path: Path) -> None:
    """The page said that the name is upstream's; when the bytes are here, it is not."""
    from index.mirror import taking  # noqa: PLC0415 # the one step that the test stands between

    file = mirror.elsewhere.put(wheel())
    original = read_distribution

    def slow(*arguments: object) -> object:
        seed(mirror.services, tmp_path, project="tidy", version="0.1", state=SubmissionState.OPEN)
        return original(*arguments)  # type: ignore[arg-type] # as it was called

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(taking, "read_distribution", slow)
        answer = mirror.fetch(file)

    assert (answer.status_code, mirror.state(file)) == (403, "")


def test_a_project_from_upstream_in_quarantine_is_ours(mirror: Mirror) -> None:
    file = mirror.elsewhere.put(wheel())
    mirror.fetch(file)
    with mirror.services.database.write() as session:
        session.scalars(select(Project)).one().status = ProjectStatus.QUARANTINED
    with mirror.services.database.read() as session:
        assert is_ours(session, "tidy", never=())


def test_a_file_of_another_project_on_a_page_belongs_to_nobody(mirror: Mirror, tmp_path: Path) -> None:
    """An upstream page of `tidy` cannot bring files of a project of ours."""
    ours = seed(mirror.services, tmp_path, project="ours", version="1.0", state=SubmissionState.OPEN)
    strange = mirror.elsewhere.put(Artifact("ours-2.0-py3-none-any.whl", wheel("ours", "2.0").data))
    mirror.elsewhere.projects["tidy"] = mirror.elsewhere.projects.pop("ours")

    assert mirror.page("tidy") == {}
    assert mirror.fetch(strange).status_code == 404
    assert ours.filename not in mirror.get("/simple/ours/").text
