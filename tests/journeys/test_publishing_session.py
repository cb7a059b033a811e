"""A release that comes through the upload API 2.0: sent in parts, published as a whole, installed with pip."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

from tests.clients.pep694 import Client, Problem
from tests.clients.projects import install_with_pip, make_project
from tests.fixtures.artifacts import MALICIOUS, build_wheel
from tests.servers.desk import Desk
from tests.servers.instance import until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.clients.pep694 import Release
    from tests.servers.instance import Instance

JSON = "application/vnd.pypi.simple.v1+json"


@pytest.fixture
def client(instance: Instance) -> Client:
    return Client(f"{instance.url}/upload/2.0/", instance.account.upload_token)


def status_of(url: str, token: str, *options: str) -> tuple[int, str]:
    """The exit status of `pratique status`, and what it printed."""
    command = [sys.executable, "-m", "pratique", "status", url, *options]
    done = subprocess.run(
        command, env={**os.environ, "PRATIQUE_TOKEN": token}, capture_output=True, text=True, timeout=60, check=False
    )
    return done.returncode, done.stdout + done.stderr


def is_held(release: Release) -> bool:
    """Whether a person is asked."""
    return "is held" in release.document["notices"][0]


def submission_url(instance: Instance, filename: str, data: bytes) -> str:
    """Where the plain way says that the file is followed: the same bytes again change nothing."""
    return instance.upload(filename, data).headers["Location"]


def test_wheel_and_sdist_are_published_together_and_install(client: Client, instance: Instance, tmp_path: Path) -> None:
    project = make_project(tmp_path / "project", "greeting-session")
    release = client.open(project.name, project.version)
    for path in project.distributions:
        assert release.upload(path.name, path.read_bytes())["status"] == "completed"
    assert instance.get(f"/simple/{project.name}/").status_code == 404
    assert release.look() == "open"

    assert release.publish() == "processing"
    assert release.wait(20) == "published"

    page = instance.get(f"/simple/{project.name}/", Accept=JSON).json()
    assert [file["filename"] for file in page["files"]] == sorted(path.name for path in project.distributions)
    install_with_pip(instance, project.name, tmp_path / "pip")
    assert (tmp_path / "pip" / "greeting_session.py").exists()
    url = submission_url(instance, project.distributions[0].name, project.distributions[0].read_bytes())
    assert status_of(url, instance.account.upload_token, "--wait")[0] == 0


def test_a_suspicious_release_is_processing_until_a_person_decides_and_all_say_the_same(
    client: Client, instance: Instance
) -> None:
    case = MALICIOUS["module-dropper"]
    with zipfile.ZipFile(io.BytesIO(case.data)) as archive:
        attack = archive.read(case.member)
    wheel = build_wheel("inert-session", "1.0", {"inert_session/__init__.py": attack})
    token = instance.account.upload_token
    release = client.open("inert-session", "1.0")
    release.upload(*wheel)
    release.publish()
    until(lambda: release.look() == "processing" and is_held(release), seconds=20, what="it is held")

    url = submission_url(instance, *wheel)
    code, printed = status_of(url, token)
    assert code == 3
    for notice in release.document["notices"]:
        assert notice in printed or notice.startswith("Half of"), printed
    assert f"inert_session/__init__.py, line {case.line} in {wheel.filename}" in printed
    assert status_of(url, "pratique-wrong")[0] == 2
    with pytest.raises(Problem, match="processing"):
        release.cancel()

    desk = Desk(instance)
    answer = desk.fill(desk.case_of("inert-session"), reason="It fetches code and runs it.", decision="reject")
    assert answer.ok, answer.text
    assert release.look() == "error"
    assert "It fetches code and runs it." in release.document["notices"]
    code, printed = status_of(url, token, "--wait")
    assert code == 1
    assert "It fetches code and runs it." in printed
    assert instance.get("/simple/inert-session/").status_code == 404
    release.cancel()
    assert release.look() == "canceled"
