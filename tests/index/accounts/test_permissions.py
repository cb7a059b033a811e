from __future__ import annotations

from itertools import product
from typing import Final

import pytest

from index.accounts.permissions import PERMISSIONS, Action, Person, Standing, may
from index.store.tables import MembershipRole

#: Who may do what, written out a second time, by hand.
EXPECTED: Final = {
    Action.SEE_SUBMISSION: {"member", "analyst", "administrator"},
    Action.SEE_QUEUE: {"analyst", "administrator"},
    Action.SEE_CASE: {"analyst", "administrator"},
    Action.DECIDE: {"analyst"},
    Action.SEE_SYSTEM: {"administrator"},
    Action.SEE_MAIL: {"administrator"},
    Action.SEE_LOG: {"administrator"},
    Action.HOLD_EVERYTHING: {"administrator"},
    Action.MANAGE_PROJECT: {"member", "owner", "analyst", "administrator"},
    Action.YANK: {"member", "owner"},
    Action.SET_STATUS: {"owner"},
    Action.DELETE_FILES: {"owner"},
    Action.CHANGE_MEMBERS: {"owner", "administrator"},
    Action.QUARANTINE: {"analyst"},
}


def person(*roles: str, second_factor: bool = True) -> Person:
    return Person(1, "ana", frozenset(roles), second_factor)


def test_every_action_is_in_the_table() -> None:
    assert set(PERMISSIONS) == set(Action) == set(EXPECTED)


@pytest.mark.parametrize(("action", "role"), list(product(Action, ["analyst", "administrator"])))
def test_a_role_allows_what_the_table_says(action: Action, role: str) -> None:
    assert may(person(role), action) is (role in EXPECTED[action])


@pytest.mark.parametrize("action", list(Action))
def test_nobody_and_anybody_may_nothing(action: Action) -> None:
    assert not may(None, action)
    assert not may(person(), action)


@pytest.mark.parametrize(("action", "role"), list(product(Action, ["analyst", "administrator"])))
def test_a_role_without_a_second_factor_allows_nothing(action: Action, role: str) -> None:
    assert not may(person(role, second_factor=False), action)


@pytest.mark.parametrize(("action", "part"), list(product(Action, MembershipRole)))
def test_members_may_do_on_their_projects_what_the_table_says(action: Action, part: MembershipRole) -> None:
    standing = "owner" if part is MembershipRole.OWNER else "member"
    expected = standing in EXPECTED[action] or action is Action.SEE_SUBMISSION
    assert may(person(), action, part=part) is expected
    assert may(person(second_factor=False), action, part=part) is expected


@pytest.mark.parametrize("part", list(MembershipRole))
def test_nobody_decides_about_a_project_of_their_own(part: MembershipRole) -> None:
    for action in (Action.DECIDE, Action.QUARANTINE):
        assert may(person("analyst"), action)
        assert not may(person("analyst", "administrator"), action, part=part)


def test_a_role_that_nobody_knows_is_no_standing() -> None:
    assert person("owner", "root").standings == {Standing.ANYONE}
