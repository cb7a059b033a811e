"""The assessor: the ruleset's judgement of facts, as the gate uses it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec
import structlog

from scanner.assess import assess
from scanner.model import ENGINE_VERSION, Kind, Outcome, Reason, RuleId, Verdict, digest

if TYPE_CHECKING:
    from collections.abc import Callable

    from scanner.model import RulesetHash, SubmissionFacts
    from scanner.ruleset import Ruleset

__all__ = ["ASSESSMENT_FAILED", "Assessor"]

#: The rule id of the reason for which nothing was assessed.
ASSESSMENT_FAILED: Final = RuleId("assessment-failed")

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Assessor:
    """Judges facts under one ruleset."""

    rules: Ruleset
    assess: Callable[[SubmissionFacts, Ruleset], Verdict] = assess

    @property
    def ruleset(self) -> RulesetHash:
        """The hash of the rules that it judges by."""
        return self.rules.hash

    def judge(self, facts: SubmissionFacts) -> Verdict:
        """The verdict on `facts`. Where assessing itself fails, it is `unscannable`: what is not judged stays held."""
        try:
            verdict = self.assess(facts, self.rules)
        except Exception as error:  # noqa: BLE001 # whatever it is, nothing may come out of it but a hold
            _log.exception("assess.failed", project=facts.project, version=facts.version)
            return self.broken(facts, type(error).__name__)
        if facts.artifacts and verdict.ruleset != self.ruleset:
            return self.broken(facts, f"verdict under ruleset {verdict.ruleset}")
        return msgspec.structs.replace(verdict, engine=ENGINE_VERSION, ruleset=self.ruleset, facts_digest=digest(facts))

    def broken(self, facts: SubmissionFacts, why: str) -> Verdict:
        """The verdict where there should have been another one."""
        reason = Reason(
            rule=ASSESSMENT_FAILED,
            kind=Kind.LIMITS,
            title=f"The assessment failed ({why})",
            weight=0.0,
            holds=True,
        )
        return Verdict(
            outcome=Outcome.UNSCANNABLE,
            risk=0.0,
            reasons=(reason,),
            summary="The release could not be assessed because of a fault of this index; a person will look at it.",
            engine=ENGINE_VERSION,
            ruleset=self.ruleset,
            facts_digest=digest(facts),
        )

    def enforces(self, verdict: Verdict) -> bool:
        """Whether policy rejects what `verdict` speaks of without a person."""
        if verdict.outcome is not Outcome.MALICIOUS:
            return False
        return any(reason.rule in self.rules.policy.enforced_rules for reason in verdict.reasons)
