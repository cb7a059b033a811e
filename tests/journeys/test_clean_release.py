"""A clean release, uploaded with each client, is invisible until it is inspected, and then installs."""

from __future__ import annotations

import time
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from tests.clients.projects import install_with_pip, install_with_uv, make_project, publish
from tests.servers.instance import until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.clients.projects import Project
    from tests.servers.instance import Instance

SETTLE_SECONDS = 2.0
JSON = "application/vnd.pypi.simple.v1+json"


def public_paths(project: Project) -> list[str]:
    """Every address under which the public could see the project."""
    paths = [f"/simple/{project.name}/", f"/pypi/{project.name}/json", f"/pypi/{project.name}/{project.version}/json"]
    for distribution in project.distributions:
        digest = sha256(distribution.read_bytes()).hexdigest()
        file = f"/files/{digest}/{distribution.name}"
        paths += [
            file,
            f"{file}.metadata",
            f"/integrity/{project.name}/{project.version}/{distribution.name}/provenance",
        ]
    return paths


@pytest.mark.parametrize("client", ["twine", "uv", "poetry", "flit"])
def test_a_clean_release_is_invisible_until_published_and_then_installs(
    client: str, instance: Instance, tmp_path: Path
) -> None:
    project = make_project(tmp_path / "project", f"greeting-{client}")

    publish(client, project, instance)
    uploaded = time.monotonic()

    # Asked at once, within the settling time: nothing is there.
    assert {path: instance.get(path).status_code for path in public_paths(project)} == dict.fromkeys(
        public_paths(project), 404
    )
    assert project.name not in instance.get("/simple/").text
    assert time.monotonic() - uploaded < SETTLE_SECONDS, "too slow a machine to look before publication"

    page = until(
        lambda: (answer := instance.get(f"/simple/{project.name}/", Accept=JSON)).ok and answer.json(),
        seconds=SETTLE_SECONDS + 3,
        what=f"{project.name} is published",
    )
    assert len(page["files"]) == 2
    assert page["versions"] == ["1.0"]

    install_with_pip(instance, project.name, tmp_path / "pip")
    install_with_uv(instance, project.name, tmp_path / "uv")
    module = f"greeting_{client}.py"
    assert (tmp_path / "pip" / module).read_text() == (tmp_path / "uv" / module).read_text()


def test_the_same_files_again_are_accepted_and_change_nothing(instance: Instance, tmp_path: Path) -> None:
    project = make_project(tmp_path / "project", "greeting-twice")

    publish("twine", project, instance)
    publish("twine", project, instance)
    until(lambda: instance.get(f"/simple/{project.name}/").ok, seconds=8, what="published")
    publish("twine", project, instance)

    page = instance.get(f"/simple/{project.name}/", Accept=JSON).json()
    assert len(page["files"]) == 2
