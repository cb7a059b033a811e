"""How often files are given out: counted in the process, added up in the database every few seconds and at its end.

No read waits for the database. What a process has counted since its last writing is lost where it is killed.
"""

from __future__ import annotations

import atexit
import os
import threading
from collections import Counter
from typing import TYPE_CHECKING, Final

import structlog
from sqlalchemy.dialects import postgresql, sqlite

from index.clock import utcnow
from index.store.tables import Downloads
from index.store.tables.base import table_of

if TYPE_CHECKING:
    from datetime import date

    from index.store.database import Database

__all__ = ["FLUSH_SECONDS", "DownloadCounter"]

#: Every writing makes all processes read their pages anew, so it must not come too often.
FLUSH_SECONDS: Final = 10.0

_log = structlog.get_logger()


class DownloadCounter:
    """Counts in this process. The thread that writes lives from the first download on."""

    def __init__(self, database: Database, *, every: float = FLUSH_SECONDS) -> None:
        self._database = database
        self._every = every
        self._lock = threading.Lock()
        self._counts: Counter[tuple[int, date]] = Counter()
        self._stop = threading.Event()
        self._writer: threading.Thread | None = None
        self._process: int | None = None

    def count(self, file_id: int) -> None:
        """The file was given out once more."""
        key = (file_id, utcnow().date())
        with self._lock:
            self._counts[key] += 1
            if self._process != os.getpid():  # the first one, also after a fork: threads do not survive it
                self._begin()

    def flush(self) -> None:
        """What was counted is in the database; where that fails, it is counted on."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
        if not counts:
            return
        try:
            self._add(counts)
        except Exception:  # noqa: BLE001 # a count is worth no read: logged, and tried again
            _log.exception("downloads.not_written", files=len(counts))
            with self._lock:
                self._counts.update(counts)

    def close(self) -> None:
        """The last counts are written, and nothing of it runs any more."""
        self._stop.set()
        if self._writer is not None and self._process == os.getpid():
            self._writer.join()
        atexit.unregister(self.close)
        self.flush()
        self._writer = self._process = None
        self._stop.clear()

    def _begin(self) -> None:
        self._process = os.getpid()
        self._writer = threading.Thread(target=self._write_now_and_then, name="downloads", daemon=True)
        self._writer.start()
        atexit.register(self.close)

    def _write_now_and_then(self) -> None:
        while not self._stop.wait(self._every):
            self.flush()

    def _add(self, counts: Counter[tuple[int, date]]) -> None:
        table = table_of(Downloads)
        insert = sqlite.insert if self._database.is_sqlite else postgresql.insert
        statement = insert(table)
        added = statement.on_conflict_do_update(
            index_elements=[table.c.file_id, table.c.day],
            set_={"count": table.c.count + statement.excluded.count},
        )
        # In one order in every process: two that write at once must not wait for each other.
        rows = [{"file_id": file_id, "day": day, "count": count} for (file_id, day), count in sorted(counts.items())]
        with self._database.write() as session:
            session.execute(added, rows)
