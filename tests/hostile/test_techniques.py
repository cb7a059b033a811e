"""Inert shapes of the techniques of known attacks that no collection of malware holds: each flagged, its twin not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from scanner.archive import ArchiveRefused, read_distribution
from scanner.assess import assess
from scanner.model import Outcome, SubmissionFacts, Verdict
from scanner.ruleset import Ruleset
from tests.hostile.judged import inspected, is_flagged_by
from tests.hostile.techniques_code import CODE_TECHNIQUES
from tests.hostile.techniques_form import FORM_TECHNIQUES

if TYPE_CHECKING:
    from scanner.model import ProvenanceFact
    from tests.fixtures.artifacts import Artifact
    from tests.hostile.technique import Technique

TECHNIQUES: Final = CODE_TECHNIQUES + FORM_TECHNIQUES
#: Numbers of the list that static analysis of one release can see and of which no collection has enough.
WANTED: Final = {*range(4, 12), 15, 20, *range(26, 44), 46, 47, 48}


@pytest.fixture(scope="module")
def rules() -> Ruleset:
    return Ruleset.load()


def _verdict(technique: Technique, artifact: Artifact, attested: tuple[ProvenanceFact, ...], rules: Ruleset) -> Verdict:
    facts = SubmissionFacts(
        project="inert-probe",
        version="1.1",
        artifacts=(inspected(artifact, rules),),
        previous=tuple(inspected(one, rules) for one in technique.previous),
        previous_version="1.0" if technique.previous else "",
        provenance=attested,
        previous_provenance=technique.attested_before,
    )
    return assess(facts, rules)


def test_every_technique_that_needs_a_fixture_has_one() -> None:
    assert {technique.number for technique in TECHNIQUES} == WANTED


@pytest.mark.parametrize("technique", TECHNIQUES, ids=lambda technique: f"{technique.number}-{technique.name}")
def test_the_technique_is_flagged(technique: Technique, rules: Ruleset) -> None:
    if technique.refused:
        with pytest.raises(ArchiveRefused):
            read_distribution(technique.artifact.data, technique.artifact.filename)
    verdict = _verdict(technique, technique.artifact, technique.attested, rules)
    if technique.refused:
        assert verdict.outcome is not Outcome.CLEAR
    elif technique.content:
        assert is_flagged_by(verdict, rules), verdict.summary
    else:
        assert verdict.outcome in {Outcome.FLAGGED, Outcome.UNSCANNABLE}, verdict.summary


@pytest.mark.parametrize("technique", TECHNIQUES, ids=lambda technique: f"{technique.number}-{technique.name}")
def test_its_benign_twin_is_clear(technique: Technique, rules: Ruleset) -> None:
    read_distribution(technique.twin.data, technique.twin.filename)
    verdict = _verdict(technique, technique.twin, technique.twin_attested, rules)
    assert verdict.outcome is Outcome.CLEAR, verdict.summary
