from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pratique.commands.rules import rules
from scanner.ruleset import DEFAULT_RULES


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(rules, [str(argument) for argument in arguments], catch_exceptions=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(DEFAULT_RULES, tmp_path / "rules"))


def test_check_of_our_rules_says_how_much_was_checked() -> None:
    result = run("check")
    assert result.exit_code == 0
    assert "no problem" in result.stdout


def test_check_of_a_spoiled_folder_ends_with_1_and_names_the_line(folder: Path) -> None:
    path = folder / "yara" / "miners.yar"
    path.write_text(path.read_text(encoding="utf-8").replace('"stratum+ssl://"', '"st" private'), encoding="utf-8")
    result = run("check", "--folder", folder)
    assert result.exit_code == 1
    assert "yara/miners.yar:" in result.stdout
    assert "cannot become active" in result.stderr


def test_check_runs_the_tests_beside_the_rules(folder: Path) -> None:
    path = folder / "tests" / "miners.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("stratum+tcp", "other"), encoding="utf-8")
    result = run("check", "--folder", folder)
    assert result.exit_code == 1
    assert "miner-protocol: hit test 1 is missed" in result.stdout


def test_list_has_a_line_for_each_rule() -> None:
    lines = run("list").stdout.splitlines()
    assert "keylogger\ttext\thigh\tmedium\trecorded keys beside an upload" in lines
    assert lines == sorted(lines)


def test_show_tells_what_a_rule_says() -> None:
    result = run("show", "keylogger")
    assert "T1056.001" in result.stdout
    assert "false positives" in result.stdout


def test_show_of_an_unknown_rule_ends_with_1_and_makes_its_name_visible() -> None:
    result = run("show", "\x1b[31mnone")
    assert result.exit_code == 1
    assert "\x1b" not in result.stderr


def test_test_names_rule_place_and_text_with_controls_made_visible(tmp_path: Path) -> None:
    path = tmp_path / "sample.py"
    path.write_bytes(b"\nexec(base64.b64decode(x)) # \x1b[31m\n")
    result = run("test", path)
    assert result.exit_code == 0
    assert "decodes-and-executes\tcritical\t2:1\texec(base64.b64decode(x)) # \\x1b[31m" in result.stdout


def test_test_says_when_nothing_hits(tmp_path: Path) -> None:
    path = tmp_path / "sample.py"
    path.write_bytes(b"x = 1\n")
    assert "No rule hits" in run("test", path).stderr


def test_stats_counts_and_names_the_ruleset() -> None:
    result = run("stats", "--speed")
    assert result.stdout.startswith("kind\tinfo\tlow\tmedium\thigh\tcritical\tall\n")
    assert "MB/s" in result.stdout


def test_a_broken_folder_gives_a_sentence_and_no_traceback(folder: Path) -> None:
    (folder / "policy.toml").unlink()
    result = run("list", "--folder", folder)
    assert result.exit_code == 1
    assert "policy.toml" in result.stderr
