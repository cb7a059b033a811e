"""Every route of the application, against the one table of permissions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from index.accounts.permissions import PERMISSIONS, Action, Standing
from pratique.wsgi import create_app
from tests.webui.browser import Visitor
from webui.guard import action_of

if TYPE_CHECKING:
    from flask import Flask

    from index.services import Services
    from tests.webui.desk import Desk
    from tests.webui.scenes import Scene

#: What everybody may ask for, and why.
PUBLIC: Final = {
    "people.accessibility": "a statement",
    "people.find": "a search in what is published",
    "people.front": "what this index is",
    "people.openapi": "a description of interfaces",
    "people.project": "what is published",
    "people.prove": "the way in, once more",
    "people.revoke": "one's own tokens, and nobody else's",
    "people.second_factor": "the way in",
    "people.sign_in": "the way in",
    "people.sign_out": "the way out",
    "people.static": "style sheet, script, pictures",
    "people.tokens": "one's own tokens, and nobody else's",
}

#: What guards itself: installers read what is published, uploaders and owners' programs prove themselves with a token.
OTHER_BLUEPRINTS: Final = {"owners", "publish", "sessions", "upload"}

WHEEL: Final = "small_colours-1.4.2-py3-none-any.whl"

#: A published project: that it exists is no secret, what may be done with it is.
MANAGE: Final = "/manage/small-colours"

#: Every guarded page, with the action that it is.
GUARDED: Final = {
    ("GET", "/review/"): Action.SEE_QUEUE,
    ("GET", "/review/{id}"): Action.SEE_CASE,
    ("POST", "/review/{id}"): Action.DECIDE,
    ("GET", f"/review/{{id}}/files/{WHEEL}/"): Action.SEE_CASE,
    ("GET", f"/review/{{id}}/source/{WHEEL}/small_colours/names.py"): Action.SEE_CASE,
    ("GET", "/submissions/{id}"): Action.SEE_SUBMISSION,
    ("GET", f"{MANAGE}/"): Action.MANAGE_PROJECT,
    ("GET", f"{MANAGE}/1.4.1/"): Action.MANAGE_PROJECT,
    ("POST", f"{MANAGE}/1.4.1/yank"): Action.YANK,
    ("POST", f"{MANAGE}/1.4.1/delete"): Action.DELETE_FILES,
    ("POST", f"{MANAGE}/status"): Action.SET_STATUS,
    ("POST", f"{MANAGE}/quarantine"): Action.QUARANTINE,
    ("POST", f"{MANAGE}/members"): Action.CHANGE_MEMBERS,
    ("POST", f"{MANAGE}/members/remove"): Action.CHANGE_MEMBERS,
    ("GET", "/admin/"): Action.SEE_SYSTEM,
    ("POST", "/admin/hold-everything"): Action.HOLD_EVERYTHING,
    ("GET", "/admin/mail"): Action.SEE_MAIL,
    ("GET", "/admin/mail/1"): Action.SEE_MAIL,
    ("GET", "/admin/log"): Action.SEE_LOG,
}


@pytest.fixture
def open_app(full: Desk) -> Flask:
    """Without CSRF: what is asked here is who may, not how."""
    app = create_app(full.services)
    app.config["WTF_CSRF_ENABLED"] = False
    return app


def test_every_route_has_an_action_or_a_reason_to_be_public(shared_app: Flask) -> None:
    for rule in shared_app.url_map.iter_rules():
        if rule.endpoint.partition(".")[0] in OTHER_BLUEPRINTS:
            continue
        guarded = action_of(shared_app.view_functions[rule.endpoint]) is not None
        assert guarded is not (rule.endpoint in PUBLIC), rule.endpoint


def test_the_list_of_guarded_pages_is_complete(shared_app: Flask) -> None:
    adapter = shared_app.url_map.bind("localhost")
    found = {}
    for method, path in GUARDED:
        endpoint, _ = adapter.match(path.format(id="X"), method)
        found[endpoint] = action_of(shared_app.view_functions[endpoint])
    wanted = {
        rule.endpoint: action_of(shared_app.view_functions[rule.endpoint])
        for rule in shared_app.url_map.iter_rules()
        if rule.endpoint.startswith("people.") and rule.endpoint not in PUBLIC
    }
    assert found == wanted
    assert {GUARDED[key] for key in GUARDED} == set(Action)


@pytest.mark.parametrize(("method", "path"), list(GUARDED))
def test_who_is_not_signed_in_reads_nothing(open_app: Flask, scene: Scene, method: str, path: str) -> None:
    visitor = Visitor(open_app)
    answer = (visitor.get if method == "GET" else visitor.post)(path.format(id=scene.update))
    assert answer.status_code in {303, 404}
    assert "small-colours" in path or "small-colours" not in answer.get_data(as_text=True)


@pytest.mark.parametrize(("method", "path"), list(GUARDED))
def test_a_held_submission_and_none_get_the_same_answer(open_app: Flask, scene: Scene, method: str, path: str) -> None:
    visitor = Visitor(open_app)
    ask = visitor.get if method == "GET" else visitor.post
    real, none = ask(path.format(id=scene.update)), ask(path.format(id="0" * 26))
    assert real.status_code == none.status_code
    assert real.get_data(as_text=True).replace(scene.update, "0" * 26) == none.get_data(as_text=True)


@pytest.mark.parametrize("asked", list(GUARDED))
@pytest.mark.parametrize("role", ["", "analyst", "administrator"])
def test_roles_may_do_what_the_table_says(
    open_app: Flask, full: Desk, scene: Scene, role: str, asked: tuple[str, str]
) -> None:
    method, path = asked
    with open_app.test_client() as client:
        user = full.account(f"role-{role or 'none'}", *([role] if role else [])).user
        with client.session_transaction() as session:
            session["_user_id"] = user.fs_uniquifier
            session["_fresh"] = True
        answer = client.open(path.format(id=scene.update), method=method)
    allowed = bool(role) and Standing(role) in PERMISSIONS[GUARDED[asked]]
    assert (answer.status_code in {403, 404}) is not allowed
    assert allowed or "small-colours" not in answer.get_data(as_text=True)


def test_a_role_without_its_second_factor_is_told_what_to_do(services: Services, desk: Desk) -> None:
    account = desk.account("ana", "analyst")
    desk.change_account("ana", tf_totp_secret=None)
    visitor = Visitor(create_app(services))
    visitor.get("/sign-in")
    visitor.submit("/sign-in", username="ana", password=account.password)
    assert visitor.get("/review/").status_code == 403
    assert "pratique user reset ana" in visitor.text()
