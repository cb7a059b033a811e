"""The twelve inert shapes are never clear, at the right place and for the right reason; their benign twins are."""

from __future__ import annotations

import msgspec
import pytest

from scanner.assess import assess
from scanner.inspect import inspect
from scanner.model import Inspection, Kind, Outcome, SubmissionFacts, Verdict
from scanner.ruleset import Ruleset
from tests.fixtures.artifacts import MALICIOUS, benign_release

#: One of these rules must stand at the case's member and line.
EXPECTED = {
    "setup-download-exec": {"download-exec"},
    "setup-cmdclass": {"shell-command-with-download"},
    "pth": {"path-file-runs-code", "decode-exec"},
    "decode-layers-exec": {"decode-exec"},
    "getattr-exec": {"decode-exec"},
    "module-dropper": {"download-run"},
    "environment-theft": {"env-exfiltration"},
    "discord-webhook": {"host-identity-beacon", "webhook-exfiltration"},
    "reverse-shell": {"reverse-shell", "reverse-shell-python"},
    "build-backend": {"shell-command-with-download"},
    "hidden-by-spaces": {"code-behind-spaces"},
    "syntax-error": {"source-unreadable"},
}
WALLS = ("rlimits", "no_new_privs", "seccomp")


@pytest.fixture(scope="module")
def rules() -> Ruleset:
    return Ruleset.load()


def judge(data: bytes, filename: str, rules: Ruleset) -> tuple[Inspection, Verdict]:
    """As a first release, without history, inspected where the required walls hold."""
    inspection = msgspec.structs.replace(inspect(data, filename, rules), sandbox_level=WALLS)
    facts = SubmissionFacts(
        project=inspection.metadata.name, version=inspection.metadata.version, artifacts=(inspection,)
    )
    return inspection, assess(facts, rules)


def test_every_shape_has_its_expectation() -> None:
    assert MALICIOUS.keys() == EXPECTED.keys()
    assert len(MALICIOUS) == 12


@pytest.mark.parametrize("key", MALICIOUS)
def test_a_malicious_shape_is_not_clear_and_its_place_is_named(key: str, rules: Ruleset) -> None:
    case = MALICIOUS[key]
    inspection, verdict = judge(case.data, case.filename, rules)
    assert verdict.outcome is (Outcome.UNSCANNABLE if key == "syntax-error" else Outcome.FLAGGED)
    there = {f.rule for f in inspection.findings if (f.member, f.line) == (case.member, case.line)}
    assert there & EXPECTED[key], there
    # The reason that a person reads first points at the member that holds the attack.
    assert verdict.reasons[0].member == case.member
    assert case.member in verdict.summary


@pytest.mark.parametrize("key", [key for key, case in MALICIOUS.items() if case.twin is not None])
def test_a_benign_twin_is_clear(key: str, rules: Ruleset) -> None:
    twin = MALICIOUS[key].twin
    assert twin is not None
    _, verdict = judge(twin.data, twin.filename, rules)
    assert verdict.outcome is Outcome.CLEAR, verdict.summary
    assert verdict.risk < rules.policy.flag_at / 2


def test_a_tidy_release_is_clear_without_any_weight(rules: Ruleset) -> None:
    for artifact in benign_release():
        inspection, verdict = judge(artifact.data, artifact.filename, rules)
        assert (verdict.outcome, verdict.risk) == (Outcome.CLEAR, 0.0)
        assert {f.kind for f in inspection.findings} <= {Kind.QUALITY}
