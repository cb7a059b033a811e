"""Installers before an index that reads what it does not have from another one."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.clients.projects import CLIENTS, Ended, attempt, install_with_pip, install_with_uv
from tests.fixtures.artifacts import Artifact, attack, build_wheel
from tests.servers.instance import running_instance, until
from tests.servers.simple_index import OtherIndex, other_index

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.servers.instance import Instance

JSON = "application/vnd.pypi.simple.v1+json"


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[OtherIndex]:
    with other_index() as running:
        yield running


@pytest.fixture(scope="module")
def mirror(elsewhere: OtherIndex, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    environment = {
        "PRATIQUE_UPSTREAM_URL": elsewhere.url,
        "PRATIQUE_UPSTREAM_PAGE_SECONDS": "0",
        "PRATIQUE_SETTLE_SECONDS": "1",
    }
    with running_instance(tmp_path_factory.mktemp("mirror"), environment) as running:
        yield running


def tidy(name: str, version: str = "1.0", *, requires: str = "") -> Artifact:
    metadata = {"Requires-Dist": requires} if requires else {}
    return build_wheel(name, version, {f"{name.replace('-', '_')}.py": f"VALUE = {version!r}\n"}, metadata=metadata)


def filenames(mirror: Instance, project: str) -> list[str]:
    page = mirror.get(f"/simple/{project}/", Accept=JSON)
    page.raise_for_status()
    return [file["filename"] for file in page.json()["files"]]


def with_dependencies(client: str, mirror: Instance, target: Path, requirement: str) -> Ended:
    index = f"{mirror.url}/simple/"
    if client == "pip":
        command = [sys.executable, "-m", "pip", "install", "--isolated", "--no-cache-dir", "--target", target]
        return attempt([*command, "--index-url", index, requirement])
    command = [str(CLIENTS / "uv"), "pip", "install", "--no-config", "--no-cache", "--python", sys.executable]
    return attempt([*command, "--target", target, "--default-index", index, requirement])


@pytest.mark.parametrize("client", ["pip", "uv"])
def test_a_clean_package_and_what_it_requires_install_at_the_first_try(
    client: str, mirror: Instance, elsewhere: OtherIndex, tmp_path: Path
) -> None:
    for artifact in (tidy(f"calm-{client}", requires=f"quiet-{client}>=1"), tidy(f"quiet-{client}")):
        elsewhere.put(artifact)

    ended = with_dependencies(client, mirror, tmp_path, f"calm-{client}")

    assert ended.code == 0, ended.output
    assert {path.name for path in tmp_path.glob("*.py")} == {f"calm_{client}.py", f"quiet_{client}.py"}
    assert mirror.state(f"calm_{client}-1.0-py3-none-any.whl") == "published"


def test_poetry_locks_a_package_with_its_hash(mirror: Instance, elsewhere: OtherIndex, tmp_path: Path) -> None:
    file = elsewhere.put(tidy("calm-poetry"))
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "app"\nversion = "0"\nrequires-python = ">=3.11"\ndependencies = ["calm-poetry"]\n'
        "[tool.poetry]\npackage-mode = false\n"
        f'[[tool.poetry.source]]\nname = "here"\nurl = "{mirror.url}/simple/"\npriority = "primary"\n'
    )
    environment = {
        "POETRY_CACHE_DIR": str(tmp_path / "cache"),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        "POETRY_VIRTUALENVS_CREATE": "false",
    }

    ended = attempt([CLIENTS / "poetry", "lock", "--no-interaction"], environment, cwd=tmp_path)

    assert ended.code == 0, ended.output
    assert f"sha256:{file.sha256}" in (tmp_path / "poetry.lock").read_text()


@pytest.mark.parametrize("client", ["pip", "uv"])
def test_a_malicious_release_is_never_given_out_and_the_next_install_takes_the_one_before(
    client: str, mirror: Instance, elsewhere: OtherIndex, tmp_path: Path
) -> None:
    case = attack("environment-theft", f"turned-{client}")
    bad = elsewhere.put(Artifact(case.filename, case.data))
    elsewhere.put(tidy(f"turned-{client}", "0.9"))
    install = install_with_pip if client == "pip" else install_with_uv

    with pytest.raises(AssertionError, match="503"):
        install(mirror, f"turned-{client}", tmp_path / "first")
    install(mirror, f"turned-{client}", tmp_path / "second")

    assert not list((tmp_path / "first").glob("*.dist-info"))
    assert [path.name for path in (tmp_path / "second").glob("*.dist-info")] == [f"turned_{client}-0.9.dist-info"]
    assert mirror.state(bad.filename) == "in_review"
    assert bad.filename not in filenames(mirror, f"turned-{client}")


def test_the_same_name_upstream_never_stands_in_for_a_held_release_of_ours(
    mirror: Instance, elsewhere: OtherIndex, tmp_path: Path
) -> None:
    case = attack("environment-theft", "in-house")
    mirror.upload(case.filename, case.data).raise_for_status()
    elsewhere.put(tidy("in-house", "99.0"))
    elsewhere.put(tidy("1n-h0use", "99.0"))

    for requirement in ("in-house", "1n-h0use"):
        with pytest.raises(AssertionError, match="No matching distribution"):
            install_with_pip(mirror, requirement, tmp_path)
    assert elsewhere.times_asked("99.0") == elsewhere.times_asked("/simple/in-house/") == 0


def test_an_index_is_imported_while_the_instance_runs_and_installs_afterwards(
    mirror: Instance, elsewhere: OtherIndex, tmp_path: Path
) -> None:
    file = elsewhere.put(tidy("moved-here"))
    environment = {**os.environ, "PRATIQUE_DATA": str(mirror.settings.data_folder)}
    command = [sys.executable, "-m", "pratique", "import", elsewhere.url, "--project", "moved-here"]

    done = subprocess.run(
        [*command, "--as", mirror.account.maintainer], env=environment, capture_output=True, text=True, check=False
    )
    until(lambda: mirror.state(file.filename) == "published", seconds=20, what="the imported file is published")
    install_with_pip(mirror, "moved-here", tmp_path)

    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "moved_here.py").exists()
