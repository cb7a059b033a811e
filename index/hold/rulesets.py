"""Which ruleset is active. Without one nothing is judged, and everything stays held."""

from __future__ import annotations

from typing import TYPE_CHECKING

from index.hold.switches import ACTIVE_RULESET, read_switch, set_switch
from scanner.model import RulesetHash

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

__all__ = ["activate_ruleset", "active_ruleset"]


def active_ruleset(session: Session) -> RulesetHash | None:
    """The hash under which everything is inspected and judged, or None where no ruleset is active."""
    value = read_switch(session, ACTIVE_RULESET)
    return RulesetHash(value) if value else None


def activate_ruleset(session: Session, ruleset: RulesetHash, *, now: datetime) -> None:
    """`ruleset` is active from this commit on: verdicts under another one no longer publish anything.

    The keeper makes the jobs that re-inspect what is held.
    """
    set_switch(session, ACTIVE_RULESET, ruleset, actor="system:hold", now=now)
