"""Writers that wait for each other anyway share one commit, and with it one wait for the disk."""

from __future__ import annotations

import threading
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar, cast

from sqlalchemy.orm import Session

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from sqlalchemy.engine import Connection

__all__ = ["Together"]

_T = TypeVar("_T")

#: So many works share a transaction at most: other processes wait for as long as it lasts.
_MOST: Final = 16


class _WorkRaised(Exception):
    """A work has raised, and its transaction is rolled back. The cause is what it has raised."""


class _Entry(Generic[_T]):
    """A work, and what has become of it."""

    def __init__(self, work: Callable[[Session], _T]) -> None:
        self.done = False
        self.error: BaseException | None = None
        self._work = work
        self._context = copy_context()  # whoever does the work logs, and acts, for the request that it came with
        self._result: _T | None = None

    def run(self, session: Session) -> None:
        """The work is done in `session`. Raises what it raises."""
        self._result = self._context.run(self._work, session)

    def outcome(self) -> _T:
        """What the work returned. Raises what it, or the commit, has raised."""
        if self.error is not None:
            raise self.error
        return cast("_T", self._result)


class Together:
    """Does works in transactions. Those that came while one was under way are done in the next one, together.

    Each work sees what the ones before it have written, as if it came after their commit. Where one raises, all of
    the transaction is rolled back and each work is done again in one of its own: what raises again leaves nothing
    behind and harms no other one. Nobody hears of success before the commit.
    """

    def __init__(self, begin: Callable[[], AbstractContextManager[Connection]]) -> None:
        """`begin` opens a writing transaction, which commits at its end and rolls back when it raises."""
        self._begin = begin
        self._changed = threading.Condition()
        self._waiting: list[_Entry[Any]] = []
        self._busy = False

    def run(self, work: Callable[[Session], _T]) -> _T:
        """What `work` returns, when its transaction has committed. Raises what it, or the commit, raises."""
        mine = _Entry(work)
        with self._changed:
            self._waiting.append(mine)
        while batch := self._next_batch(mine):
            try:
                self._commit(batch)
            finally:
                self._finish(batch)
        return mine.outcome()

    def _next_batch(self, mine: _Entry[Any]) -> Sequence[_Entry[Any]]:
        """What the caller has to do now, as soon as nobody else does anything; nothing when `mine` is done."""
        with self._changed:
            self._changed.wait_for(lambda: mine.done or not self._busy)
            if mine.done:
                return ()
            self._busy = True
            batch, self._waiting = self._waiting[:_MOST], self._waiting[_MOST:]
            return batch

    def _finish(self, batch: Sequence[_Entry[Any]]) -> None:
        with self._changed:
            self._busy = False
            for entry in batch:
                entry.done = True
            self._changed.notify_all()

    def _commit(self, batch: Sequence[_Entry[Any]]) -> None:
        """Each work is in the database, or its error is noted."""
        try:
            self._do(batch)
        except _WorkRaised as raised:
            if len(batch) == 1:
                batch[0].error = raised.__cause__
            else:  # which is rare; savepoints around every work cost more than doing some twice
                for entry in batch:
                    self._commit([entry])
        except BaseException as error:  # noqa: BLE001 # raised where each work came from
            for entry in batch:
                entry.error = error

    def _do(self, batch: Sequence[_Entry[Any]]) -> None:
        """All of the batch is committed.

        Raises:
            _WorkRaised: one of the works has raised, and nothing was written.
        """
        with self._begin() as connection:
            for entry in batch:
                try:
                    with Session(connection, expire_on_commit=False) as session, session.begin():
                        entry.run(session)
                except BaseException as error:
                    raise _WorkRaised from error
