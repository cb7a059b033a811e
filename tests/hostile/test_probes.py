"""Thirteen ways around other scanners, each as it is known and in twelve variations of our own: none gets through."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from scanner.model import Kind, Outcome
from scanner.ruleset import Ruleset
from tests.hostile import probes_places, probes_receiver, probes_spelling
from tests.hostile.judged import CONTENT, is_flagged_by, judge

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.fixtures.artifacts import Artifact

PROBES: Final[Mapping[str, Mapping[str, Artifact]]] = {
    "decoded text executed": probes_spelling.PLAIN,
    "quotes and comments around it": probes_spelling.QUOTED,
    "aliases": probes_spelling.ALIASED,
    "names put together": probes_spelling.ASSEMBLED,
    "payload in a data file": probes_spelling.FROM_FILE,
    "path file": probes_places.STARTUP,
    "shell script": probes_places.SCRIPT,
    "archive inside": probes_places.ARCHIVED,
    "build back end in the tree": probes_places.BACKEND,
    "build requirement of an address": probes_places.REQUIREMENT,
    "bytecode": probes_places.BYTECODE,
    "receiver in tests": probes_receiver.TESTED,
    "receiver among decoys": probes_receiver.DECOYED,
}
TWINS: Final = {**probes_spelling.TWINS, **probes_places.TWINS, **probes_receiver.TWINS}

#: A requirement is no program: there, the metadata say it.
EVIDENCE: Final = {"build requirement of an address": CONTENT | {Kind.METADATA}}


@pytest.fixture(scope="module")
def rules() -> Ruleset:
    return Ruleset.load()


def test_there_are_thirteen_probes_in_thirteen_forms_that_differ() -> None:
    forms = [artifact.data for probe in PROBES.values() for artifact in probe.values()]
    assert [len(probe) for probe in PROBES.values()] == [13] * 13
    assert len(set(forms)) == 169
    assert len(TWINS) == 13


@pytest.mark.parametrize(
    ("probe", "form"), [(probe, form) for probe, forms in PROBES.items() for form in forms], ids=str
)
def test_the_probe_is_flagged_by_what_it_holds(probe: str, form: str, rules: Ruleset) -> None:
    verdict = judge(PROBES[probe][form], rules)
    assert is_flagged_by(verdict, rules, EVIDENCE.get(probe, CONTENT)), verdict.summary
    assert "archive-refused" not in {reason.rule for reason in verdict.reasons}


@pytest.mark.parametrize("name", TWINS)
def test_the_benign_twin_is_clear(name: str, rules: Ruleset) -> None:
    verdict = judge(TWINS[name], rules)
    assert verdict.outcome is Outcome.CLEAR, verdict.summary
