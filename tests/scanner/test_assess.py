from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.assess import assess
from scanner.model import (
    Exemption,
    Finding,
    Inspection,
    Kind,
    Outcome,
    Role,
    RuleId,
    RulesetHash,
    Severity,
    Step,
    SubmissionFacts,
    Verdict,
    digest,
)
from scanner.policy import load_policy
from scanner.ruleset import DEFAULT_RULES
from tests.fixtures.views import inspection, plain_ruleset

WHEEL = "x-1-py3-none-any.whl"
RULES = plain_ruleset()


def finding(rule: str, *, role: Role = Role.IMPORT, member: str = "x/a.py", line: int = 1) -> Finding:
    return RULES.finding(rule, role=role, member=member, line=line)


def verdict(*findings: Finding, **facts: Any) -> Verdict:
    artifacts = facts.pop("artifacts", None) or (inspection(WHEEL, findings=findings),)
    return assess(SubmissionFacts(project="x", version="1", artifacts=artifacts, **facts), RULES)


def test_nothing_found_is_clear_and_says_so() -> None:
    result = verdict()
    assert (result.outcome, result.risk, result.reasons) == (Outcome.CLEAR, 0.0, ())
    assert result.summary == "Nothing in 1 file of x 1 speaks against publishing."


def test_the_risk_is_the_sum_of_the_reasons() -> None:
    result = verdict(finding("misleading-extension"), finding("double-extension"), finding("hidden-folder"))
    assert result.risk == round(sum(reason.weight for reason in result.reasons), 2)
    assert result.outcome is Outcome.FLAGGED
    assert [reason.rule for reason in result.reasons] == ["misleading-extension", "double-extension", "hidden-folder"]


def test_a_rule_counts_once_at_its_heaviest_place() -> None:
    result = verdict(
        finding("misleading-extension", role=Role.TEST, member="tests/a.png"),
        finding("misleading-extension", role=Role.IMPORT, member="x/b.png"),
        finding("misleading-extension", role=Role.NEVER, member="docs/c.png"),
    )
    (reason,) = result.reasons
    assert (reason.member, reason.count) == ("x/b.png", 3)
    assert reason.weight == verdict(finding("misleading-extension")).risk


def test_evidence_in_one_member_outweighs_the_same_evidence_scattered() -> None:
    rules = ("misleading-extension", "double-extension", "hidden-folder")
    together = verdict(*(finding(rule, member="x/a.py") for rule in rules))
    scattered = verdict(*(finding(rule, member=f"x/{rule}.py") for rule in rules))
    weights = sorted((reason.weight for reason in together.reasons), reverse=True)
    assert scattered.risk == pytest.approx(weights[0] + RULES.policy.elsewhere_factor * sum(weights[1:]), abs=0.02)
    assert scattered.risk < together.risk


def test_what_is_scattered_adds_no_more_than_policy_lets_it() -> None:
    rules = ("misleading-extension", "archive-under-another-name", "case-collision", "double-extension")
    heavy = [finding(rule, member=f"x/{rule}.py") for rule in rules]
    most = max(verdict(one).risk for one in heavy)
    policy = RULES.policy
    assert sum(verdict(one).risk for one in heavy) - most > 2 * policy.elsewhere_most
    assert verdict(*heavy).risk == pytest.approx(most + policy.elsewhere_most, abs=0.03)


def test_what_concerns_the_whole_release_counts_fully_wherever_the_rest_is() -> None:
    alone = verdict(finding("direct-url-dependency", member="")).risk
    both = verdict(finding("direct-url-dependency", member=""), finding("misleading-extension"))
    assert both.risk == pytest.approx(alone + verdict(finding("misleading-extension")).risk)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["misleading-extension", "double-extension", "hidden-folder", "binary-in-sdist"]),
            st.sampled_from(["x/a.py", "x/b.py", "tests/c.py", ""]),
            st.sampled_from([Role.IMPORT, Role.TEST]),
        ),
        min_size=1,
        max_size=8,
    )
)
def test_one_more_finding_never_makes_the_risk_smaller(places: list[tuple[str, str, Role]]) -> None:
    found = [finding(rule, member=member, role=role) for rule, member, role in places]
    assert verdict(*found[:-1]).risk <= verdict(*found).risk


@pytest.mark.parametrize(
    ("findings", "facts", "outcome"),
    [
        pytest.param([("source-unreadable", Role.IMPORT)], {}, Outcome.UNSCANNABLE, id="unread code that can run"),
        pytest.param([("source-unreadable", Role.TEST)], {}, Outcome.CLEAR, id="unread test data"),
        pytest.param([("source-unreadable", Role.NEVER)], {}, Outcome.CLEAR, id="unread template"),
        pytest.param([("bandit-skipped", Role.BUILD)], {}, Outcome.UNSCANNABLE, id="Bandit skipped what runs"),
        pytest.param([("archive-refused", Role.IMPORT)], {}, Outcome.UNSCANNABLE, id="refused archive"),
        pytest.param([("link-member", Role.NEVER)], {}, Outcome.FLAGGED, id="a holding rule"),
        pytest.param(
            [("link-member", Role.NEVER), ("source-unreadable", Role.IMPORT)],
            {},
            Outcome.FLAGGED,
            id="flagged is stronger than unscannable",
        ),
        pytest.param([], {"failed": ("x-1.tar.gz",)}, Outcome.UNSCANNABLE, id="a file whose inspection failed"),
        pytest.param([], {"publishers": ("ada", "bob")}, Outcome.FLAGGED, id="two publishers"),
        pytest.param([], {"publishers": ("ada", "ada")}, Outcome.CLEAR, id="one publisher twice"),
        pytest.param([], {"rejected_before": True}, Outcome.FLAGGED, id="rejected before"),
        pytest.param([], {"automatic": False}, Outcome.CLEAR, id="the operator's switch is the gate's matter"),
    ],
)
def test_outcomes(findings: list[tuple[str, Role]], facts: dict[str, Any], outcome: Outcome) -> None:
    result = verdict(*(finding(rule, role=role) for rule, role in findings), **facts)
    assert result.outcome is outcome
    if outcome is not Outcome.CLEAR:
        assert any(reason.holds for reason in result.reasons)


def test_an_enforced_rule_makes_it_malicious() -> None:
    policy = msgspec.structs.replace(RULES.policy, enforced_rules=frozenset({"double-extension"}))
    rules = type(RULES)(RULES.hash, RULES.folder, RULES.rules, policy)
    facts = SubmissionFacts(
        project="x", version="1", artifacts=(inspection(WHEEL, findings=(finding("double-extension"),)),)
    )
    assert assess(facts, rules).outcome is Outcome.MALICIOUS


def test_a_failed_analysis_of_the_whole_artifact_holds() -> None:
    failed = RULES.finding("analysis-failed", role=Role.NEVER, member="")
    assert verdict(failed).outcome is Outcome.UNSCANNABLE


@pytest.mark.parametrize(
    ("level", "outcome"),
    [
        (("rlimits", "no_new_privs", "netns"), Outcome.CLEAR),
        (("rlimits", "no_new_privs", "seccomp"), Outcome.CLEAR),
        (("rlimits", "no_new_privs"), Outcome.UNSCANNABLE),
        (("seccomp", "netns"), Outcome.UNSCANNABLE),
        ((), Outcome.UNSCANNABLE),
    ],
)
def test_what_was_inspected_without_the_required_walls_is_not_clear(level: tuple[str, ...], outcome: Outcome) -> None:
    result = verdict(artifacts=(inspection(WHEEL, sandbox_level=level),))
    assert result.outcome is outcome
    assert (outcome is Outcome.CLEAR) == (not result.reasons)


@pytest.mark.parametrize(
    "facts",
    [
        {"failed": ("x-1.tar.gz",)},
        {"artifacts": (inspection(WHEEL, sandbox_level=("rlimits",)),)},
    ],
)
def test_no_rule_makes_clear_what_was_not_inspected(facts: dict[str, Any]) -> None:
    """A ruleset that plays these findings down opened the door once."""
    harmless = {
        rule: msgspec.structs.replace(info, kind=Kind.QUALITY, severity=Severity.INFO)
        for rule, info in RULES.rules.items()
    }
    submission = SubmissionFacts(
        project="x", version="1", **{"artifacts": (inspection(WHEEL, sandbox_level=("rlimits", "seccomp")),), **facts}
    )
    assert assess(submission, replace(RULES, rules=harmless)).outcome is not Outcome.CLEAR


def test_an_exemption_is_shown_and_weighs_nothing() -> None:
    exempt = (Exemption(RuleId("link-member"), "the licence is a link"),)
    result = verdict(finding("link-member"), exemptions=exempt)
    (reason,) = result.reasons
    assert (result.outcome, reason.weight, reason.holds) == (Outcome.CLEAR, 0.0, False)
    assert "exempt: the licence is a link" in reason.title


def test_quality_findings_weigh_nothing() -> None:
    quality = Finding(**{**msgspec.structs.asdict(finding("findings-capped")), "rule": RuleId("bandit-b602")})
    assert verdict(quality).risk == 0.0


MEMBERS = {"x/a.py": ("print two", Role.IMPORT)}


class TestHistory:
    def before(self, role: Role = Role.IMPORT, text: str = "print two") -> Inspection:
        return inspection("x-0-py3-none-any.whl", members={"x/a.py": (text, role)})

    def now(self, *rules: str) -> Inspection:
        return inspection(WHEEL, members=MEMBERS, findings=tuple(map(finding, rules)))

    def test_what_the_published_release_had_does_not_hold_again(self) -> None:
        result = verdict(artifacts=(self.now("source-unreadable"),), previous=(self.before(),))
        assert result.outcome is Outcome.CLEAR
        assert result.reasons[0].weight < verdict(artifacts=(self.now("source-unreadable"),)).reasons[0].weight

    def test_a_changed_member_holds(self) -> None:
        result = verdict(artifacts=(self.now("source-unreadable"),), previous=(self.before(text="other"),))
        assert result.outcome is Outcome.UNSCANNABLE

    def test_an_unchanged_member_that_runs_at_another_time_now_holds(self) -> None:
        result = verdict(artifacts=(self.now("source-unreadable"),), previous=(self.before(Role.TEST),))
        assert result.outcome is Outcome.UNSCANNABLE

    def told(self, line: int, snippet: str, *, step: str = "", member: str = "x/a.py") -> Finding:
        chain = (Step(what="s", member=member, line=line, snippet=step),) if step else ()
        return msgspec.structs.replace(finding("download-exec", member=member, line=line), snippet=snippet, chain=chain)

    @pytest.mark.parametrize(
        ("then", "now", "counts_less"),
        [
            ((1, "exec(x)"), (9, "exec(x)"), True),
            ((1, "exec(x)"), (1, "exec(y)"), False),
            ((1, ""), (1, ""), False),
            ((1, "x" * 200), (1, "x" * 200), False),
        ],
    )
    def test_the_same_words_in_a_changed_member_are_no_news(
        self, then: tuple[int, str], now: tuple[int, str], *, counts_less: bool
    ) -> None:
        before = inspection(
            "x-0-py3-none-any.whl", members={"x/a.py": ("a", Role.IMPORT)}, findings=(self.told(*then),)
        )
        artifact = inspection(WHEEL, members={"x/a.py": ("b", Role.IMPORT)}, findings=(self.told(*now),))
        weight = verdict(artifacts=(artifact,), previous=(before,)).reasons[0].weight
        assert (weight < verdict(artifacts=(artifact,)).reasons[0].weight) is counts_less

    @pytest.mark.parametrize(
        "change", [{"step": "get(b)"}, {"member": "x/b.py"}, {"step": ""}], ids=["other source", "elsewhere", "shorter"]
    )
    def test_another_step_on_the_way_is_news(self, change: dict[str, str]) -> None:
        before = inspection("x-0-py3-none-any.whl", findings=(self.told(1, "exec(x)", step="get(a)"),))
        now = inspection(WHEEL, findings=(self.told(1, "exec(x)", **{"step": "get(a)", **change}),))
        assert verdict(artifacts=(now,), previous=(before,)).risk >= verdict(artifacts=(now,)).risk

    def test_the_same_words_hold_again_in_a_changed_member(self) -> None:
        unread = msgspec.structs.replace(finding("source-unreadable"), snippet="SyntaxError")
        before = inspection("x-0-py3-none-any.whl", members={"x/a.py": ("a", Role.IMPORT)}, findings=(unread,))
        now = inspection(WHEEL, members={"x/a.py": ("b", Role.IMPORT)}, findings=(unread,))
        assert verdict(artifacts=(now,), previous=(before,)).outcome is Outcome.UNSCANNABLE

    def test_new_startup_code_speaks_against_an_established_project(self) -> None:
        now = inspection(WHEEL, members={**MEMBERS, "x.pth": ("import x", Role.STARTUP)})
        result = verdict(artifacts=(now,), previous=(self.before(),))
        assert [reason.rule for reason in result.reasons] == ["new-startup-code"]


def test_the_published_sdist_is_compared_with_the_wheel_that_comes_later() -> None:
    sdist = inspection("x-1.tar.gz", members={"x-1/x/a.py": ("a", Role.IMPORT)})
    wheel = inspection(WHEEL, members={"x/b.py": ("b", Role.IMPORT)})
    result = verdict(artifacts=(wheel,), siblings=(sdist,))
    assert "wheel-not-from-sdist" in {reason.rule for reason in result.reasons}


@pytest.mark.parametrize(
    ("version", "hit"),
    [("99.9.9", True), ("50", True), ("1!99", True), ("49.1", False), ("2026.1", False), ("0.1", False)],
)
def test_a_first_release_with_a_very_high_version(version: str, *, hit: bool) -> None:
    facts = SubmissionFacts(project="x", version=version, artifacts=(inspection(WHEEL),))
    assert ("high-version-first-release" in {r.rule for r in assess(facts, RULES).reasons}) == hit


def test_the_summary_names_the_three_strongest_reasons_with_their_places() -> None:
    result = verdict(
        finding("misleading-extension", member="x/a.png", line=3),
        finding("double-extension"),
        finding("hidden-folder"),
        finding("nested-archive"),
    )
    assert result.summary.startswith("1 file of x 1 needs a person to look: program under the name of a document")
    assert "(x/a.png:3)" in result.summary
    assert result.summary.count(";") == 2


def test_the_verdict_is_tied_to_its_facts_and_ruleset() -> None:
    facts = SubmissionFacts(project="x", version="1", artifacts=(inspection(WHEEL),))
    result = assess(facts, RULES)
    assert (result.facts_digest, result.ruleset) == (digest(facts), RULES.hash)


def test_an_inspection_under_another_ruleset_is_no_basis() -> None:
    other = msgspec.structs.replace(inspection(WHEEL), ruleset=RulesetHash("1" * 64))
    with pytest.raises(ValueError, match="inspect it again"):
        verdict(artifacts=(other,))


def test_nothing_at_all_is_not_clear() -> None:
    with pytest.raises(ValueError, match="has no file"):
        assess(SubmissionFacts(project="x", version="1", artifacts=()), RULES)


SOME_RULES = ["link-member", "misleading-extension", "double-extension", "source-unreadable", "hidden-folder"]
findings_lists = st.lists(
    st.tuples(st.sampled_from(SOME_RULES), st.sampled_from(list(Role)), st.sampled_from(["x/a.py", "x/b.py", ""])),
    max_size=8,
)
ORDER = [Outcome.CLEAR, Outcome.UNSCANNABLE, Outcome.FLAGGED, Outcome.MALICIOUS]


@given(findings_lists, findings_lists)
def test_more_findings_never_lower_a_verdict(
    few: list[tuple[str, Role, str]], more: list[tuple[str, Role, str]]
) -> None:
    def judged(chosen: list[tuple[str, Role, str]]) -> Verdict:
        return verdict(*(finding(rule, role=role, member=member) for rule, role, member in chosen))

    less, all_ = judged(few), judged(few + more)
    assert all_.risk >= less.risk
    assert ORDER.index(all_.outcome) >= ORDER.index(less.outcome)


def test_a_policy_without_a_weight_for_every_word_is_refused(tmp_path: Any) -> None:
    text = (DEFAULT_RULES / "policy.toml").read_text(encoding="utf-8")
    broken = tmp_path / "policy.toml"
    broken.write_text(text.replace("startup = 1.0\n", ""), encoding="utf-8")
    with pytest.raises(ValueError, match="role_factor lacks startup"):
        load_policy(broken)
