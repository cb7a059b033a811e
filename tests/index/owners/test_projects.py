"""Status, quarantine and members."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from index.owners.acting import own_projects
from index.owners.members import members_of, remove_member, set_member
from index.owners.projects import lift_quarantine, quarantine, set_status
from index.owners.refusals import InvalidRequest, NotAllowed, TargetUnknown
from index.store.tables import Project, Role
from tests.fixtures.releases import make_user

if TYPE_CHECKING:
    from tests.index.owners.conftest import Stage


def parts(stage: Stage) -> dict[str, str]:
    with stage.services.database.read() as session:
        project = session.query(Project).one()
        return {member.user.username: str(member.role) for member in members_of(session, project)}


@pytest.mark.parametrize("status", ["archived", "deprecated", "active"])
def test_an_owner_says_what_the_project_is(stage: Stage, status: str) -> None:
    stage.do("maintainer", lambda errand: set_status(errand, "demo", status=status, reason="so"))

    assert stage.page()["project-status"] == {"status": status, "reason": "so"}
    assert stage.log()[-1] == ("user:maintainer", "project.status", "project:demo")


@pytest.mark.parametrize("status", ["quarantined", "held", ""])
def test_an_owner_cannot_say_anything_else(stage: Stage, status: str) -> None:
    with pytest.raises(InvalidRequest):
        stage.do("maintainer", lambda errand: set_status(errand, "demo", status=status, reason=""))


def test_a_maintainer_says_nothing(stage: Stage) -> None:
    with pytest.raises(NotAllowed):
        stage.do("mira", lambda errand: set_status(errand, "demo", status="archived", reason=""))


def test_only_an_analyst_without_a_part_in_it_puts_a_project_into_quarantine(stage: Stage) -> None:
    for who, roles in (("maintainer", ()), ("maintainer", ("analyst",)), ("adam", ("administrator",))):
        with pytest.raises(NotAllowed):
            stage.do(who, lambda errand: quarantine(errand, "demo", reason="malware"), *roles)
    with pytest.raises(InvalidRequest, match="reason"):
        stage.do("ana", lambda errand: quarantine(errand, "demo", reason=" "), "analyst")

    stage.do("ana", lambda errand: quarantine(errand, "demo", reason="malware"), "analyst")
    assert stage.page()["project-status"] == {"status": "quarantined", "reason": "malware"}
    assert stage.page()["files"] == []
    with pytest.raises(InvalidRequest, match="quarantine"):
        stage.do("maintainer", lambda errand: set_status(errand, "demo", status="active", reason=""))

    stage.do("ana", lambda errand: lift_quarantine(errand, "demo"), "analyst")
    assert len(stage.page()["files"]) == 2
    with pytest.raises(InvalidRequest, match="not in quarantine"):
        stage.do("ana", lambda errand: lift_quarantine(errand, "demo"), "analyst")


def test_owners_decide_who_belongs_to_the_project(stage: Stage) -> None:
    stage.do("maintainer", lambda errand: set_member(errand, "demo", username=" EVE ", role="maintainer"))
    assert parts(stage) == {"maintainer": "owner", "mira": "maintainer", "eve": "maintainer"}
    stage.do("maintainer", lambda errand: set_member(errand, "demo", username="eve", role="owner"))
    stage.do("eve", lambda errand: remove_member(errand, "demo", username="maintainer"))
    assert parts(stage) == {"mira": "maintainer", "eve": "owner"}
    with stage.services.database.read() as session:
        eve, maintainer = make_user(session, "eve"), make_user(session)
        assert [project.name for project in own_projects(session, eve.id)] == ["demo"]
        assert own_projects(session, maintainer.id) == []


def test_a_project_never_loses_its_last_owner(stage: Stage) -> None:
    for leave in (
        lambda errand: remove_member(errand, "demo", username="maintainer"),
        lambda errand: set_member(errand, "demo", username="maintainer", role="maintainer"),
    ):
        with pytest.raises(InvalidRequest, match="last owner"):
            stage.do("maintainer", leave)


def test_a_maintainer_changes_no_members(stage: Stage) -> None:
    with pytest.raises(NotAllowed):
        stage.do("mira", lambda errand: set_member(errand, "demo", username="mira", role="owner"))


@pytest.mark.parametrize(("username", "role"), [("nobody", "owner"), ("eve", "king"), ("switched-off", "owner")])
def test_only_an_active_account_gets_a_real_part(stage: Stage, username: str, role: str) -> None:
    with stage.services.database.write() as session:
        user = make_user(session, "switched-off")
        user.active = False
    with pytest.raises((TargetUnknown, InvalidRequest)):
        stage.do("maintainer", lambda errand: set_member(errand, "demo", username=username, role=role))


def test_an_owner_cannot_take_an_analyst_in(stage: Stage) -> None:
    """Nobody decides about a project that they maintain: it would take every decision away from the analysts."""
    with stage.services.database.write() as session:
        ana = make_user(session, "ana")
        ana.roles.append(Role(name="analyst"))
    with pytest.raises(InvalidRequest, match="administrator"):
        stage.do("maintainer", lambda errand: set_member(errand, "demo", username="ana", role="maintainer"))
    stage.do("adam", lambda errand: set_member(errand, "demo", username="ana", role="maintainer"), "administrator")
    assert parts(stage)["ana"] == "maintainer"
