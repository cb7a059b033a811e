"""What readers get of names that are not ours: upstream's pages, as far as they passed, and its files once they did.

Whoever waits for upstream or for a verdict holds a thread of the web process. Half of the threads may do so; the others
go on with what is published here.
"""

from __future__ import annotations

import errno
import threading
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, Self

from index.mirror.delivery import Delivery
from index.mirror.listing import listing
from index.mirror.source import SourceFailed
from index.mirror.standing import Known
from index.mirror.taking import NotTaken
from index.mirror.upstream import Upstream
from index.publish.fresh import FreshCache
from index.publish.negotiation import SimpleType
from index.publish.pages import Page, make_page
from index.publish.reads import plain_answer
from index.publish.render import detail_html, detail_json
from index.store.tables import DetailPage
from scanner.archive import ArchiveRefused, parse_filename

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

    from index.mirror.offers import Offer
    from index.mirror.pages import Kept
    from index.services import Services
    from scanner.model import Sha256Hex

__all__ = ["UpstreamReads"]

#: When it is worth while to ask again for what is being inspected. pip, uv and poetry do, five times or three.
_RETRY_SECONDS: Final = 2


class UpstreamReads:
    """Answers `index.publish.reads.Reads` for what it does not have itself."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream
        self._delivery = Delivery(upstream)
        self._rendered: FreshCache[Page | None] = FreshCache(upstream.services.database)
        self._names: FreshCache[bool] = FreshCache(upstream.services.database)
        settings = upstream.services.settings
        self._page_seconds = settings.upstream_timeout_seconds
        self._file_seconds = settings.upstream_wait_seconds
        self._waiters = threading.Semaphore(max(1, settings.web_threads // 2))

    @classmethod
    def open(cls, services: Services) -> Self | None:
        """Those of the upstream that the settings name; None where they name none."""
        upstream = Upstream.open(services)
        return cls(upstream) if upstream is not None else None

    def close(self) -> None:
        """All connections are closed."""
        self._rendered.close()
        self._names.close()
        self._upstream.client.close()

    def has(self, name: str) -> bool:
        """Whether the page of the normalized `name` is upstream's."""
        return self._names.get(name, lambda: self._is_upstreams(name))

    def _is_upstreams(self, name: str) -> bool:
        with self._upstream.services.database.read() as session:
            return self._upstream.has(session, name)

    def page(self, name: str, kind: SimpleType) -> WSGIApplication | None:
        """The page of a project that is upstream's; None where there is none."""
        if not self._waiters.acquire(blocking=False):
            return _busy("Too many readers wait for the upstream index.")
        try:
            kept: Kept | None = self._upstream.pages.get(name, seconds=self._page_seconds)
        except SourceFailed:
            kept = None
        finally:
            self._waiters.release()
        until = kept.until if kept is not None else None
        page = self._rendered.get((name, kind, until), lambda: self._render(name, kind, kept))
        if page is None and kept is None:
            # No 404: that would send some installers to the next index for a name that may well be here.
            return _busy("The upstream index does not answer, and nothing of this project is here yet.")
        return page

    def _render(self, name: str, kind: SimpleType, kept: Kept | None) -> Page | None:
        if not self.has(name):
            return None  # somebody here has it since
        with self._upstream.services.database.read() as session:
            view = listing(self._upstream, session, name, kept)
            stored = session.get(DetailPage, name)
            serial = stored.serial if stored is not None else 0
        if view is None:
            return None
        body = detail_json(view, serial=serial) if kind is SimpleType.JSON else detail_html(view)
        return make_page(kind, body, serial=serial, changed_at=None)

    def file(self, sha256: Sha256Hex, filename: str) -> WSGIApplication | None:
        """Nothing, where the file is published by now or is none of upstream's; else the answer that it is not."""
        if not self._waiters.acquire(blocking=False):
            return _busy("Too many readers wait for files of the upstream index.")
        try:
            return self._bring(sha256, filename)
        except SourceFailed as failed:
            return plain_answer(HTTPStatus.BAD_GATEWAY, f"The upstream index did not give this file. {failed}")
        except NotTaken as refused:
            return _refused(str(refused))
        except OSError as error:
            if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
                raise
            return plain_answer(HTTPStatus.INSUFFICIENT_STORAGE, "This index has no room left for the file.")
        finally:
            self._waiters.release()

    def _bring(self, sha256: Sha256Hex, filename: str) -> WSGIApplication | None:
        deadline = time.monotonic() + self._file_seconds
        offer = self._find(sha256, filename)
        if offer is None:
            return None
        known = self._delivery.bring(offer, seconds=max(0.0, deadline - time.monotonic()))
        if known is Known.COMING:
            return _busy("This file comes from the upstream index and is being inspected.")
        if known is Known.HELD:
            # No Retry-After: installers would sleep as long as a person takes to decide.
            return plain_answer(HTTPStatus.SERVICE_UNAVAILABLE, "This file is held until a person has looked at it.")
        if known is Known.REFUSED:
            return _refused("They were recorded when it was asked for the first time.")
        return None

    def _find(self, sha256: Sha256Hex, filename: str) -> Offer | None:
        """What upstream offers under that name with those bytes."""
        try:
            name = parse_filename(filename).name
        except ArchiveRefused:
            return None
        if not self.has(name):
            return None
        kept = self._upstream.pages.get(name, seconds=self._page_seconds)
        offers = self._upstream.offers(name, kept.page)
        return next((offer for offer in offers if offer.name.filename == filename and offer.sha256 == sha256), None)


def _busy(text: str) -> WSGIApplication:
    answer = plain_answer(HTTPStatus.SERVICE_UNAVAILABLE, f"{text} Try again in {_RETRY_SECONDS} seconds.")
    answer.headers["Retry-After"] = str(_RETRY_SECONDS)
    return answer


def _refused(why: str) -> WSGIApplication:
    return plain_answer(HTTPStatus.FORBIDDEN, f"The checks of this index do not let this file in. {why}")
