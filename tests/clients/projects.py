"""Small benign projects, and the real clients that build, upload and install them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.servers.instance import Instance

__all__ = [
    "CLIENTS",
    "Ended",
    "Project",
    "attempt",
    "attempt_publish",
    "install_with_pip",
    "install_with_uv",
    "make_project",
    "publish",
    "run",
]

#: The environment of the clients, made by `make test`.
CLIENTS: Final = Path(__file__).resolve().parents[2] / ".venv-clients" / "bin"

_PYPROJECT: Final = """\
[build-system]
requires = ["flit_core >=3.11,<5"]
build-backend = "flit_core.buildapi"

[project]
name = "{name}"
version = "{version}"
description = "A greeting, for a test."
readme = "README.md"
requires-python = ">=3.9"
authors = [{{name = "A. Maintainer", email = "maintainer@example.org"}}]
license = "MIT"
dependencies = {dependencies}

[project.urls]
Homepage = "https://example.org/{name}"
"""

_MODULE: Final = '''\
"""A greeting."""


def greet(name: str) -> str:
    """Say hello."""
    return f"Hello, {name}!"
'''


@dataclass(frozen=True, slots=True)
class Project:
    """A project folder with a built wheel and sdist in `dist`."""

    folder: Path
    name: str
    version: str

    @property
    def distributions(self) -> list[Path]:
        """The wheel and the sdist."""
        return sorted((self.folder / "dist").iterdir())


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    code: int
    output: str

    def says(self, sentence: str) -> bool:
        """Whether the sentence was printed, wherever the client breaks its lines."""
        return _unwrapped(sentence) in _unwrapped(self.output)


def _unwrapped(text: str) -> str:
    return "".join(character for character in text if not character.isspace() and character not in "│├╰─▶")


def run(command: Sequence[object], environment: Mapping[str, str] | None = None, *, cwd: Path | None = None) -> str:
    """What the command printed.

    Raises:
        AssertionError: it did not end with 0; the message holds what it printed.
    """
    ended = attempt(command, environment, cwd=cwd)
    assert ended.code == 0, f"{command[0]} ended with {ended.code}:\n{ended.output}"
    return ended.output


def attempt(
    command: Sequence[object],
    environment: Mapping[str, str] | None = None,
    *,
    cwd: Path | None = None,
    given: str = "",
) -> Ended:
    """How the command, with `given` as its input, ended, and what it printed."""
    clean = {
        name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "UV_", "TWINE_", "FLIT_"))
    }
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**clean, "NO_COLOR": "1", **(environment or {})},
        input=given,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    return Ended(done.returncode, done.stdout)


def make_project(
    folder: Path, name: str, version: str = "1.0", *, dependencies: Sequence[str] = (), module: str = _MODULE
) -> Project:
    """A benign project, built with flit into a wheel and an sdist."""
    folder.mkdir(parents=True)
    text = _PYPROJECT.format(name=name, version=version, dependencies=json.dumps(list(dependencies)))
    (folder / "pyproject.toml").write_text(text)
    (folder / "README.md").write_text(f"# {name}\n\nSays hello.\n")
    (folder / f"{name.replace('-', '_')}.py").write_text(module)
    run([CLIENTS / "flit", "build", "--no-use-vcs"], cwd=folder)
    return Project(folder, name, version)


def publish(client: str, project: Project, instance: Instance, *, token: str | None = None) -> str:
    """What the client printed; both files have been accepted."""
    ended = attempt_publish(client, project, f"{instance.url}/legacy/", token or instance.account.upload_token)
    assert ended.code == 0, f"{client} ended with {ended.code}:\n{ended.output}"
    return ended.output


def attempt_publish(client: str, project: Project, url: str, secret: str, options: Sequence[str] = ()) -> Ended:
    """How the client's upload of all distributions to `url` ended. flit builds them again before."""
    files = [str(path) for path in project.distributions]
    if client == "twine":
        account = {"TWINE_USERNAME": "__token__", "TWINE_PASSWORD": secret}
        command = ["twine", "upload", "--non-interactive", "--repository-url", url, *options, *files]
    elif client == "uv":
        account = {"UV_PUBLISH_TOKEN": secret}
        command = ["uv", "publish", "--no-config", "--publish-url", url, *options, *files]
    elif client == "poetry":
        account = dict(_poetry(url, secret))
        command = ["poetry", "publish", "--no-interaction", "--repository", "here", *options]
    elif client == "flit":
        account = {"FLIT_INDEX_URL": url, "FLIT_USERNAME": "__token__", "FLIT_PASSWORD": secret}
        command = ["flit", "publish", "--no-use-vcs", *options]
    else:
        raise ValueError(f"no client {client!r}")
    return attempt([CLIENTS / command[0], *command[1:]], account, cwd=project.folder)


def _poetry(url: str, secret: str) -> Mapping[str, str]:
    return {
        "POETRY_REPOSITORIES_HERE_URL": url,
        "POETRY_HTTP_BASIC_HERE_USERNAME": "__token__",
        "POETRY_HTTP_BASIC_HERE_PASSWORD": secret,
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
    }


def install_with_pip(instance: Instance, requirement: str, target: Path) -> str:
    """What pip printed; the requirement is installed into `target` from the index alone."""
    command = [sys.executable, "-m", "pip", "install", "--isolated", "--no-cache-dir", "--no-deps", "--target", target]
    return run([*command, "--index-url", f"{instance.url}/simple/", requirement])


def install_with_uv(instance: Instance, requirement: str, target: Path) -> str:
    """What uv printed; the requirement is installed into `target` from the index alone."""
    command = [CLIENTS / "uv", "pip", "install", "--no-config", "--no-cache", "--no-deps", "--target", target]
    return run([*command, "--python", sys.executable, "--default-index", f"{instance.url}/simple/", requirement])
