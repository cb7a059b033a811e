"""One file from upstream, for the first who asks: fetched, held and inspected, while they wait as long as they can."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

import structlog

from index.clock import utcnow
from index.mirror.errands import Errands, TooMany
from index.mirror.source import SourceFailed
from index.mirror.standing import Known, known_of
from index.mirror.taking import take

if TYPE_CHECKING:
    from index.mirror.offers import Offer
    from index.mirror.upstream import Upstream

__all__ = ["Delivery"]

#: How often whoever waits looks whether there is a verdict.
_LOOK_SECONDS: Final = 0.1

#: So many files are on their way from upstream at once, in one process.
_MOST_UNDER_WAY: Final = 4

#: So long a file that upstream did not give as promised is not asked for again.
_FAILURE_SECONDS: Final = 15.0
_MOST_FAILURES: Final = 1_000

_log = structlog.get_logger()


class Delivery:
    """Takes files in. Threads may share it."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream
        self._errands: Errands[None] = Errands(_MOST_UNDER_WAY)
        self._lock = threading.Lock()
        self._failures: OrderedDict[tuple[str, str], tuple[float, str]] = OrderedDict()

    def bring(self, offer: Offer, *, seconds: float) -> Known:
        """How the file stands after at most `seconds`, in which it is fetched and inspected if it was new.

        Raises:
            SourceFailed: upstream did not give it.
            NotTaken: it cannot come in.
        """
        deadline = time.monotonic() + seconds
        known = self._known(offer)
        if known is Known.NEW:
            known = self._fetched(offer, deadline)
        while known is Known.COMING and time.monotonic() < deadline:
            time.sleep(_LOOK_SECONDS)
            known = self._known(offer)
        return known

    def _fetched(self, offer: Offer, deadline: float) -> Known:
        """How the file stands once it has been fetched; or it is still on its way."""
        key = (offer.sha256, offer.name.filename)
        self._raise_recent_failure(key)
        try:
            wait = max(0.0, deadline - time.monotonic())
            self._errands.result(key, lambda: self._take(offer), seconds=wait)
        except (TimeoutError, TooMany):
            return Known.COMING
        return self._known(offer)

    def _take(self, offer: Offer) -> None:
        try:
            take(self._upstream.services, self._upstream.client, offer)
        except SourceFailed as failed:
            _log.warning("upstream.failed", filename=offer.name.filename, error=str(failed))
            self._remember((offer.sha256, offer.name.filename), str(failed))
            raise

    def _known(self, offer: Offer) -> Known:
        with self._upstream.services.database.read() as session:
            return known_of(session, offer.name.name, [offer], now=utcnow())[offer.name.filename]

    def _raise_recent_failure(self, key: tuple[str, str]) -> None:
        with self._lock:
            until, message = self._failures.get(key, (0.0, ""))
        if time.monotonic() < until:
            raise SourceFailed(message)

    def _remember(self, key: tuple[str, str], message: str) -> None:
        with self._lock:
            self._failures[key] = (time.monotonic() + _FAILURE_SECONDS, message)
            self._failures.move_to_end(key)
            while len(self._failures) > _MOST_FAILURES:
                self._failures.popitem(last=False)
