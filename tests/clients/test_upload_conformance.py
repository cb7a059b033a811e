"""What twine, uv, poetry and flit do with each of our answers to an upload: their exit code, and what they print.

Measured per client: twine prints the reason phrase, uv the body's `code`, poetry both, flit the reason phrase and for
a 400 the body. So our sentence has to be in all of them.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

import pytest

from tests.clients.projects import Project, attempt_publish, make_project, publish
from tests.fixtures.artifacts import build_wheel
from tests.servers.instance import until

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.clients.conftest import Taken
    from tests.servers.instance import Instance

CLIENTS: Final = ["twine", "uv", "poetry", "flit"]

#: uv tells a usage error (1) from a failure (2).
FAILED: Final = {"twine": 1, "uv": 2, "poetry": 1, "flit": 1}

STANDARD_LIBRARY = "The name 'tarfile' isn't allowed: it is a module of the Python standard library."
URL_REQUIREMENT = "an index serves no project that installs from a URL."


def names(taken: Taken) -> list[str]:
    return [path.name for path in taken.published.distributions]


@pytest.fixture(scope="session")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Two faults: a name of the standard library, and a requirement by URL."""
    requirement = "other @ https://files.example.invalid/other-1.0-py3-none-any.whl"
    return make_project(tmp_path_factory.mktemp("faulty") / "project", "tarfile", dependencies=[requirement])


def of_one_wheel(folder: Path, name: str, size: int) -> Project:
    """A project whose wheel has somewhat more than `size` bytes."""
    filename, data = build_wheel(name, "1.0", {f"{name.replace('-', '_')}.bin": os.urandom(size)})
    (folder / "dist").mkdir(parents=True)
    (folder / "dist" / filename).write_bytes(data)
    return Project(folder, name, "1.0")


@pytest.fixture(scope="session")
def large(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Larger than the instance permits."""
    module = f'"""Large."""\n\nVALUE = "{os.urandom(400_000).hex()}"\n'
    return make_project(tmp_path_factory.mktemp("large") / "project", "too-large", module=module)


@pytest.mark.parametrize("client", CLIENTS)
def test_every_client_takes_our_200_for_a_success(client: str, instance: Instance, tmp_path: Path) -> None:
    project = make_project(tmp_path / "project", f"accepted-{client}")

    publish(client, project, instance)

    for path in project.distributions:
        assert instance.state(path.name), f"{path.name} was not received"


@pytest.mark.parametrize("client", CLIENTS)
def test_all_faults_of_an_upload_reach_the_person(client: str, instance: Instance, faulty: Project) -> None:
    ended = attempt_publish(client, faulty, f"{instance.url}/legacy/", instance.account.upload_token)

    assert ended.code == FAILED[client]
    assert ended.says(STANDARD_LIBRARY), ended.output
    if client == "twine":  # it never shows a body
        assert ended.says("(and 1 more: see the body)"), ended.output
    else:
        assert ended.says(URL_REQUIREMENT), ended.output
    assert not instance.state(faulty.distributions[0].name)


@pytest.mark.parametrize("client", CLIENTS)
def test_a_wrong_token_is_a_401_with_our_words(client: str, instance: Instance, taken: Taken) -> None:
    ended = attempt_publish(client, taken.published, f"{instance.url}/legacy/", "pratique-wrong")

    assert ended.code == FAILED[client]
    assert ended.says("401"), ended.output
    assert ended.says("The API token is unknown, revoked or expired."), ended.output


@pytest.mark.parametrize("client", CLIENTS)
def test_a_project_of_somebody_else_is_a_403_with_our_words(
    client: str, instance: Instance, taken: Taken, foreign_token: str
) -> None:
    ended = attempt_publish(client, taken.published, f"{instance.url}/legacy/", foreign_token)

    assert ended.code == FAILED[client]
    assert ended.says("403"), ended.output
    assert ended.says("The user 'stranger' isn't allowed to upload to project 'taken-name'."), ended.output


@pytest.mark.parametrize("client", CLIENTS)
def test_other_bytes_under_a_published_filename_are_a_409_with_the_phrase_that_clients_know(
    client: str, instance: Instance, taken: Taken
) -> None:
    ended = attempt_publish(client, taken.changed, f"{instance.url}/legacy/", instance.account.upload_token)

    assert ended.code == FAILED[client]
    assert ended.says("409"), ended.output
    assert any(ended.says(f"File already exists ({name!r}") for name in names(taken)), ended.output


@pytest.mark.parametrize("client", CLIENTS)
def test_a_file_that_is_too_large_is_a_413_and_no_broken_connection(
    client: str, instance: Instance, large: Project
) -> None:
    ended = attempt_publish(client, large, f"{instance.url}/legacy/", instance.account.upload_token)

    assert ended.code == FAILED[client]
    assert ended.says("413"), ended.output
    assert ended.says(f"File too large: the limit is {instance.settings.upload_max_bytes} bytes."), ended.output


@pytest.mark.parametrize("client", ["twine", "uv"])
def test_a_body_that_is_refused_unread_is_a_413_and_no_broken_connection(
    client: str, instance: Instance, tmp_path: Path
) -> None:
    project = of_one_wheel(tmp_path / "project", "far-too-large", 8_000_000)

    ended = attempt_publish(client, project, f"{instance.url}/legacy/", instance.account.upload_token)

    assert ended.code == FAILED[client]
    assert ended.says("the request is larger than such a file needs."), ended.output


@pytest.mark.parametrize(
    ("client", "code", "sentence"),
    [
        ("twine", 1, "Your repository URL is missing a trailing slash."),  # it follows no redirect
        ("uv", 0, ""),
        ("poetry", 0, ""),
        ("flit", 0, ""),
    ],
)
def test_without_the_slash_clients_are_redirected_with_their_upload_or_say_what_is_missing(
    client: str, code: int, sentence: str, instance: Instance, taken: Taken
) -> None:
    ended = attempt_publish(client, taken.published, f"{instance.url}/legacy", instance.account.upload_token)

    assert ended.code == code, ended.output
    assert ended.says(sentence), ended.output


@pytest.mark.parametrize("client", CLIENTS)
def test_an_upload_to_the_simple_url_fails_and_names_the_right_one(
    client: str, instance: Instance, taken: Taken
) -> None:
    ended = attempt_publish(client, taken.published, f"{instance.url}/simple/", instance.account.upload_token)

    assert ended.code == FAILED[client]
    assert ended.says(f"Upload to {instance.url}/legacy/ instead."), ended.output
    if client == "uv":
        assert ended.says("are you using the simple index URL instead of the upload URL?"), ended.output


CHECK_URL: Final = "--check-url"


@pytest.mark.parametrize(
    ("client", "which", "options", "code", "sentence"),
    [
        ("poetry", "changed", ["--skip-existing"], 0, "File exists. Skipping"),
        (
            "twine",
            "changed",
            ["--skip-existing"],
            1,
            "UnsupportedConfiguration",
        ),  # before it asks us
        ("uv", "published", [CHECK_URL], 0, "taken_name-1.0-py3-none-any.whl already exists, skipping"),
        ("uv", "changed", [CHECK_URL], 2, "Local file and index file do not match for"),
    ],
)
def test_skipping_what_exists(
    client: str,
    which: str,
    options: Sequence[str],
    code: int,
    sentence: str,
    *,
    instance: Instance,
    taken: Taken,
) -> None:
    given = [*options, f"{instance.url}/simple/"] if CHECK_URL in options else options

    ended = attempt_publish(
        client, getattr(taken, which), f"{instance.url}/legacy/", instance.account.upload_token, given
    )

    assert ended.code == code, ended.output
    assert ended.says(sentence), ended.output


def test_uv_uploads_what_its_check_url_does_not_know_and_again_while_it_is_held(
    instance: Instance, tmp_path: Path
) -> None:
    project = make_project(tmp_path / "project", "checked-name")
    options = [CHECK_URL, f"{instance.url}/simple/"]
    url, token = f"{instance.url}/legacy/", instance.account.upload_token

    first = attempt_publish("uv", project, url, token, options)
    held = attempt_publish("uv", project, url, token, options)

    assert (first.code, held.code) == (0, 0), f"{first.output}\n{held.output}"
    until(lambda: instance.get("/simple/checked-name/").ok, seconds=20, what="published")
    third = attempt_publish("uv", project, url, token, options)
    assert third.says("already exists, skipping"), third.output


@pytest.mark.parametrize("client", ["uv", "flit"])
def test_the_same_files_again_are_a_success_when_they_are_published(
    client: str, instance: Instance, taken: Taken
) -> None:
    before = instance.get("/simple/taken-name/").text

    publish(client, taken.published, instance)

    assert instance.get("/simple/taken-name/").text == before
