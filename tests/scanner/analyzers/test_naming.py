"""What an artifact calls itself and what it installs, against what others are called."""

from __future__ import annotations

import pytest

from scanner.analyzers.naming import naming
from scanner.model import ArtifactMetadata, Kind
from tests.fixtures.views import artifact, plain_ruleset

RULES = plain_ruleset()


def found(
    name: str = "tidy-words",
    *,
    files: dict[str, str] | None = None,
    is_wheel: bool = True,
    email: str = "ada@tidy.invalid",
    urls: tuple[str, ...] = (),
    requires: tuple[str, ...] = (),
) -> list[tuple[str, str]]:
    metadata = ArtifactMetadata(name=name, version="1.0", author_email=email, project_urls=urls, requires_dist=requires)
    filename = f"{name.replace('-', '_')}-1.0" + ("-py3-none-any.whl" if is_wheel else ".tar.gz")
    view = artifact(filename, files or {}, metadata=metadata)
    return [(finding.rule, finding.snippet) for finding in naming(view, RULES)]


def rules(**what: object) -> list[str]:
    return [rule for rule, _ in found(**what)]  # type: ignore[arg-type] # handed on


SCRIPTS = "x-1.0.dist-info/entry_points.txt"

STRANGE = {
    "a name near to another": ({"name": "reqeusts"}, "name-near-popular"),
    "in another spelling": ({"name": "Reqeusts"}, "name-near-popular"),
    "a name with a common word": ({"name": "requests-utils"}, "name-built-on-popular"),
    "a dependency near to another": ({"requires": ("reqeusts>=2; python_version > '3'",)}, "dependency-near-popular"),
    "a module of Python": ({"files": {"socket.py": ""}}, "module-shadows-standard-library"),
    "a package of Python": ({"files": {"json/__init__.py": ""}}, "module-shadows-standard-library"),
    "a package of another": ({"files": {"requests/__init__.py": ""}}, "module-of-another-project"),
    "a command": ({"files": {SCRIPTS: "[console_scripts]\nls = tidy:main\n"}}, "command-shadows-another"),
    "a command with a window": ({"files": {SCRIPTS: "[gui_scripts]\nGit = tidy:main\n"}}, "command-shadows-another"),
    "a script": ({"files": {"x-1.0.data/scripts/sudo": ""}}, "command-shadows-another"),
    "a number for an address": ({"urls": ("Homepage, http://203.0.113.7/x",)}, "project-address-unusual"),
    "a short link": ({"urls": ("Docs, https://bit.ly/x",)}, "project-address-unusual"),
    "a chat for a home": ({"urls": ("Homepage, https://discord.gg/x",)}, "project-address-unusual"),
    "a borrowed repository": (
        {"urls": ("Source, https://github.com/psf/requests",)},
        "repository-of-another-project",
    ),
    "a throwaway contact": ({"email": "Ada <ada@mailinator.com>"}, "contact-disposable"),
    "a throwaway contact below": ({"email": "ada@x.mailinator.com"}, "contact-disposable"),
    "the second of two contacts": ({"email": "ada@tidy.invalid, Bob <b@yopmail.com>"}, "contact-disposable"),
    "an example": ({"email": "you@example.com"}, "contact-placeholder"),
    "a template": ({"email": "your.email@domain.com"}, "contact-placeholder"),
}


@pytest.mark.parametrize(("what", "rule"), STRANGE.values(), ids=STRANGE)
def test_what_is_strange_is_told_once(what: dict[str, object], rule: str) -> None:
    assert rules(**what) == [rule]


ORDINARY = {
    "nothing": {},
    "a popular name itself": {"name": "requests", "files": {"requests/__init__.py": ""}},
    "a dependency on a popular one": {"requires": ("requests>=2", "urllib3[socks]; extra == 'x'")},
    "a package of its own name": {"files": {"tidy_words/__init__.py": ""}},
    "a backport of its own name": {"name": "dataclasses", "files": {"dataclasses.py": ""}},
    "a part of a namespace": {"name": "google-tidy", "files": {"google/tidy/__init__.py": ""}},
    "stubs": {"name": "types-requests", "files": {"requests-stubs/__init__.pyi": ""}},
    "a module below": {"files": {"tidy_words/json.py": "", "tidy_words/requests/__init__.py": ""}},
    "a command of its own": {"files": {SCRIPTS: "[console_scripts]\ntidy-words = tidy:main\n"}},
    "a command of its own name": {"name": "uv", "files": {"uv-1.0.data/scripts/uv": ""}},
    "entry points of another kind": {"files": {SCRIPTS: "[tidy.plugins]\nls = tidy:main\n"}},
    "broken entry points": {"files": {SCRIPTS: "ls = tidy:main\n[console_scripts\n"}},
    "its own repository": {"urls": ("Source, https://github.com/ada/tidy-words",)},
    "a repository of its maker": {"urls": ("Source, https://github.com/tidy-words/requests",)},
    "a maker's page": {"urls": ("Home, https://github.com/psf",)},
    "a chat to talk": {"urls": ("Chat, https://discord.gg/x", "Talk, https://t.me/x")},
    "a broken address": {"urls": ("Home, http://[::1",)},
    "several contacts": {"email": "Ada <ada@tidy.invalid>, b@examples.invalid"},
    "no contact": {"email": ""},
}


@pytest.mark.parametrize("what", ORDINARY.values(), ids=ORDINARY)
def test_what_is_ordinary_is_not_told(what: dict[str, object]) -> None:
    assert rules(**what) == []


def test_an_sdist_is_judged_by_its_metadata_alone() -> None:
    """What lies at its top is not what is installed."""
    files = {"tidy_words-1.0/json/__init__.py": "", "tidy_words-1.0/socket.py": ""}
    assert rules(files=files, is_wheel=False) == []
    assert rules(name="reqeusts", is_wheel=False) == ["name-near-popular"]


def test_all_are_priors_about_the_release_as_a_whole() -> None:
    said = naming(artifact("x-1-py3-none-any.whl", {}, metadata=ArtifactMetadata(name="reqeusts")), RULES)
    assert {finding.kind for finding in said} == {Kind.NAMES}


def test_one_borrowed_repository_is_told_once() -> None:
    urls = tuple(f"{label}, https://github.com/psf/requests/{label}" for label in ("issues", "wiki", "releases"))
    assert rules(urls=urls) == ["repository-of-another-project"]
