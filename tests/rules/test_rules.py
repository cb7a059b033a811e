"""The rules that come with this version: fit to become active, and quiet about ordinary code."""

from __future__ import annotations

import sysconfig
from pathlib import Path

import pytest

from scanner.model import Kind, Role, Severity
from scanner.rulecheck import check_rules, load_cases
from scanner.ruleset import DEFAULT_RULES, Ruleset


@pytest.fixture(scope="module")
def ruleset() -> Ruleset:
    return Ruleset.load(DEFAULT_RULES)


def test_the_rules_pass_their_own_check() -> None:
    assert check_rules(DEFAULT_RULES).problems == ()


def test_the_standard_library_gives_no_severe_finding(ruleset: Ruleset) -> None:
    library = Path(sysconfig.get_path("stdlib"))
    severe = [
        (path.name, match.rule)
        for path in sorted(library.rglob("*.py"))
        if not {"test", "tests", "site-packages", "idlelib"} & set(path.relative_to(library).parts)
        for match in ruleset.match(path.read_bytes(), timeout_seconds=20, member=path.name, role=Role.IMPORT)
        if ruleset.rules[match.rule].severity in {Severity.HIGH, Severity.CRITICAL}
    ]
    # urllib.request encodes credentials and looks up host names, as the rule's false positives say.
    assert set(severe) <= {("request.py", "data-in-name-queries")}


def test_every_group_of_rules_has_tests_of_its_own() -> None:
    groups = {path.stem for path in (DEFAULT_RULES / "yara").glob("[a-z]*.yar")}
    assert groups == {path.stem for path in (DEFAULT_RULES / "tests").glob("*.toml")}


def test_what_is_critical_has_a_reason_to_be_sure(ruleset: Ruleset) -> None:
    unsure = {
        info.id
        for info in ruleset.rules.values()
        if info.kind in {Kind.TEXT, Kind.BINARY} and info.severity is Severity.CRITICAL and info.confidence == "low"
    }
    assert unsure == set()


def test_no_test_text_would_be_a_whole_program_or_the_antivirus_file() -> None:
    for path in (DEFAULT_RULES / "tests").glob("*.toml"):
        content = path.read_bytes()
        assert b"EICAR-STANDARD" not in content
        assert b"MZ\x90" not in content
    for tests in load_cases(DEFAULT_RULES).values():
        assert all(len(data) < 2_000 for data in (*tests.must_hit(), *tests.must_miss()))
