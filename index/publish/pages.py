"""Rendered pages of the Simple API as answers: validators, revalidation, and no body where none is wanted."""

from __future__ import annotations

import re
from calendar import timegm
from dataclasses import dataclass, field
from hashlib import sha256
from time import time
from typing import TYPE_CHECKING, Final

from werkzeug.http import http_date, parse_date

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from wsgiref.types import StartResponse, WSGIEnvironment

    from index.publish.negotiation import SimpleType

__all__ = ["BARE_POLICY", "PAGE_CACHE", "Page", "make_page"]

#: A withdrawal takes effect with the next request, also where a proxy keeps copies.
PAGE_CACHE: Final = "max-age=0, must-revalidate"

#: A page of links needs nothing, and a file or a sentence is no page at all.
BARE_POLICY: Final = "default-src 'none'; frame-ancestors 'none'"

_ETAGS: Final = re.compile(r'(?:W/)?("[^"]*")')


@dataclass(frozen=True, slots=True)
class Page:
    """A rendered page with its headers: a WSGI application."""

    body: bytes
    etag: str
    headers: tuple[tuple[str, str], ...]
    modified: int | None
    """When it changed last, in seconds since the epoch."""
    _dated: tuple[tuple[str, str], ...] = field(init=False)

    def __post_init__(self) -> None:
        """The headers with the date are put together once."""
        dated = self.headers
        if self.modified is not None:
            dated = (*dated, ("Last-Modified", http_date(self.modified)))
        object.__setattr__(self, "_dated", dated)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """The page, or 304."""
        # Within the second of a change another may follow: a date with seconds would not tell the two pages apart.
        headers = self._dated if self.modified is not None and time() >= self.modified + 1 else self.headers
        if self._is_known(environ):
            start_response("304 Not Modified", [*headers])
            return []
        start_response("200 OK", [*headers, ("Content-Length", str(len(self.body)))])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [self.body]

    def _is_known(self, environ: WSGIEnvironment) -> bool:
        """Whether the client has this very page (RFC 9110, section 13.2.2: a date counts only without an ETag)."""
        known = environ.get("HTTP_IF_NONE_MATCH")
        if known is not None:
            return self.etag in _ETAGS.findall(known) or known.strip() == "*"
        since = environ.get("HTTP_IF_MODIFIED_SINCE")
        if since is None or self.modified is None:
            return False
        date = parse_date(since)
        return date is not None and timegm(date.utctimetuple()) >= self.modified


def make_page(kind: SimpleType, body: bytes, *, serial: int, changed_at: datetime | None) -> Page:
    """`body`, of that type, as an answer."""
    etag = f'"{sha256(body).hexdigest()}"'
    headers = (
        ("Content-Type", kind.content_type),
        ("ETag", etag),
        ("Cache-Control", PAGE_CACHE),
        ("Vary", "Accept"),
        ("X-PyPI-Last-Serial", str(serial)),
        ("X-Content-Type-Options", "nosniff"),
        ("Content-Security-Policy", BARE_POLICY),
    )
    return Page(body, etag, headers, int(changed_at.timestamp()) if changed_at is not None else None)
