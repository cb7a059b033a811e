from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.utils import canonicalize_name
from sqlalchemy import select

from index.clock import utcnow
from index.hold.switches import set_switch
from index.publish.release import publish
from index.store.tables import Submission, SubmissionState
from index.upload.names import PROHIBITED_SWITCH, is_standard_library, ultranormalized
from tests.fixtures.artifacts import Artifact, build_wheel

if TYPE_CHECKING:
    from collections.abc import Callable

    from index.services import Services
    from tests.index.upload.conftest import Client


def package(name: str, metadata: dict[str, str] | None = None) -> Artifact:
    return build_wheel(name, "1.0", {f"{name.replace('-', '_')}/__init__.py": ""}, metadata=metadata)


def publish_all(services: Services) -> None:
    with services.database.write() as session:
        for submission in session.scalars(select(Submission)):
            submission.state = SubmissionState.PUBLISHED
            publish(session, submission, now=utcnow(), public_url="http://127.0.0.1")


@pytest.mark.parametrize("name", ["json", "xml-rpc", "distutils", "asyncio", "this", "turtledemo"])
def test_modules_of_the_standard_library_are_known(name: str) -> None:
    assert is_standard_library(canonicalize_name(name)) == (name != "xml-rpc")


@given(st.from_regex(r"[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True).map(canonicalize_name))
def test_names_that_look_alike_are_one(name: str) -> None:
    same = name.replace("-", "").replace("l", "1").replace("o", "0")
    assert ultranormalized(same) == ultranormalized(name)
    assert ultranormalized(name + "x") != ultranormalized(name)


@pytest.mark.parametrize("near", ["tidyexample", "t1dy-examp1e", "tidy-ex-ample"])
def test_a_name_too_near_to_a_published_project_is_refused_and_the_answer_names_it(
    client: Client, new_client: Callable[..., Client], services: Services, wheel: Artifact, near: str
) -> None:
    client.upload(wheel)
    publish_all(services)

    answer = new_client("bob").upload(package(near))

    assert answer.status == f"400 The name '{near}' is too similar to the existing project 'tidy-example'."
    assert client.upload(package(near)).status_code == 200, "its owner may have both"


def test_nobody_can_tell_a_held_name_from_a_prohibited_one(
    client: Client, new_client: Callable[..., Client], services: Services
) -> None:
    with services.database.write() as session:
        set_switch(session, PROHIBITED_SWITCH, "prohibited-name other", actor="system:test", now=utcnow())
    assert client.upload(package("heldbackname-one")).status_code == 200

    bob = new_client("bob")
    bad = {"Classifier": "Nonsense :: Yes"}
    changes = {"protocol_version": "9"}
    for metadata in ({}, bad):
        expected = bob.upload(package("prohibited-name", metadata), changes if metadata else None)
        assert expected.status_code == 400
        assert "name-not-allowed" in expected.text
        for name in ("heldbackname-one", "heldbackname0ne"):  # the held name itself, and one that looks like it
            answer = bob.upload(package(name, metadata), changes if metadata else None)
            assert answer.status.replace(name, "prohibited-name") == expected.status
            same = answer.text.replace(name, "prohibited-name").replace(
                f"{name.replace('-', '_')}-", "prohibited_name-"
            )
            assert same == expected.text


def test_somebody_elses_published_project_is_403(
    client: Client, new_client: Callable[..., Client], services: Services, wheel: Artifact
) -> None:
    client.upload(wheel)
    publish_all(services)
    answer = new_client("bob").upload(build_wheel("tidy-example", "2.0", {"a.py": ""}))
    assert answer.status == "403 The user 'bob' isn't allowed to upload to project 'tidy-example'."


def test_the_rules_for_new_names_do_not_touch_a_project_that_exists(
    client: Client, services: Services, wheel: Artifact
) -> None:
    client.upload(wheel)
    publish_all(services)
    with services.database.write() as session:
        set_switch(session, PROHIBITED_SWITCH, "tidy-example", actor="system:test", now=utcnow())
    assert client.upload(build_wheel("tidy-example", "2.0", {"a.py": ""})).status_code == 200
