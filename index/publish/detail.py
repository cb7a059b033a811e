"""Stored detail pages as answers. Those of large projects have megabytes: each is loaded once for each change of it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, select

from index.publish.namespaces import with_namespaces
from index.publish.negotiation import SimpleType
from index.publish.pages import Page, make_page
from index.store.tables import DetailPage
from index.store.tables.base import table_of

if TYPE_CHECKING:
    from index.services import Services

__all__ = ["DetailPages"]

_TABLE: Final = table_of(DetailPage)
_SERIAL: Final = select(_TABLE.c.serial).where(_TABLE.c.project == bindparam("project"))
_HTML: Final = select(_TABLE.c.html.label("body"), _TABLE.c.serial, _TABLE.c.updated_at).where(
    _TABLE.c.project == bindparam("project")
)
_JSON: Final = select(_TABLE.c.json.label("body"), _TABLE.c.serial, _TABLE.c.updated_at).where(
    _TABLE.c.project == bindparam("project")
)

#: Smaller pages are loaded and hashed in less time than it takes to think about it.
_LARGE: Final = 64 * 1024
_MOST_KEPT: Final = 32 * 1024 * 1024


class DetailPages:
    """What publication has stored, as answers."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._lock = threading.Lock()
        self._kept: dict[tuple[str, SimpleType], tuple[int, Page]] = {}

    def load(self, name: str, kind: SimpleType) -> Page | None:
        """The page of the project (normalized name), as it is stored now; None where there is none."""
        grants = self._services.settings.namespaces and kind is SimpleType.JSON
        kept = self._kept.get((name, kind))
        with self._services.database.read() as session:
            if kept is not None and session.execute(_SERIAL, {"project": name}).scalar_one_or_none() == kept[0]:
                return kept[1]
            stored = session.execute(_JSON if kind is SimpleType.JSON else _HTML, {"project": name}).one_or_none()
            if stored is None:
                return None
            body = with_namespaces(session, name, stored.body) if grants else stored.body
        # A grant changes the page without a date, and without a serial.
        changed_at = None if grants else stored.updated_at
        page = make_page(kind, body, serial=stored.serial, changed_at=changed_at)
        if len(body) >= _LARGE and not grants:
            self._keep((name, kind), stored.serial, page)
        return page

    def _keep(self, key: tuple[str, SimpleType], serial: int, page: Page) -> None:
        with self._lock:
            self._kept.pop(key, None)
            self._kept[key] = (serial, page)
            while len(self._kept) > 1 and sum(len(page.body) for _, page in self._kept.values()) > _MOST_KEPT:
                del self._kept[next(iter(self._kept))]
