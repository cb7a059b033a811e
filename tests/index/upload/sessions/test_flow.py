"""The way of a session from its opening to its end, step by step."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from index.audit.log import verify
from index.hold.decisions import DecisionRefused, approve, reject, reopen, withdraw
from index.store.tables import FilenameClaim, Membership, MembershipRole, Submission, SubmissionState
from tests.clients.pep694 import Problem
from tests.fixtures.artifacts import build_sdist
from tests.index.upload.conftest import Client as LegacyClient
from tests.index.upload.sessions.conftest import ROOT, states, submission_of, wheel

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.clients.pep694 import Client, Release
    from tests.fixtures.artifacts import Artifact
    from tests.index.hold.world import World

S = SubmissionState
WHEEL = wheel()
SDIST = build_sdist("demo", "1.0", {"demo/__init__.py": ""})


def says(world: World, artifact: Artifact, word: str) -> None:
    """What the scanner will say of the artifact."""
    world.says[sha256(artifact.data).hexdigest()] = word


def judge(world: World) -> None:
    """The worker and the keeper have done what there is to do."""
    world.inspect_all()
    world.later(1)
    world.keeper.tick(world.now)
    world.inspect_all()


def published(client: Client, world: World, *artifacts: Artifact) -> Release:
    release = client.open("demo", "1.0")
    for artifact in artifacts or (WHEEL,):
        release.upload(*artifact)
    release.publish()
    judge(world)
    assert release.look() == "published"
    return release


def simple(app: Flask, name: str = "demo") -> int:
    return app.test_client().get(f"/simple/{name}/").status_code


def test_a_session_is_created_with_all_that_the_protocol_asks_for(client: Client, world: World) -> None:
    answer = client.send("POST", ROOT, {"name": "Demo", "version": "1.0"})
    document = answer.json()
    url = document["links"]["session"]
    assert answer.status_code == 201
    assert answer.headers["Location"] == url
    assert re.fullmatch(rf"{ROOT}sessions/[0-9A-Z]{{26}}", url)
    assert document == {
        "meta": {"api-version": "2.0"},
        "links": {"session": url, "upload": f"{url}/files", "publish": f"{url}/publish", "extend": f"{url}/extend"},
        "mechanisms": ["http-post-bytes"],
        "expires-at": "2026-03-08T12:00:00Z",
        "status": "open",
        "files": {},
        "notices": ["Nothing is published before you publish this session and it has been inspected."],
    }
    assert submission_of(world, url).is_session


def test_wheel_and_sdist_become_visible_together_when_they_were_published_and_judged(
    client: Client, world: World, app: Flask
) -> None:
    release = client.open("demo", "1.0")
    for artifact in (WHEEL, SDIST):
        done = release.upload(*artifact)
        assert done["status"] == "completed"
    world.inspect_all()
    world.later(3600)
    world.keeper.tick(world.now)
    assert (release.look(), simple(app)) == ("open", 404), "a session does not close by itself"
    assert set(release.document["files"]) == {WHEEL.filename, SDIST.filename}

    assert release.publish() == "processing"
    assert simple(app) == 404
    assert int(client.send("GET", release.links["session"]).headers["Retry-After"]) >= 0
    judge(world)

    assert release.look() == "published"
    page = app.test_client().get("/simple/demo/", headers={"Accept": "application/vnd.pypi.simple.v1+json"})
    assert page.json is not None
    assert [file["filename"] for file in page.json["files"]] == sorted([WHEEL.filename, SDIST.filename])
    assert release.publish() == "published", "asked again, it says what is"
    with world.database.read() as session:
        verify(session)


def test_files_are_inspected_before_the_session_is_published(client: Client, world: World) -> None:
    client.open("demo", "1.0").upload(*WHEEL)
    assert world.inspect_all() == 1


def test_what_is_held_for_review_is_processing_and_says_why_and_what_comes_next(
    client: Client, world: World, app: Flask
) -> None:
    says(world, WHEEL, "flagged")
    release = client.open("demo", "1.0")
    release.upload(*WHEEL)
    release.publish()
    judge(world)

    assert release.look() == "processing"
    notices = release.document["notices"]
    assert notices[0].startswith("Your release demo 1.0 is held")
    assert f"It says flagged (pkg/__init__.py, line 7 in {WHEEL.filename})" in notices
    assert any("An analyst looks at the release" in notice for notice in notices)
    world.later(30 * 86400)
    world.keeper.tick(world.now)
    assert release.look() == "processing", "time spent in our hands does not end it"
    assert release.document["expires-at"] > "2026-03-31"

    world.decide(approve, submission_of(world, release.links["session"]).id)
    assert release.look() == "published"
    assert simple(app) == 200


def test_a_rejected_session_is_in_error_tells_why_and_can_be_mended(client: Client, world: World, app: Flask) -> None:
    says(world, WHEEL, "enforced")
    release = client.open("demo", "1.0")
    release.upload(*WHEEL)
    release.upload(*SDIST)
    release.publish()
    judge(world)

    assert release.look() == "error"
    assert "was rejected by the scanner" in release.document["notices"][0]
    entry = release.document["files"][WHEEL.filename]
    assert entry["status"] == "completed"
    assert entry["notices"][0].startswith("It says enforced (pkg/__init__.py, line 7")
    with pytest.raises(Problem) as refused:
        release.publish()
    assert (refused.value.status, refused.value.code) == (409, "file.rejected")
    assert release.look() == "error", "a publication that fails at once changes nothing"

    other = wheel("another try")
    release.upload(*other)  # takes the place of the rejected one
    assert release.look() == "error"
    assert "was rejected by the scanner" in release.document["notices"][0], "it still says why"
    with pytest.raises(Problem, match=re.escape(SDIST.filename)):
        release.publish()
    client.send("DELETE", release.document["files"][SDIST.filename]["link"])
    assert release.publish() == "processing"
    judge(world)
    assert release.look() == "processing", "what follows a rejection is looked at by a person"
    world.decide(approve, submission_of(world, release.links["session"]).id)
    assert release.look() == "published"
    assert states(world) == ["rejected", "published"], "the first judgement stays as it was"


def test_rejected_bytes_cannot_be_announced_again(client: Client, world: World) -> None:
    says(world, WHEEL, "enforced")
    release = client.open("demo", "1.0")
    release.upload(*WHEEL)
    release.publish()
    judge(world)
    with pytest.raises(Problem) as refused:
        release.announce(*WHEEL)
    assert (refused.value.status, refused.value.code) == (403, "rejected-bytes")


def test_a_name_that_was_freed_by_a_rejection_may_go_to_somebody_else(
    client: Client, make_client: Callable[..., Client], world: World
) -> None:
    says(world, WHEEL, "enforced")
    release = client.open("demo", "1.0")
    release.upload(*WHEEL)
    release.publish()
    judge(world)
    assert release.look() == "error"

    other = make_client("otto").open("demo", "1.0")

    assert other.status == "open"
    with pytest.raises(Problem) as refused:
        release.announce(*wheel("x"))
    assert refused.value.status == 403
    other.cancel()
    assert release.look() == "error", "permission is asked for at every request"


def test_a_reopened_rejection_is_processed_again_unless_the_session_was_canceled(client: Client, world: World) -> None:
    says(world, WHEEL, "flagged")
    release = client.open("demo", "1.0")
    release.upload(*WHEEL)
    release.publish()
    judge(world)
    held = submission_of(world, release.links["session"]).id
    world.decide(reject, held)
    assert release.look() == "error"
    assert "because" in release.document["notices"], "the words of the person who decided"
    world.decide(reopen, held)
    assert release.look() == "processing"
    world.decide(reject, held)
    release.cancel()
    assert release.look() == "canceled"
    with pytest.raises(DecisionRefused, match="canceled"):
        world.decide(reopen, held)


def test_a_withdrawn_release_stays_published_in_the_words_of_the_protocol_and_says_so(
    client: Client, world: World
) -> None:
    release = published(client, world)
    world.decide(withdraw, submission_of(world, release.links["session"]).id)
    assert release.look() == "published"
    assert "has now been withdrawn" in release.document["notices"][0]


def test_files_can_be_added_to_a_published_release_in_another_session(client: Client, world: World, app: Flask) -> None:
    first = published(client, world)
    second = client.open("demo", "1.0")
    assert second.links["session"] != first.links["session"]
    with pytest.raises(Problem) as refused:
        second.announce(*wheel("other bytes"))
    assert (refused.value.status, refused.value.code) == (409, "duplicate-file")
    with pytest.raises(Problem) as refused:
        second.announce(*WHEEL)
    assert (refused.value.status, refused.value.code) == (409, "file.exists")
    second.upload(*SDIST)
    second.publish()
    judge(world)
    assert second.look() == "published"


def test_a_file_can_be_deleted_and_replaced(client: Client, world: World, app: Flask) -> None:
    release = client.open("demo", "1.0")
    wrong, right = wheel("wrong"), wheel("right")
    file = release.upload(*wrong)
    replaced = release.upload(*right)
    assert client.send("GET", file["links"]["file-upload-session"]).json()["status"] == "canceled"
    sdist = release.upload(*SDIST)
    release.delete(sdist)
    release.delete(sdist)
    assert release.look() == "open"
    assert list(release.document["files"]) == [right.filename]
    assert release.document["files"][right.filename]["link"] == replaced["links"]["file-upload-session"]
    with world.database.read() as session:
        assert list(session.scalars(select(FilenameClaim.filename))) == [right.filename]
    release.publish()
    judge(world)
    page = app.test_client().get("/simple/demo/", headers={"Accept": "application/vnd.pypi.simple.v1+json"})
    assert page.json is not None
    assert [file["hashes"]["sha256"] for file in page.json["files"]] == [sha256(right.data).hexdigest()]


def test_canceling_frees_the_name_and_everything_else(
    client: Client, make_client: Callable[..., Client], world: World
) -> None:
    release = client.open("demo", "1.0")
    file = release.upload(*WHEEL)
    release.cancel()
    release.cancel()
    assert release.look() == "canceled"
    assert (release.document["files"], states(world)) == ({}, ["canceled"])
    assert client.send("GET", file["links"]["file-upload-session"]).json()["status"] == "canceled"
    with world.database.read() as session:
        assert session.scalars(select(FilenameClaim)).all() == []
        assert session.scalars(select(Membership)).all() == []
    assert make_client("otto").open("demo", "1.0").status == "open"


def test_the_keeper_ends_a_session_that_nobody_publishes(client: Client, world: World) -> None:
    release = client.open("demo", "1.0")
    release.upload(*WHEEL)
    world.inspect_all()
    world.later(7 * 86400 - 5)
    world.keeper.tick(world.now)
    assert release.look() == "open"
    world.later(10)
    world.keeper.tick(world.now)
    assert (release.look(), states(world)) == ("canceled", ["canceled"])
    with world.database.read() as session:
        assert session.scalars(select(Membership)).all() == []
    assert client.open("demo", "1.0").status == "open"


def test_a_session_in_error_ends_a_week_after_the_rejection(client: Client, world: World) -> None:
    says(world, WHEEL, "enforced")
    release = client.open("demo", "1.0")
    release.upload(*WHEEL)
    world.later(6 * 86400)
    release.publish()
    judge(world)
    world.later(6 * 86400)
    assert release.look() == "error"
    with pytest.raises(Problem) as refused:
        client.open("demo", "1.0")
    assert (refused.value.status, refused.value.location) == (409, release.links["session"])
    world.later(2 * 86400)
    assert release.look() == "canceled"
    assert client.open("demo", "1.0").status == "open"


@pytest.mark.parametrize(
    ("seconds", "expires"),
    [
        (0, "2026-03-08T12:00:00Z"),
        (3600, "2026-03-08T13:00:00Z"),
        (21 * 86400, "2026-03-29T12:00:00Z"),
        (10**15, "2026-03-29T12:00:00Z"),
    ],
)
def test_an_extension_is_given_up_to_four_weeks(client: Client, world: World, seconds: int, expires: str) -> None:
    release = client.open("demo", "1.0")
    assert release.extend(seconds) == expires
    assert release.look() == "open"
    assert release.document["expires-at"] == expires


def test_what_is_processed_is_not_extended_and_that_is_no_error(client: Client, world: World) -> None:
    release = client.open("demo", "1.0")
    release.upload(*WHEEL)
    release.publish()
    before = release.document["expires-at"]
    assert release.extend(3600) == before


def test_two_people_of_a_project_fill_one_session_and_a_person_looks_at_it(
    client: Client, make_client: Callable[..., Client], world: World
) -> None:
    published(client, world)
    otto, otto_id = make_client("otto"), world.user("otto").id
    with world.database.write() as session:
        project_id = session.scalars(select(Membership.project_id)).one()
        session.add(Membership(user_id=otto_id, project_id=project_id, role=MembershipRole.MAINTAINER))
    release = client.open("demo", "2.0")
    with pytest.raises(Problem) as refused:
        otto.open("demo", "2.0")
    assert refused.value.status == 409
    theirs = otto.resume(refused.value.location)
    mine = wheel(version="2.0")
    release.upload(*mine)
    other = wheel(version="2.0", tag="py2-none-any")
    file = theirs.upload(*other)
    session_id = submission_of(world, release.links["session"]).id
    assert world.submission(session_id).mixed_publishers
    theirs.delete(file)
    assert not world.submission(session_id).mixed_publishers
    theirs.upload(*other)
    theirs.publish()
    judge(world)
    assert release.look() == "processing"
    assert any("more than one person" in notice for notice in release.document["notices"])


def legacy(app: Flask, client: Client) -> LegacyClient:
    return LegacyClient(app, client.token)


def test_plain_uploads_do_not_come_into_a_session(client: Client, app: Flask, world: World) -> None:
    release = client.open("demo", "1.0")
    plain = legacy(app, client)
    assert plain.upload(WHEEL).status.startswith("409 Release 1.0 of 'demo' is in a publishing session.")
    release.upload(*WHEEL)
    assert plain.upload(wheel("other bytes")).status.startswith("409 File already exists (")
    assert plain.upload(WHEEL).status_code == 200, "the same file is there"
    release.publish()
    assert plain.upload(wheel("other bytes")).status.startswith("409 File already exists (")
    assert plain.upload(SDIST).status_code == 409
    assert plain.upload(wheel(version="2.0")).status_code == 200, "another release is not concerned"
    judge(world)
    assert release.look() == "published"
    assert plain.upload(SDIST).status_code == 200


def test_a_session_does_not_begin_while_plain_uploads_are_held(client: Client, app: Flask, world: World) -> None:
    plain = legacy(app, client)
    plain.accept = "application/json"
    receipt = plain.upload(WHEEL).json
    assert receipt is not None
    with pytest.raises(Problem) as refused:
        client.open("demo", "1.0")
    assert (refused.value.status, refused.value.code) == (409, "session.upload-under-way")
    assert refused.value.location == receipt["status_url"]


def test_a_session_waits_for_what_was_held_while_it_stood_open(client: Client, app: Flask, world: World) -> None:
    published(client, world)
    release = client.open("demo", "3.0")
    plain = legacy(app, client)
    flagged = wheel("x", version="2.0")
    says(world, flagged, "flagged")
    assert plain.upload(flagged).status_code == 200
    world.settle()
    world.inspect_all()
    release.upload(*wheel(version="3.0"))
    release.publish()
    judge(world)
    assert release.look() == "processing"
    assert "An earlier release of this project, 2.0, waits for review." in release.document["notices"]
    with world.database.read() as session:
        held = session.scalars(select(Submission.id).where(Submission.state == S.IN_REVIEW)).all()
    flagged_id = next(each for each in held if each != submission_of(world, release.links["session"]).id)
    world.decide(approve, flagged_id)
    world.later(1)
    world.keeper.tick(world.now)
    assert release.look() == "published", "what it waited for is over"
