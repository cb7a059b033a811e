"""The one way to the database: short transactions, and on SQLite one writer at a time.

On SQLite every writing transaction begins with BEGIN IMMEDIATE: a deferred one that reads first and then writes
fails with "database is locked" as soon as two meet, whatever the busy time-out. A lock file before BEGIN makes
writers queue instead of sleeping and retrying, and those that queue in one process share a commit.
"""

from __future__ import annotations

import fcntl
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from index.store.together import Together

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator
    from typing import IO

    from sqlalchemy.engine import Connection, Engine

__all__ = ["Database"]

_T = TypeVar("_T")

_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",  # a decision survives a power cut
    "PRAGMA busy_timeout=30000",
    "PRAGMA foreign_keys=ON",
    "PRAGMA journal_size_limit=67108864",
    "PRAGMA wal_autocheckpoint=4000",  # pages: 16 MB. Each time, one commit waits until they are in the file
)


class Database:
    """An engine with the project's transaction rules."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._writers = threading.Lock()
        self._writer: int | None = None
        self._lock_path = Path(f"{self.url.database}.lock") if self.is_sqlite else None
        self._lock_file: IO[bytes] | None = None
        self.engine: Engine = self._sqlite_engine() if self.is_sqlite else create_engine(self.url, pool_pre_ping=True)
        self._reading = self.engine.execution_options(pratique_read_only=True)
        self._together = Together(self._writing)

    def _sqlite_engine(self) -> Engine:
        if not self.url.database:
            raise ValueError("an in-memory SQLite database forgets everything: give a file, sqlite:///PATH")
        Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(self.url, connect_args={"check_same_thread": False, "timeout": 30})
        event.listen(engine, "connect", _on_sqlite_connect)
        event.listen(engine, "begin", _on_sqlite_begin)
        return engine

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session whose transaction commits when the block ends, and rolls back when it raises.

        On SQLite no other writer runs meanwhile, so keep it short: no scan, mail or network inside.
        """
        with self._one_writer(), Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    def write_together(self, work: Callable[[Session], _T]) -> _T:
        """What `work` returns, when the transaction that it was done in has committed.

        On SQLite, works of several threads that wait for each other share that transaction, and one may be done by
        the thread of another; PostgreSQL lets them commit at once, each in its own. Where one raises, those that
        share its transaction are done again, each alone; so `work` must bear that, and not commit or roll back
        itself.
        """
        if self.is_sqlite:
            return self._together.run(work)
        with self.write() as session:
            return work(session)

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with self._one_writer(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that sees one moment of the database. What it changes is thrown away."""
        with Session(self._reading) as session:
            yield session

    @contextmanager
    def _one_writer(self) -> Iterator[None]:
        if self._lock_path is None:
            yield
            return
        if self._writer == threading.get_ident():
            raise RuntimeError("a writing transaction inside another one of the same thread would wait for itself")
        with self._writers:
            self._writer = threading.get_ident()
            if self._lock_file is None:
                self._lock_file = self._lock_path.open("ab")
            fcntl.flock(self._lock_file, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.flock(self._lock_file, fcntl.LOCK_UN)
                self._writer = None

    def lock_project(self, session: Session, name: str) -> None:
        """Until this transaction ends, no other one changes the project `name` (normalized)."""
        if not self.is_sqlite:  # SQLite has one writer anyway
            session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": f"project:{name}"})

    def lock_artifact(self, session: Session, sha256: str) -> None:
        """Until this transaction ends, no other one adds or deletes the bytes `sha256`.

        Lock the project first, and several artifacts in the order of their names.
        """
        if not self.is_sqlite:
            session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": f"blob:{sha256}"})

    def dispose(self) -> None:
        """All connections and the lock file are closed: call it before a fork and at the end."""
        self.engine.dispose()
        with self._writers:
            if self._lock_file is not None:
                self._lock_file.close()
                self._lock_file = None


def _on_sqlite_connect(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    for pragma in _PRAGMAS:
        connection.execute(pragma)


def _on_sqlite_begin(connection: Connection) -> None:
    read_only = connection.get_execution_options().get("pratique_read_only", False)
    # Said to the driver itself: each request comes here three times, and SQLAlchemy's way costs ten times as much.
    driver: sqlite3.Connection = connection.connection.driver_connection  # type: ignore[assignment] # Any driver's
    driver.execute("BEGIN" if read_only else "BEGIN IMMEDIATE")
