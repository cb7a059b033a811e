"""The keeper: does what nobody asks for. It closes what has settled, finds lost work, sends mail, sweeps.

Everything it does is conditional and under the same locks as everybody else's work, so two keepers do no harm, and
one that was killed leaves nothing half done.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import structlog

from index.hold import due, jobs, orders
from index.hold.assessor import Assessor
from index.hold.endings import end_submission
from index.hold.gate import Gate
from index.hold.moves import locked, move
from index.hold.rulesets import active_ruleset
from index.hold.submission import SubmissionEvent
from index.notify.sender import deliver_due, next_due
from index.store.tables import SubmissionState
from index.store.watch import Watch
from scanner.ruleset import Ruleset, RulesetBroken

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy.orm import Session

    from index.services import Services

__all__ = ["Keeper"]

_ACTOR = "system:keeper"

#: How long what could not be done is left alone.
_PAUSE = timedelta(seconds=30)

_SWEEP_EVERY = timedelta(hours=1)
_STALE_AFTER = timedelta(days=1)

#: More bells than this wake nobody more.
_MOST_RINGS = 8

_log = structlog.get_logger()


class Keeper:
    """Ticks. `assessor` is made from the rules folder where it is not given."""

    def __init__(self, services: Services, *, assessor: Assessor | None = None) -> None:
        self._services = services
        self._assessor = assessor or _load(services)
        self._watch = Watch(services.database)
        self._next_look: datetime | None = None
        self._next_sweep: datetime | None = None
        self._paused: dict[str, datetime] = {}

    def close(self) -> None:
        """What it holds open is closed."""
        self._watch.close()

    def tick(self, now: datetime) -> float:
        """Everything that was due at `now` is done; seconds until the next tick is needed.

        Where nobody has written and no deadline has passed, it costs one read of a counter.
        """
        tick_seconds = self._services.settings.keeper_tick_seconds
        changed = self._watch.has_changed()
        if changed or self._next_look is None or now >= self._next_look:
            self._next_look = None  # a look that raises is made again
            self._look(now)
            self._next_look = self._deadline(now)
        return min(tick_seconds, max((self._next_look - now).total_seconds(), 0.0))

    def _look(self, now: datetime) -> None:
        self._paused = {key: until for key, until in self._paused.items() if until > now}
        self._close_settled(now)
        self._find_lost_work(now)
        self._advance_ready(now)
        self._attempt("mail", self._deliver, now)
        if self._next_sweep is None or now >= self._next_sweep:
            self._attempt("sweep", self._sweep, now)
            self._next_sweep = now + _SWEEP_EVERY

    def _deadline(self, now: datetime) -> datetime:
        settings = self._services.settings
        with self._services.database.read() as session:
            closing = due.next_closing(session, now=now)
            work = due.next_job_deadline(session, active_ruleset(session), after_seconds=settings.resend_seconds)
        mail = None if "mail" in self._paused else next_due(self._services)
        moments = [self._next_sweep, closing, work, mail, *self._paused.values()]
        return min(moment for moment in moments if moment is not None)

    def _close_settled(self, now: datetime) -> None:
        with self._services.database.read() as session:
            ids = due.settled(session, now=now)
        for submission_id in ids:
            self._attempt(submission_id, partial(self._close, submission_id), now)

    def _close(self, submission_id: str, now: datetime) -> None:
        with self._services.database.write() as session:
            submission = locked(self._services.database, session, submission_id)
            if submission.state != SubmissionState.OPEN or now < submission.closes_at:
                return  # a file has come, or the other keeper was quicker
            if submission.is_session:  # nobody has published it
                event = SubmissionEvent.EXPIRED
                end_submission(self._services.database, session, submission_id, event, actor=_ACTOR, now=now)
                return
            move(session, submission, SubmissionEvent.CLOSED, actor=_ACTOR, now=now)
            if self._assessor is not None:  # all may be inspected by now
                Gate(self._services, self._assessor).advance(session, submission_id, now=now)

    def _find_lost_work(self, now: datetime) -> None:
        """Dead workers' jobs are free, missing jobs are written, and forgotten ones are announced again."""
        with self._services.database.read() as session:
            if not self._has_lost_work(session, now):
                return
        with self._services.database.write() as session:
            freed, _given_up = jobs.expire_leases(session, now=self._lease_now(session, now))
            ruleset = active_ruleset(session)
            made = announced = 0
            if ruleset is not None:
                for subject, priority in due.missing_jobs(session, ruleset):
                    made += orders.enqueue(session, subject, now=now, priority=priority)
                announced = due.announce_again(
                    session, ruleset, now=now, after_seconds=self._services.settings.resend_seconds
                )
        if freed or made or announced:
            _log.info("keeper.lost_work", freed=freed, made=made, announced=announced)
        for _ in range(min(freed + made + announced, _MOST_RINGS)):
            self._services.ring()

    def _has_lost_work(self, session: Session, now: datetime) -> bool:
        ruleset = active_ruleset(session)
        if ruleset is not None and due.missing_jobs(session, ruleset):
            return True
        seconds = self._services.settings.resend_seconds
        deadline = due.next_job_deadline(session, ruleset, after_seconds=seconds)
        return deadline is not None and deadline <= self._lease_now(session, now)

    def _lease_now(self, session: Session, now: datetime) -> datetime:
        return now if self._services.database.is_sqlite else jobs.lease_clock(session)

    def _advance_ready(self, now: datetime) -> None:
        if self._assessor is None:
            return
        with self._services.database.read() as session:
            if active_ruleset(session) != self._assessor.ruleset:
                return
            ids = due.ready_to_advance(session, self._assessor.ruleset, now=now)
        for submission_id in ids:
            self._attempt(submission_id, partial(self._advance, submission_id), now)

    def _advance(self, submission_id: str, now: datetime) -> None:
        assert self._assessor is not None  # noqa: S101 # asked by the only caller
        with self._services.database.write() as session:
            state = Gate(self._services, self._assessor).advance(session, submission_id, now=now)
        _log.info("submission.advanced", submission=submission_id, state=state)

    def _deliver(self, now: datetime) -> None:
        owed = next_due(self._services)
        if owed is not None and owed <= now:
            deliver_due(self._services, now=now)

    def _sweep(self, now: datetime) -> None:
        """What uploads left behind that never ended is gone."""
        folder = self._services.settings.incoming_folder
        stale = (now - _STALE_AFTER).timestamp()
        for path in folder.iterdir() if folder.is_dir() else ():
            if path.is_file() and path.stat().st_mtime < stale:
                path.unlink(missing_ok=True)
                _log.info("incoming.swept", file=path.name)

    def _attempt(self, key: str, chore: Callable[[datetime], None], now: datetime) -> None:
        """The chore is done, or left alone for a while: what cannot be done must not stop the rest."""
        if key in self._paused:
            return
        try:
            chore(now)
        except Exception:  # noqa: BLE001 # logged, held, and tried again
            _log.exception("keeper.chore_failed", chore=key)
            self._paused[key] = now + _PAUSE


def _load(services: Services) -> Assessor | None:
    try:
        return Assessor(Ruleset.load(services.rules_folder))
    except RulesetBroken:
        _log.exception("keeper.no_rules")  # it closes, leases and mails go on; nothing is judged here
        return None
