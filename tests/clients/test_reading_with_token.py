"""How pip, uv and poetry read from an index that asks for a token."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

import pytest

from index.accounts.tokens import create_token
from index.clock import utcnow
from index.store.tables import Scope
from tests.clients.projects import CLIENTS, Ended, attempt
from tests.fixtures.artifacts import build_wheel
from tests.fixtures.releases import make_user
from tests.servers.instance import running_instance, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.servers.instance import Instance

PROJECT: Final = "inner-shelf"

PYPROJECT: Final = """
[project]
name = "outer"
version = "1.0"
requires-python = ">=3.11"
dependencies = ["inner-shelf"]

[tool.poetry]
package-mode = false

[[tool.poetry.source]]
name = "inner"
url = "{url}/simple/"
"""


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    environment = {"PRATIQUE_READING": "token", "PRATIQUE_SETTLE_SECONDS": "0.5"}
    with running_instance(tmp_path_factory.mktemp("closed"), environment) as running:
        filename, data = build_wheel(PROJECT, "1.0", {"inner_shelf.py": "VALUE = 1\n"})
        running.upload(filename, data).raise_for_status()
        until(lambda: running.state(filename) == "published", seconds=20, what=f"{filename} is published")
        yield running


@pytest.fixture(scope="module")
def reading_token(closed: Instance) -> str:
    database = closed.database()
    try:
        with database.write() as session:
            user = make_user(session, "machine")
            return create_token(session, user, label="build machine", scope=Scope.READ, now=utcnow())[1]
    finally:
        database.dispose()


def read(client: str, url: str, token: str, folder: Path) -> Ended:
    """How reading with the token (with none, where it is empty) ended: `folder` then tells of the project."""
    index = f"{url.replace('://', f'://__token__:{token}@') if token else url}/simple/"
    if client == "pip":
        command = [sys.executable, "-m", "pip", "install", "--isolated", "--disable-pip-version-check", "--no-input"]
        return attempt([*command, "--no-deps", "--no-cache-dir", "--target", folder, "--index-url", index, PROJECT])
    if client == "uv":
        command = [str(CLIENTS / "uv"), "pip", "install", "--no-config", "--no-cache", "--python", sys.executable]
        return attempt([*command, "--no-deps", "--target", folder, "--default-index", index, PROJECT])
    (folder / "pyproject.toml").write_text(PYPROJECT.format(url=url))
    credentials = {"POETRY_HTTP_BASIC_INNER_USERNAME": "__token__", "POETRY_HTTP_BASIC_INNER_PASSWORD": token}
    environment = {
        **(credentials if token else {}),
        "POETRY_CACHE_DIR": str(folder / "cache"),
        "POETRY_CONFIG_DIR": str(folder / "config"),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
    }
    command = [str(CLIENTS / "poetry"), "lock", "--no-interaction", "--directory", str(folder)]
    return attempt(command, environment=environment)


@pytest.mark.parametrize("client", ["pip", "uv", "poetry"])
def test_a_client_reads_with_a_token_and_not_without(
    client: str, closed: Instance, reading_token: str, tmp_path: Path
) -> None:
    without, folder = tmp_path / "without", tmp_path / "with"
    without.mkdir()
    folder.mkdir()

    refused = read(client, closed.url, "", without)
    assert refused.code != 0
    assert not [path for path in without.rglob("*") if "inner_shelf" in path.name or path.name == "poetry.lock"]

    ended = read(client, closed.url, reading_token, folder)
    assert ended.code == 0, ended.output
    if client == "poetry":
        assert PROJECT in (folder / "poetry.lock").read_text()
    else:
        assert (folder / "inner_shelf.py").is_file()
