from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from index.accounts.tokens import create_token
from index.store.tables import Membership, Submission, User

if TYPE_CHECKING:
    from tests.webui.browser import Visitor
    from tests.webui.desk import Desk
    from tests.webui.scenes import Scene

JSON = {"Accept": "application/json"}


def token_of(desk: Desk, name: str, project: str | None = None) -> str:
    user = desk.account(name).user
    with desk.services.database.write() as session:
        _, secret = create_token(session, session.get_one(User, user.id), label="test", project=project, now=desk.now)
    return secret


def basic(secret: str) -> dict[str, str]:
    return {"Authorization": "Basic " + b64encode(f"__token__:{secret}".encode()).decode()}


def test_a_member_reads_where_the_release_stands_and_why(anyone: Visitor, full: Desk, scene: Scene) -> None:
    anyone.sign_in(full.account("noor"))
    assert anyone.get(f"/submissions/{scene.update}").status_code == 200
    text = anyone.text()
    for words in (
        "small-colours 1.4.2 In review",
        "Executes text that it decodes: small_colours/__init__.py, line 25",
        "You get a mail either way.",
        scene.update,
    ):
        assert words in text, words
    assert "20.2" not in text
    assert "+7.0" not in text


def test_who_has_no_part_in_it_gets_the_answer_of_none(anyone: Visitor, full: Desk, scene: Scene) -> None:
    real = anyone.get(f"/submissions/{scene.update}")
    assert real.status_code == 404
    assert anyone.page.select_one(f'a[href="/sign-in?next=/submissions/{scene.update}"]')
    anyone.sign_in(full.account("stranger"))
    assert anyone.get(f"/submissions/{scene.update}").status_code == 404
    assert "small-colours" not in anyone.text()


def test_json_for_a_script_with_a_token(anyone: Visitor, full: Desk, scene: Scene) -> None:
    secret = token_of(full, "noor")
    answer = anyone.get(f"/submissions/{scene.update}", headers=JSON | basic(secret))
    assert answer.status_code == 200
    body = answer.get_json()
    assert (body["id"], body["project"], body["version"], body["state"]) == (
        scene.update,
        "small-colours",
        "1.4.2",
        "in_review",
    )
    assert [file["filename"] for file in body["files"]] == [
        "small_colours-1.4.2-py3-none-any.whl",
        "small_colours-1.4.2.tar.gz",
    ]
    assert body["reasons"][0] == {
        "title": "Executes text that it decodes",
        "filename": "small_colours-1.4.2-py3-none-any.whl",
        "member": "small_colours/__init__.py",
        "line": 25,
        "text": "Executes text that it decodes "
        "(small_colours/__init__.py, line 25 in small_colours-1.4.2-py3-none-any.whl)",
    }
    assert body["next"].startswith("An analyst looks at the release")


def test_json_says_the_state_in_words_and_when_to_ask_again(anyone: Visitor, full: Desk, scene: Scene) -> None:
    headers = basic(token_of(full, "noor"))
    answer = anyone.get(f"/submissions/{scene.update}", headers=headers)  # a token asks for JSON by itself
    body = answer.get_json()
    assert (body["state_text"], body["final"]) == ("In review", False)
    assert body["headline"].startswith("Your release small-colours 1.4.2 is held")
    assert answer.headers["Retry-After"] == "15"
    published = anyone.get(f"/submissions/{scene.published}", headers=headers)
    assert (published.get_json()["state"], published.get_json()["final"]) == ("published", True)
    assert "Retry-After" not in published.headers


@pytest.mark.parametrize("project", [None, "small-colours", "Small.Colours"])
def test_a_token_may_come_as_a_bearer_and_be_made_for_the_project(
    anyone: Visitor, full: Desk, scene: Scene, project: str | None
) -> None:
    headers = {"Authorization": f"Bearer {token_of(full, 'noor', project)}"}
    assert anyone.get(f"/submissions/{scene.update}", headers=headers).status_code == 200


def test_who_sent_a_first_release_reads_why_it_was_rejected(anyone: Visitor, full: Desk, scene: Scene) -> None:
    with full.services.database.read() as session:
        rejected = session.get_one(Submission, scene.rejected)
        sender = session.get_one(User, rejected.opened_by_id).username
        members = session.scalars(select(Membership).where(Membership.project_id == rejected.release.project_id)).all()
    assert members == [], "the name is free"
    answer = anyone.get(f"/submissions/{scene.rejected}", headers=basic(token_of(full, sender)))
    assert answer.get_json()["comment"] == "It opens a shell to a strange host."
    assert answer.get_json()["headline"].endswith("these files will not be taken again.")


def test_a_token_that_does_not_hold_is_not_helped_by_a_cookie(anyone: Visitor, full: Desk, scene: Scene) -> None:
    anyone.sign_in(full.account("noor"))
    assert anyone.get(f"/submissions/{scene.update}", headers=JSON).status_code == 200
    assert anyone.get(f"/submissions/{scene.update}", headers=JSON | basic("pratique-nothing")).status_code == 404


@pytest.mark.parametrize("who", ["nobody", "stranger", "wrong", "revoked-role", "other-project", "user-name", "digest"])
def test_json_of_what_is_not_yours_is_404(anyone: Visitor, full: Desk, scene: Scene, who: str) -> None:
    headers = dict(JSON)
    if who == "stranger":
        headers |= basic(token_of(full, "stranger"))
    elif who == "wrong":
        headers |= basic("pratique-nothing")
    elif who == "revoked-role":  # a token stands for membership, not for its owner's role
        full.account("ada", "analyst")
        headers |= basic(token_of(full, "ada"))
    elif who == "other-project":
        headers |= basic(token_of(full, "noor", "else"))
    elif who == "user-name":
        secret = token_of(full, "noor")
        headers["Authorization"] = "Basic " + b64encode(f"noor:{secret}".encode()).decode()
    elif who == "digest":
        headers["Authorization"] = "Digest username=noor"
    answer = anyone.get(f"/submissions/{scene.update}", headers=headers)
    assert answer.status_code == 404
    assert answer.get_json() == anyone.get("/submissions/0", headers=JSON).get_json()


def test_a_maintainer_finds_own_releases_on_the_front_page(anyone: Visitor, full: Desk, scene: Scene) -> None:
    anyone.get("/")
    assert "Your latest releases" not in anyone.text()
    anyone.sign_in(full.account("maya"))
    anyone.get("/")
    assert anyone.page.select_one(f'a[href="/submissions/{scene.update}"]')
    assert "One project is published here." in anyone.text()
