"""How an artifact of these tests is judged: as a first release, inspected where the required walls hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from scanner.assess import assess
from scanner.inspect import inspect
from scanner.model import Inspection, Kind, Outcome, SubmissionFacts, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scanner.ruleset import Ruleset
    from tests.fixtures.artifacts import Artifact

__all__ = ["CONTENT", "inspected", "is_flagged_by", "judge", "weight_of"]

#: Evidence that says what an artifact does.
CONTENT: Final = frozenset({Kind.BEHAVIOUR, Kind.TEXT, Kind.BINARY})
_WALLS: Final = ("rlimits", "no_new_privs", "seccomp")


def inspected(artifact: Artifact, rules: Ruleset) -> Inspection:
    """What the scanner finds in it, as if the sandbox had stood around."""
    return msgspec.structs.replace(inspect(artifact.data, artifact.filename, rules), sandbox_level=_WALLS)


def judge(artifact: Artifact, rules: Ruleset, previous: Sequence[Artifact] = ()) -> Verdict:
    """The verdict on it, as the first release of its project or as the one that follows `previous`."""
    now = inspected(artifact, rules)
    before = tuple(inspected(one, rules) for one in previous)
    return assess(
        SubmissionFacts(
            project=now.metadata.name,
            version=now.metadata.version,
            artifacts=(now,),
            previous=before,
            previous_version=before[0].metadata.version if before else "",
        ),
        rules,
    )


def weight_of(verdict: Verdict, kinds: frozenset[Kind]) -> float:
    """How much of the sum is evidence of these kinds."""
    return round(sum(reason.weight for reason in verdict.reasons if reason.kind in kinds), 2)


def is_flagged_by(verdict: Verdict, rules: Ruleset, kinds: frozenset[Kind] = CONTENT) -> bool:
    """Whether evidence of these kinds is enough to put it before a person."""
    return verdict.outcome is Outcome.FLAGGED and weight_of(verdict, kinds) >= rules.policy.flag_at
