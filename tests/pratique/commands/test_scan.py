from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from pratique.cli import main
from tests.fixtures.artifacts import MALICIOUS, benign_release, build_wheel

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

    from tests.fixtures.artifacts import Artifact, Case


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("dist")


def stored(folder: Path, artifact: Artifact | Case) -> str:
    path = folder / artifact.filename
    path.write_bytes(artifact.data)
    return str(path)


def scan(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["scan", *arguments], catch_exceptions=False)


@pytest.fixture(scope="module")
def tidy(folder: Path) -> str:
    return stored(folder, benign_release()[0])


@pytest.fixture(scope="module")
def flagged(folder: Path) -> str:
    return stored(folder, MALICIOUS["decode-layers-exec"])


@pytest.fixture(scope="module")
def unscannable(folder: Path) -> str:
    return stored(folder, MALICIOUS["syntax-error"])


def test_a_clear_file_gives_0_and_says_why(tidy: str) -> None:
    result = scan(tidy)
    assert result.exit_code == 0
    assert f"{tidy}: clear" in result.stdout
    assert "Read 7 members" in result.stdout


def test_a_flagged_file_gives_1_and_names_the_place(flagged: str) -> None:
    result = scan(flagged)
    assert result.exit_code == 1
    assert f"{MALICIOUS['decode-layers-exec'].member}:5" in result.stdout


def test_what_could_not_be_scanned_gives_2_and_something_to_look_at_is_more_urgent(
    tidy: str, unscannable: str, flagged: str
) -> None:
    assert scan(tidy, unscannable).exit_code == 2
    assert scan(unscannable, flagged).exit_code == 1


def test_something_that_is_no_archive_is_not_clear(folder: Path) -> None:
    path = folder / "thing-1.0-py3-none-any.whl"
    path.write_bytes(b"nothing of the kind")
    result = scan("--format", "json", str(path))
    assert result.exit_code == 2
    told = json.loads(result.stdout)
    assert told["outcome"] == "unscannable"
    assert {finding["rule"] for finding in told["findings"]} == {"archive-refused"}


@pytest.mark.parametrize(
    "arguments", [[], ["--format", "yaml", "x"], ["--nonsense"], ["does-not-exist.whl"], ["--previous", "gone", "x"]]
)
def test_wrong_use_gives_64(arguments: list[str]) -> None:
    result = scan(*arguments)
    assert result.exit_code == 64
    assert "Usage: " in result.stderr


def test_json_is_one_object_for_each_file_in_their_order(tidy: str, flagged: str) -> None:
    lines = scan("--format", "json", flagged, tidy).stdout.splitlines()
    told = [json.loads(line) for line in lines]
    assert [(one["path"], one["outcome"]) for one in told] == [(flagged, "flagged"), (tidy, "clear")]
    assert len({one["ruleset"] for one in told}) == 1


def test_sarif_goes_to_a_file(flagged: str, tmp_path: Path) -> None:
    target = tmp_path / "report.sarif"
    result = scan("--format", "sarif", "--output", str(target), flagged)
    assert (result.exit_code, result.stdout) == (1, "")
    log = json.loads(target.read_text(encoding="utf-8"))
    assert "decode-exec" in {found["ruleId"] for found in log["runs"][0]["results"]}


def test_the_previous_release_shows_what_is_new(folder: Path) -> None:
    old = build_wheel("drifting", "1.0", {"drifting/__init__.py": "X = 1\n"})
    new = build_wheel(
        "drifting", "1.1", {"drifting/__init__.py": "import subprocess\n\n\ndef f(x):\n    subprocess.run([x])\n"}
    )
    arguments = ["--format", "json", "--previous", stored(folder, old), stored(folder, new)]
    rules = {reason["rule"] for reason in json.loads(scan(*arguments).stdout)["reasons"]}
    assert "new-capability" in rules
    assert "new-capability" not in {
        r["rule"] for r in json.loads(scan("--format", "json", arguments[-1]).stdout)["reasons"]
    }


def test_files_of_one_release_are_compared(folder: Path) -> None:
    _, sdist = benign_release("paired")
    wheel = build_wheel("paired", "1.0", {"paired/__init__.py": "import other\n", "paired/more.py": "X = 1\n"})
    lines = scan("--format", "json", stored(folder, wheel), stored(folder, sdist)).stdout.splitlines()
    rules = {reason["rule"] for reason in json.loads(lines[0])["reasons"]}
    assert rules >= {"wheel-not-from-sdist", "wheel-differs-from-sdist"}


def test_a_pipe_gets_no_colour_and_no_bar(tidy: str, flagged: str) -> None:
    command = [sys.executable, "-m", "pratique", "scan", tidy, flagged]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert "\x1b" not in done.stdout
    assert done.stderr == ""


def test_it_starts_without_the_web_and_the_database() -> None:
    code = "import sys, pratique.commands.scan; print(sorted({'flask', 'sqlalchemy', 'celery'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"
