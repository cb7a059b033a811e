from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yara

from scanner.model import Kind, Role, RuleId, RulesetHash
from scanner.ruleset import DEFAULT_RULES, Match, MatchTimeout, Ruleset, RulesetBroken

if TYPE_CHECKING:
    from collections.abc import Callable

    from scanner.rule import RuleInfo

TOML_RULE = """[[rule]]
id = "{id}"
title = "x"
meaning = "X."
kind = "behaviour"
severity = "low"
confidence = "low"
"""


def test_a_yara_rule_is_a_rule_like_the_others(folder: Path) -> None:
    info = Ruleset.load(folder).rules[RuleId("marker-rule")]
    assert (info.kind, info.title, info.technique) == (Kind.TEXT, "marker in the text", "T1027")
    assert info.reference.startswith("https://attack.mitre.org/")


def test_match_gives_every_place_by_offset(folder: Path) -> None:
    matches = Ruleset.load(folder).match(b"a MARKER-TEXT and MARKER-TEXT", timeout_seconds=5)
    assert matches == [("marker-rule", 2, b"MARKER-TEXT"), ("marker-rule", 18, b"MARKER-TEXT")]


def test_large_data_gives_one_place_for_a_string(folder: Path) -> None:
    data = b"MARKER-TEXT" * 200_000
    assert Ruleset.load(folder).match(data, timeout_seconds=20) == [Match(RuleId("marker-rule"), 0, b"MARKER-TEXT")]


def test_a_rule_whose_strings_are_all_private_shows_the_beginning(folder: Path, rule: Callable[..., Path]) -> None:
    rule(folder, string='"MARKER-TEXT" private')
    assert Ruleset.load(folder).match(b"a MARKER-TEXT", timeout_seconds=5) == [("marker-rule", 0, b"")]


def test_no_rule_is_asked_about_a_member_in_which_none_hits(folder: Path, rule: Callable[..., Path]) -> None:
    rule(folder)
    rules = Ruleset.load(folder).yara
    assert rules is not None
    asked: list[str] = []

    def wanted(info: RuleInfo) -> bool:
        asked.append(info.id)
        return False

    assert rules.match(b"nothing of the kind", timeout_seconds=5, wanted=wanted) == []
    assert asked == []
    assert rules.match(b"a MARKER-TEXT", timeout_seconds=5, wanted=wanted) == []
    assert asked == ["marker-rule"]


def test_a_rule_may_be_about_some_members_only(folder: Path, rule: Callable[..., Path]) -> None:
    rule(folder, more='roles = "startup build"\n        members = "*.pth setup.py"')
    ruleset = Ruleset.load(folder)

    def hits(member: str, role: Role) -> bool:
        return bool(ruleset.match(b"MARKER-TEXT", timeout_seconds=5, member=member, role=role))

    assert hits("a/X.PTH", Role.STARTUP)
    assert hits("x-1/setup.py", Role.BUILD)
    assert not hits("x-1/setup.py", Role.TEST)
    assert not hits("x-1/other.py", Role.BUILD)
    assert ruleset.match(b"MARKER-TEXT", timeout_seconds=5)


def test_a_match_that_does_not_finish_raises(folder: Path, rule: Callable[..., Path]) -> None:
    # libyara itself warns of patterns that would really take long; a fake that never finishes stands for one.
    ruleset = Ruleset.load(folder)
    assert ruleset.yara is not None

    class Slow:
        def match(self, **_: object) -> list[object]:
            raise yara.TimeoutError("internal error: 26")

    slow = type(ruleset.yara)(ruleset.yara.infos, Slow())
    with pytest.raises(MatchTimeout, match=r"did not finish 4 bytes in 3 s"):
        slow.match(b"data", timeout_seconds=3)


def test_a_ruleset_made_without_yara_refuses_to_match(folder: Path) -> None:
    loaded = Ruleset.load(folder)
    bare = Ruleset(RulesetHash("0" * 64), folder, loaded.rules, loaded.policy)
    with pytest.raises(RulesetBroken, match="without YARA rules"):
        bare.match(b"", timeout_seconds=1)


def test_the_hash_names_rules_and_policy_but_not_their_tests(folder: Path, rule: Callable[..., Path]) -> None:
    first = Ruleset.load(folder).hash
    (folder / "tests" / "marker.toml").write_text("# changed", encoding="utf-8")
    assert Ruleset.load(folder).hash == first
    rule(folder, string='"OTHER-MARKER"')
    second = Ruleset.load(folder).hash
    assert second != first
    with (folder / "policy.toml").open("a") as policy:
        policy.write("\n# changed\n")
    assert Ruleset.load(folder).hash not in {first, second}


def test_the_hash_is_the_same_wherever_the_folder_lies(folder: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(folder, tmp_path / "elsewhere"))
    assert Ruleset.load(copy).hash == Ruleset.load(folder).hash


def test_private_rules_of_an_earlier_file_may_be_used(folder: Path) -> None:
    (folder / "yara" / "_common.yar").write_text(
        'private rule helper { strings: $ = "HELPER-TEXT" condition: any of them }\n', encoding="utf-8"
    )
    path = folder / "yara" / "marker_rule.yar"
    path.write_text(path.read_text(encoding="utf-8").replace("        $marker\n}", "        $marker and helper\n}"))
    ruleset = Ruleset.load(folder)
    assert "helper" not in ruleset.rules
    assert not ruleset.match(b"MARKER-TEXT", timeout_seconds=5)
    assert [match.matched for match in ruleset.match(b"HELPER-TEXT MARKER-TEXT", timeout_seconds=5)] == [b"MARKER-TEXT"]


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("rule broken {", "marker_rule.yar:1: syntax error"),
        ("\n\nrule broken { condition: $missing }", "marker_rule.yar:3: undefined string"),
        ('rule slow { strings: $a = "ab" condition: $a }', "marker_rule.yar:1: "),
        ('include "/etc/passwd"', "includes are disabled"),
        ('import "pe"\nrule r { condition: pe.is_pe }', "modules are not used"),
        ('rule r { strings: $a = "MARKER-TEXT" condition: $a }', "its meta lacks id, title, meaning"),
        ("// nothing", "no YARA rule at all"),
    ],
)
def test_a_broken_yara_file_is_named_with_its_line_and_reason(folder: Path, source: str, why: str) -> None:
    (folder / "yara" / "marker_rule.yar").write_text(source, encoding="utf-8")
    with pytest.raises(RulesetBroken) as caught:
        Ruleset.load(folder)
    assert why in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('severity = "low"', 'severity = "dreadful"', "dreadful"),
        ('kind = "text"', 'kind = "drift"', "expected text or binary"),
        ('id = "marker-rule"', 'id = "marker"', "expected the rule's name with hyphens, 'marker-rule'"),
        ('technique = "T1027"', 'technique = ""', "its meta lacks technique"),
        ('technique = "T1027"', 'technique = "T1027"\n        author = "me"', "nobody reads: author"),
        ('technique = "T1027"', 'technique = "T1027"\n        roles = "whenever"', "whenever"),
        ("        $marker\n}", "        $marker and filesize < 1KB\n}", "`filesize`"),
    ],
)
def test_a_rule_that_describes_itself_wrongly_is_refused(folder: Path, old: str, new: str, why: str) -> None:
    path = folder / "yara" / "marker_rule.yar"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(RulesetBroken) as caught:
        Ruleset.load(folder)
    assert "yara/marker_rule.yar:1: rule marker_rule" in str(caught.value)
    assert why in str(caught.value)


def test_all_refusals_are_told_at_once(folder: Path, rule: Callable[..., Path]) -> None:
    rule(folder, "first_rule", r"/[a-z]{1,40}\.example\.invalid/")
    rule(folder, "second_rule", r"/SECOND-MARKER.{0,999}/")
    with pytest.raises(RulesetBroken) as caught:
        Ruleset.load(folder)
    assert "first_rule" in str(caught.value)
    assert "second_rule" in str(caught.value)


def _without_policy(folder: Path) -> None:
    (folder / "policy.toml").unlink()


def _without_yara(folder: Path) -> None:
    shutil.rmtree(folder / "yara")


def _stray_file(folder: Path) -> None:
    (folder / "yara" / "forgotten.yara").write_text("rule r { condition: true }", encoding="utf-8")


def _rule_elsewhere(folder: Path) -> None:
    (folder / "stray.yar").write_text("rule r { condition: true }", encoding="utf-8")


def _bad_toml(folder: Path) -> None:
    (folder / "behaviour.toml").write_text("[[rule]\n", encoding="utf-8")


def _no_rule(folder: Path) -> None:
    (folder / "behaviour.toml").write_text("[[rule]]\nid = 'x'\n", encoding="utf-8")


def _twice(folder: Path) -> None:
    (folder / "behaviour.toml").write_text(TOML_RULE.format(id="marker-rule"), encoding="utf-8")


def _no_text(folder: Path) -> None:
    (folder / "yara" / "latin.yar").write_bytes(b"// \xe9\n")


@pytest.mark.parametrize(
    "spoil",
    [_without_policy, _without_yara, _stray_file, _rule_elsewhere, _bad_toml, _no_rule, _twice, _no_text],
)
def test_a_broken_folder_gives_no_ruleset_at_all(folder: Path, spoil: Callable[[Path], None]) -> None:
    Ruleset.load(folder)
    spoil(folder)
    with pytest.raises(RulesetBroken):
        Ruleset.load(folder)


def test_a_finding_says_what_its_rule_says_and_where(folder: Path) -> None:
    finding = Ruleset.load(folder).finding("marker-rule", role=Role.IMPORT, member="a.py", line=3, snippet="x" * 300)
    assert (finding.title, finding.severity, finding.line) == ("marker in the text", "low", 3)
    assert len(finding.snippet) == 200


def test_the_rules_that_come_with_this_version_load() -> None:
    ruleset = Ruleset.load(DEFAULT_RULES)
    assert ruleset.yara is not None
    assert len(ruleset.yara.infos) >= 100
    assert len(ruleset.hash) == 64
