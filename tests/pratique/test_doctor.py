"""`pratique doctor` says what is missing, and its exit status says whether it matters."""

from __future__ import annotations

import shutil
from functools import partial
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from pratique.commands import doctor as module
from pratique.commands.doctor import doctor
from scanner.ruleset import DEFAULT_RULES
from scanner.sandbox import LAYERS, Sandbox

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

POISON = "tests.scanner.sandbox.poison:inspect"
WEAK = "tests.scanner.sandbox.weak:inspect"


@pytest.fixture(autouse=True)
def light_scanner(monkeypatch: pytest.MonkeyPatch) -> None:
    """A real sandbox whose child does not need the scanner."""
    use_entry(monkeypatch, POISON)


def use_entry(monkeypatch: pytest.MonkeyPatch, entry: str) -> None:
    monkeypatch.setattr(module, "Sandbox", partial(Sandbox, entry=entry))


def run(**environment: str) -> Result:
    return CliRunner().invoke(doctor, env={f"PRATIQUE_{name.upper()}": value for name, value in environment.items()})


def told(result: Result) -> dict[str, tuple[str, str]]:
    """What was checked → state and detail."""
    lines = [line.split("\t") for line in result.stdout.splitlines()]
    return {what: (state, detail) for state, what, detail in lines}


def test_machine_that_has_what_is_required_ends_with_zero() -> None:
    result = run()
    answer = told(result)
    assert result.exit_code == 0, result.output
    assert {f"layer {layer}" for layer in LAYERS} <= answer.keys()
    assert answer["rules"][0] == answer["sandbox"][0] == answer["attestations"][0] == "ok"
    assert answer["requires seccomp or netns"][0] == "ok"
    assert "\x1b" not in result.output


def test_required_layer_that_does_not_hold_ends_with_one(monkeypatch: pytest.MonkeyPatch) -> None:
    use_entry(monkeypatch, WEAK)
    result = run()
    answer = told(result)
    assert result.exit_code == 1
    assert answer["layer seccomp"] == ("absent", "[Errno 38] this kernel has no such thing")
    assert answer["requires seccomp or netns"][0] == "failed"
    assert answer["requires rlimits"][0] == "ok"


def test_layer_that_policy_does_not_ask_for_may_be_absent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    use_entry(monkeypatch, WEAK)
    shutil.copytree(DEFAULT_RULES, tmp_path / "rules")
    policy = tmp_path / "rules" / "policy.toml"
    lines = policy.read_text(encoding="utf-8").splitlines()
    kept = ['required_sandbox = [["rlimits"]]' if line.startswith("required_sandbox") else line for line in lines]
    policy.write_text("\n".join(kept), encoding="utf-8")
    result = run(rules=str(tmp_path / "rules"))
    assert result.exit_code == 0, result.output
    assert told(result)["layer seccomp"][0] == "absent"


def test_broken_rules_are_told_and_end_with_one(tmp_path: Path) -> None:
    result = run(rules=str(tmp_path))
    answer = told(result)
    assert result.exit_code == 1
    assert answer["rules"][0] == answer["sandbox"][0] == "failed"
    assert str(tmp_path) in answer["rules"][1]


def test_sandbox_that_cannot_start_ends_with_one(monkeypatch: pytest.MonkeyPatch) -> None:
    use_entry(monkeypatch, "tests.scanner.sandbox.nowhere:inspect")
    result = run()
    assert result.exit_code == 1
    assert told(result)["sandbox"][0] == "failed"
    assert "ModuleNotFoundError" in told(result)["sandbox"][1]


def test_broken_trusted_root_ends_with_one(tmp_path: Path) -> None:
    result = run(trusted_root=str(tmp_path / "none.json"))
    assert result.exit_code == 1
    assert told(result)["attestations"][0] == "failed"


def test_terminal_gets_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "160")
    result = run()
    assert result.exit_code == 0
    assert "\x1b[" in result.output
    assert "layer seccomp" in result.output
