from __future__ import annotations

import pytest

from scanner.analyzers.build_config import build_config
from scanner.model import Role
from tests.fixtures.views import artifact, plain_ruleset

SDIST = "x-1.tar.gz"


def found(files: dict[str, str], filename: str = SDIST) -> list[tuple[str, int | None]]:
    view = artifact(filename, {f"x-1/{name}": text for name, text in files.items()})
    findings = list(build_config(view, plain_ruleset()))
    assert all(finding.role is Role.BUILD for finding in findings)
    return [(finding.rule, finding.line) for finding in findings]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[build-system]\nrequires = []\nbuild-backend = "own"\nbackend-path = ["."]\n', [("in-tree-backend", 4)]),
        ('[build-system]\nrequires = ["setuptools>=61", "requests>=2"]\n', [("unusual-build-requirement", 2)]),
        ('[tool.hatch.build.hooks.custom]\npath = "hooks.py"\n', [("build-hook", 1)]),
        ("[tool.hatch.build.hooks.custom]\n", [("build-hook", 1)]),
        ('[tool.pdm.build]\ncustom-hook = "hook.py"\n', [("build-hook", 1)]),
        ('[tool.poetry.build]\nscript = "build.py"\n', [("build-hook", 1), ("build-hook", 1)]),
        ('[tool.setuptools.cmdclass]\ninstall = "x.setup.Install"\n', [("build-hook", 1)]),
        ('[tool.hatch.version]\nsource = "code"\npath = "x/version.py"\n', [("build-hook", 1)]),
    ],
)
def test_what_a_build_runs_is_told(text: str, expected: list[tuple[str, int]]) -> None:
    assert found({"pyproject.toml": text}) == expected


@pytest.mark.parametrize(
    "text",
    [
        '[build-system]\nrequires = ["setuptools>=61", "wheel", "setuptools_scm[toml]"]\n',
        '[build-system]\nrequires = ["hatchling", "hatch-vcs"]\nbuild-backend = "hatchling.build"\n',
        '[build-system]\nrequires = ["x"]\n',
        '[tool.hatch.version]\npath = "x/version.py"\n',
        '[tool.hatch.build.targets.wheel]\npackages = ["x"]\n',
        "[build-system\n",
        "build-system = 3\ntool = []\n",
        '[build-system]\nrequires = "setuptools"\nbackend-path = []\n',
    ],
)
def test_ordinary_builds_are_nothing(text: str) -> None:
    assert found({"pyproject.toml": text}) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[easy_install]\nindex_url = https://index.example.invalid/simple\n", ["foreign-index"]),
        ("[options]\ndependency_links =\n    https://host.example.invalid/a.zip\n", ["foreign-index"]),
        (
            "[options]\nsetup_requires =\n    wheel\n    a @ https://host.example.invalid/a.zip\n",
            ["direct-url-build-requirement"],
        ),
        ("[options]\nsetup_requires =\n    git+https://host.example.invalid/a.git\n", ["direct-url-build-requirement"]),
        ("[global]\nsetup-hooks = x.hooks.go\n", ["build-hook"]),
        ("[metadata]\nversion = attr: x.version.VALUE\n", ["build-hook"]),
        ("[metadata]\nversion = attr: x.plain.VALUE\nname = x\n", []),
        ("[options]\ninstall_requires =\n    requests>=2\n", []),
        ("[easy_install]\nzip_ok = false\n", []),
        ("[egg_info]\ntag_build =\ntag_date = 0\n", []),
        ("no section\n", []),
        ("[a]\nb" + " " * 200_000 + "c\n", []),
    ],
)
def test_setup_cfg(text: str, expected: list[str]) -> None:
    files = {"setup.cfg": text, "x/version.py": "VALUE = compute()\n", "x/plain.py": 'VALUE = "1.0"\n'}
    assert [rule for rule, _ in found(files)] == expected


def test_only_the_files_at_the_top_of_an_sdist_count() -> None:
    text = '[build-system]\nbackend-path = ["."]\n'
    assert found({"vendored/pyproject.toml": text}) == []
    assert found({"pyproject.toml": text}, "x-1-py3-none-any.whl") == []
