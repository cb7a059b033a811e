"""What must be true before an instance serves: the schema, the active rules, and the first accounts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from index.accounts.first_run import first_run
from index.clock import utcnow
from index.hold.rulesets import activate_ruleset
from index.store.migrate import migrate
from scanner.ruleset import Ruleset

if TYPE_CHECKING:
    from index.services import Services
    from scanner.model import RulesetHash

__all__ = ["Prepared", "prepare"]


@dataclass(frozen=True, slots=True)
class Prepared:
    """What preparing found or did."""

    ruleset: RulesetHash
    first_start: bool
    """The first accounts were made, and written to `first-run.json` in the data folder."""


def prepare(services: Services) -> Prepared:
    """The database has its schema, the rules are loaded whole and active, and somebody can sign in.

    Raises:
        RulesetBroken: the rules cannot be loaded; those that were active stay active.
    """
    migrate(services.database)
    ruleset = Ruleset.load(services.rules_folder)
    now = utcnow()
    with services.database.write() as session:
        activate_ruleset(session, ruleset.hash, now=now)
    return Prepared(ruleset.hash, first_start=first_run(services, now=now) is not None)
