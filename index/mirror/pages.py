"""The upstream's pages, kept for a while: what was asked a moment ago is not asked again, nor is who did not answer."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog

from index.mirror.errands import Errands, TooMany
from index.mirror.simple import ACCEPT, ProjectPage, read_project
from index.mirror.source import SourceFailed, SourceMissing, shown_url

if TYPE_CHECKING:
    from collections.abc import Callable

    from index.mirror.source import SourceClient

__all__ = ["Kept", "Pages"]

#: Of all pages together: each of them takes about half a kilobyte.
_MOST_FILES: Final = 200_000
_MOST_PAGES: Final = 2_000

#: So long an upstream that did not answer for a project is not asked for it again.
_FAILURE_SECONDS: Final = 15.0
_MOST_UNDER_WAY: Final = 8

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Kept:
    """What upstream said of a project, and until when that counts."""

    page: ProjectPage | None
    """None: it has no such project."""
    until: float
    """By the monotonic clock."""
    failure: str = ""
    """Why it said nothing."""

    @property
    def size(self) -> int:
        """How many files are on the page."""
        return len(self.page.files) if self.page is not None else 0


class Pages:
    """The pages of one upstream. Threads may share it."""

    def __init__(
        self, client: SourceClient, *, keep_seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._client = client
        self._keep_seconds = keep_seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._errands: Errands[Kept] = Errands(_MOST_UNDER_WAY)

    def get(self, name: str, *, seconds: float) -> Kept:
        """What upstream says of the project, as it was known within the last `keep_seconds`.

        Raises:
            SourceFailed: nothing is known, and there is no answer within `seconds`.
        """
        with self._lock:
            kept = self._kept.get(name)
            if kept is not None and self._clock() < kept.until:
                self._kept.move_to_end(name)
            else:
                kept = None
        if kept is None:
            try:
                kept = self._errands.result(name, lambda: self._fetch(name), seconds=seconds)
            except TimeoutError as error:
                raise SourceFailed("Upstream has not answered in time.") from error
            except TooMany as error:
                raise SourceFailed("Upstream is asked for many other projects just now.") from error
        if kept.failure:
            raise SourceFailed(kept.failure)
        return kept

    def _fetch(self, name: str) -> Kept:
        try:
            page = read_project(self._client.page(f"{name}/", accept=ACCEPT))
        except SourceMissing:
            kept = Kept(None, self._clock() + self._keep_seconds)
        except SourceFailed as failed:
            _log.warning("upstream.failed", project=name, error=str(failed))
            kept = Kept(None, self._clock() + _FAILURE_SECONDS, str(failed))
        else:
            self._warn_of_other_hosts(name, page)
            kept = Kept(page, self._clock() + self._keep_seconds)
        self._keep(name, kept)
        return kept

    def _keep(self, name: str, kept: Kept) -> None:
        with self._lock:
            self._kept[name] = kept
            self._kept.move_to_end(name)
            files = sum(each.size for each in self._kept.values())
            while len(self._kept) > 1 and (len(self._kept) > _MOST_PAGES or files > _MOST_FILES):
                _, gone = self._kept.popitem(last=False)
                files -= gone.size

    def _warn_of_other_hosts(self, name: str, page: ProjectPage) -> None:
        """An operator who has not named the host of the files would look long for the reason."""
        strange = next((file.url for file in page.files if not self._client.source.permits(file.url)), None)
        if strange is not None:
            _log.warning(
                "upstream.files_elsewhere", project=name, url=shown_url(strange), setting="PRATIQUE_UPSTREAM_FILE_HOSTS"
            )
