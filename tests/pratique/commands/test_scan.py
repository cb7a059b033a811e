from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, NoReturn

import pytest
from click.testing import CliRunner

import pratique.commands.scan as command
from pratique.cli import main
from tests.fixtures.artifacts import MALICIOUS, benign_release, build_wheel

if TYPE_CHECKING:
    from collections.abc import Iterator
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


@pytest.fixture(autouse=True, scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache of this module's own."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(home))
        yield home / "pratique" / "inspections"


def scan(*arguments: str, stdin: bytes = b"") -> Result:
    return CliRunner().invoke(main, ["scan", *arguments], input=stdin, catch_exceptions=False)


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


def test_a_folder_is_searched_and_nothing_but_distributions_is_taken(tmp_path: Path) -> None:
    wheel, sdist = benign_release()
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    paths = [stored(below, wheel), stored(tmp_path, sdist)]
    (tmp_path / "README.md").write_text("no distribution", encoding="utf-8")
    (tmp_path / "data.zip").write_bytes(b"no distribution")
    (tmp_path / "circle").symlink_to(tmp_path)
    lines = scan("--format", "json", str(tmp_path)).stdout.splitlines()
    assert [json.loads(line)["path"] for line in lines] == sorted(paths)


def test_what_an_installer_would_take_is_not_passed_over(tmp_path: Path) -> None:
    (tmp_path / "thing-1.0.zip").write_bytes(b"PK")
    result = scan(str(tmp_path))
    assert result.exit_code in {1, 2}
    assert "thing-1.0.zip: clear" not in result.stdout


def test_a_folder_or_list_without_a_distribution_is_wrong_use_and_not_clear(tmp_path: Path) -> None:
    assert scan(str(tmp_path)).exit_code == 64
    assert scan("-").exit_code == 64
    assert scan("-", stdin=b"\n\n").exit_code == 64
    assert "no such file" in scan("-", stdin=b"gone.whl\n").stderr


def test_a_list_on_standard_input_is_read_and_each_file_told_once(tidy: str, flagged: str, folder: Path) -> None:
    strange = folder / "z" / os.fsdecode(b"\xff-1.0-py3-none-any.whl")
    strange.parent.mkdir()
    strange.write_bytes(b"nothing")
    names = os.fsencode(f"{flagged}\n{tidy}\n{flagged}\n{strange}\n")
    lines = scan("--format", "json", "-", tidy, stdin=names).stdout.splitlines()
    assert [json.loads(line)["path"] for line in lines] == [flagged, tidy, str(strange)]


@pytest.mark.parametrize("jobs", ["1", "3"])
def test_jobs_change_neither_order_nor_result(jobs: str, folder: Path) -> None:
    many = [stored(folder, case) for case in MALICIOUS.values()]
    arguments = ["--format", "json", "--no-cache", "--jobs", jobs, *many]
    told = [json.loads(line) for line in scan(*arguments).stdout.splitlines()]
    assert [one["path"] for one in told] == many
    assert "clear" not in {one["outcome"] for one in told}


def test_a_second_scan_says_the_same_without_a_sandbox(
    tidy: str, flagged: str, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = scan("--no-cache", tidy, flagged)
    shutil.rmtree(cache, ignore_errors=True)
    first = scan(tidy, flagged)
    assert list(cache.iterdir())
    monkeypatch.setattr(command, "Sandbox", never)
    second = scan(tidy, flagged)
    assert (plain.stdout, plain.exit_code) == (first.stdout, first.exit_code) == (second.stdout, second.exit_code)


def test_no_cache_neither_reads_nor_writes_one(tidy: str, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scan(tidy)
    kept = sorted(cache.iterdir())
    monkeypatch.setattr(command, "Sandbox", never)
    with pytest.raises(AssertionError, match="the sandbox was needed"):
        scan("--no-cache", tidy)
    assert sorted(cache.iterdir()) == kept


def test_a_cache_that_others_may_write_to_is_not_used_and_that_is_said(tidy: str, tmp_path: Path) -> None:
    shared = tmp_path / "pratique" / "inspections"
    shared.mkdir(parents=True)
    shared.chmod(0o777)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path))
        result = scan(tidy)
    assert result.exit_code == 0
    assert "Scanning without a cache" in result.stderr
    assert list(shared.iterdir()) == []


def never() -> NoReturn:
    raise AssertionError("the sandbox was needed")


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
