"""The reads that installers make by the thousand, answered ahead of Flask: the list of projects, their pages, files.

Each answers from `visible`, or from what publication made of it, and 404 to everything else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, BinaryIO, Final, Protocol
from urllib.parse import parse_qs

import structlog
from packaging.utils import canonicalize_name
from werkzeug.datastructures import MIMEAccept
from werkzeug.exceptions import RequestedRangeNotSatisfiable
from werkzeug.http import parse_accept_header
from werkzeug.wrappers import Response
from werkzeug.wsgi import wrap_file

from index.publish.detail import DetailPages
from index.publish.downloads import DownloadCounter
from index.publish.fresh import ChangeCache, FreshCache
from index.publish.listing import ListedProjects, ProjectList
from index.publish.namespaces import API_VERSION_WITH_NAMESPACES
from index.publish.negotiation import SimpleType, choose
from index.publish.pages import BARE_POLICY, Page, make_page
from index.publish.render import API_VERSION
from index.publish.visible import visible_file
from index.store.blobs import BlobCorrupt, BlobMissing
from index.store.tables import Artifact
from scanner.model import Sha256Hex

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from index.services import Services

__all__ = ["FILE_CACHE", "Reads", "UpstreamNames", "plain_answer"]

#: A withdrawal takes effect within a minute, also where a proxy keeps copies.
FILE_CACHE: Final = "public, max-age=60"

_log: Final = structlog.get_logger()
_LIST: Final = "/simple/"
_DETAIL = re.compile(r"/simple/([^/]+)(/?)")
_FILE = re.compile(r"/files/([0-9a-f]{64})/([^/]+)")
_METADATA: Final = ".metadata"

_SMALL: Final = 64 * 1024
_CONDITIONS: Final = frozenset(
    f"HTTP_{name}"
    for name in ("RANGE", "IF_RANGE", "IF_MATCH", "IF_NONE_MATCH", "IF_MODIFIED_SINCE", "IF_UNMODIFIED_SINCE")
)


@dataclass(frozen=True, slots=True)
class _Visible:
    """A file that may be given out."""

    id: int
    sha256: Sha256Hex
    filename: str
    size: int
    published_at: datetime
    metadata: bytes
    metadata_sha256: str
    headers: tuple[tuple[str, str], ...] = field(init=False)
    """Of an answer with the whole file, put together once."""

    def __post_init__(self) -> None:
        """The headers are those that a conditional answer has, too."""
        response = _headed(Response(), self.sha256, self)
        response.content_length = self.size
        response.headers["Accept-Ranges"] = "bytes"
        object.__setattr__(self, "headers", tuple(response.headers))


@dataclass(frozen=True, slots=True)
class _Whole:
    """What nearly every request for a file gets: all of it."""

    found: _Visible
    blob: BinaryIO

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """The file. A small one is read: that is less work than to have it sent."""
        start_response("200 OK", [*self.found.headers])
        if self.found.size > _SMALL:
            return wrap_file(environ, self.blob)
        with self.blob:
            return [self.blob.read()]


class UpstreamNames(Protocol):
    """What answers for names that are not ours (`index.mirror`)."""

    def has(self, name: str) -> bool:
        """Whether it answers for the page of the normalized `name`."""

    def page(self, name: str, kind: SimpleType) -> WSGIApplication | None:
        """The page of a name that it has; None where there is none."""

    def file(self, sha256: Sha256Hex, filename: str) -> WSGIApplication | None:
        """Why a file that is not published is not given out; None where it is published by now, or unknown."""

    def close(self) -> None:
        """Its connections are closed."""


class Reads:
    """WSGI middleware: answers what installers read, and hands everything else on."""

    def __init__(self, app: WSGIApplication, services: Services, upstream: UpstreamNames | None = None) -> None:
        self._app = app
        self._upstream = upstream
        self._services = services
        self._details = DetailPages(services)
        self._pages: FreshCache[Page | None] = FreshCache(services.database)
        self._files: FreshCache[_Visible | HTTPStatus] = FreshCache(services.database)
        self._projects = ProjectList(services.database)
        self._listed: FreshCache[ListedProjects] = FreshCache(services.database)
        self._lists: ChangeCache[Page] = ChangeCache()
        self._downloads = DownloadCounter(services.database)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """The answer."""
        if environ["REQUEST_METHOD"] in {"GET", "HEAD"}:
            path = environ.get("PATH_INFO", "")
            if path == _LIST:
                return self._list(environ)(environ, start_response)
            if match := _DETAIL.fullmatch(path):
                return self._detail(match[1], match[2], environ)(environ, start_response)
            if match := _FILE.fullmatch(path):
                return self._file(Sha256Hex(match[1]), match[2], environ)(environ, start_response)
        return self._app(environ, start_response)

    def close(self) -> None:
        """The connections that watch for changes are closed, and the last downloads are counted."""
        self._downloads.close()
        self._pages.close()
        self._files.close()
        self._listed.close()
        if self._upstream is not None:
            self._upstream.close()

    def _list(self, environ: WSGIEnvironment) -> WSGIApplication:
        kind = _negotiated(environ.get("HTTP_ACCEPT"), environ.get("QUERY_STRING", ""))
        if kind is None:
            return _not_acceptable()
        listed = self._listed.get(None, self._projects.now)
        return self._lists.get(kind, listed.serial, lambda: self._list_page(kind, listed))

    def _list_page(self, kind: SimpleType, listed: ListedProjects) -> Page:
        version = API_VERSION_WITH_NAMESPACES if self._services.settings.namespaces else API_VERSION
        body = listed.json(version=version) if kind is SimpleType.JSON else listed.html()
        return make_page(kind, body, serial=listed.serial, changed_at=listed.changed_at)

    def _detail(self, name: str, slash: str, environ: WSGIEnvironment) -> WSGIApplication:
        normalized = canonicalize_name(name)
        if normalized != name or not slash:
            location = f"../{normalized}/" if slash else f"{normalized}/"
            return Response(status=HTTPStatus.MOVED_PERMANENTLY, headers={"Location": location})
        kind = _negotiated(environ.get("HTTP_ACCEPT"), environ.get("QUERY_STRING", ""))
        if kind is None:
            return _not_acceptable()
        page = self._pages.get((normalized, kind), lambda: self._load_page(normalized, kind))
        if page is None and self._upstream is not None and self._upstream.has(normalized):
            answer = self._upstream.page(normalized, kind)
            if answer is not None:
                return answer
        if page is None:
            return plain_answer(HTTPStatus.NOT_FOUND, f"No project {normalized} has a published file here.")
        return page

    def _load_page(self, name: str, kind: SimpleType) -> Page | None:
        if self._upstream is not None and self._upstream.has(name):
            return None
        return self._details.load(name, kind)

    def _file(self, digest: Sha256Hex, name: str, environ: WSGIEnvironment) -> WSGIApplication:
        wants_metadata = name.endswith(_METADATA)
        filename = name.removesuffix(_METADATA)
        found = self._files.get((digest, filename), lambda: self._load_file(digest, filename))
        if found is HTTPStatus.NOT_FOUND and self._upstream is not None and not wants_metadata:
            if (answer := self._upstream.file(digest, filename)) is not None:
                return answer
            found = self._files.get((digest, filename), lambda: self._load_file(digest, filename))
        if found is HTTPStatus.FORBIDDEN and not wants_metadata:
            return plain_answer(
                HTTPStatus.FORBIDDEN, "These bytes were inspected and rejected. They are not given out."
            )
        if isinstance(found, HTTPStatus):
            return plain_answer(HTTPStatus.NOT_FOUND, "No published file has these bytes under this name.")
        if wants_metadata:
            return _headed(Response(found.metadata), found.metadata_sha256, found).make_conditional(environ)
        return self._bytes(found, environ)

    def _load_file(self, digest: Sha256Hex, filename: str) -> _Visible | HTTPStatus:
        with self._services.database.read() as session:
            file = visible_file(session, digest, filename)
            if file is None:
                artifact = session.get(Artifact, digest)
                rejected = artifact is not None and artifact.rejected_at is not None
                return HTTPStatus.FORBIDDEN if rejected else HTTPStatus.NOT_FOUND
            published_at = file.submission.published_at
            if published_at is None:
                return HTTPStatus.NOT_FOUND
            size = file.artifact.size
            return _Visible(file.id, digest, filename, size, published_at, file.metadata_bytes, file.metadata_sha256)

    def _bytes(self, found: _Visible, environ: WSGIEnvironment) -> WSGIApplication:
        try:
            blob = self._services.blobs.open(found.sha256)
        except (BlobMissing, BlobCorrupt):
            return plain_answer(HTTPStatus.SERVICE_UNAVAILABLE, "The stored file is not what was published.")
        except OSError as error:
            _log.error("file.unreadable", sha256=found.sha256, error=str(error))
            return plain_answer(HTTPStatus.SERVICE_UNAVAILABLE, "The stored file cannot be read now. Try again later.")
        if environ["REQUEST_METHOD"] == "GET" and _CONDITIONS.isdisjoint(environ):
            self._downloads.count(found.id)
            return _Whole(found, blob)
        response = Response(wrap_file(environ, blob), direct_passthrough=True)
        response.call_on_close(blob.close)
        response.content_length = found.size
        try:
            answer = _headed(response, found.sha256, found).make_conditional(
                environ, accept_ranges=True, complete_length=found.size
            )
        except RequestedRangeNotSatisfiable as error:
            response.close()
            return _as_response(error, environ)
        if answer.status_code == HTTPStatus.OK and environ["REQUEST_METHOD"] == "GET":
            self._downloads.count(found.id)
        return answer


def _headed(response: Response, etag: str, found: _Visible) -> Response:
    response.content_type = "application/octet-stream"
    response.set_etag(etag)
    response.last_modified = found.published_at
    response.headers["Cache-Control"] = FILE_CACHE
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = BARE_POLICY
    return response


def _as_response(error: RequestedRangeNotSatisfiable, environ: WSGIEnvironment) -> Response:
    answer = Response(status=HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
    answer.headers.extend(error.get_headers(environ))
    return answer


@lru_cache(maxsize=256)
def _negotiated(accept: str | None, query: str) -> SimpleType | None:
    # A plus sign in a query means a blank, but nobody writes a media type with blanks in it.
    wanted = parse_qs(query).get("format") if "format=" in query else None
    return choose(parse_accept_header(accept, MIMEAccept), wanted[0].replace(" ", "+") if wanted else None)


def _not_acceptable() -> Response:
    answer = plain_answer(HTTPStatus.NOT_ACCEPTABLE, f"This page comes as {', '.join(SimpleType)}.")
    answer.headers["Vary"] = "Accept"
    return answer


def plain_answer(status: HTTPStatus, text: str) -> Response:
    """One sentence, which nobody keeps."""
    response = Response(f"{text}\n", status=status, content_type="text/plain; charset=utf-8")
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = BARE_POLICY
    return response
