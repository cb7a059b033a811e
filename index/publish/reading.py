"""Reading with a token: where the setting asks for it, nothing is answered to whoever proves nothing.

Everything is closed but the addresses that guard themselves: an address that somebody adds later is closed, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from werkzeug.datastructures import Authorization
from werkzeug.wrappers import Response

from index.accounts.tokens import authenticate
from index.clock import utcnow
from index.publish.fresh import FreshCache
from index.publish.pages import BARE_POLICY
from index.store.tables import Scope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from index.services import Services

__all__ = ["CHALLENGE", "GUARD_THEMSELVES", "ReadingWithToken"]

_USER: Final = "__token__"
CHALLENGE: Final = 'Basic realm="pratique", charset="UTF-8"'

#: Who asks here proves themselves to the view, or learns nothing of what is published.
GUARD_THEMSELVES: Final = (
    "/.well-known/",
    "/accessibility",
    "/account/",
    "/admin/",
    "/api/",
    "/assets/",
    "/help/",
    "/legacy",
    "/manage/",
    "/openapi.json",
    "/review/",
    "/robots.txt",
    "/sign-in",
    "/sign-out",
    "/submissions/",
    "/upload/",
)

#: Pages for people, who are asked to sign in rather than for a token.
_FOR_PEOPLE: Final = ("/project/", "/search")

_REFUSED: Final = (
    "Reading from this index needs a living API token: user name __token__, and the token as the password.\n"
)


@dataclass(frozen=True, slots=True)
class _Reader:
    expires_at: datetime | None


class _Unknown(Exception):
    """Not kept: whoever guesses must not fill the memory."""


class ReadingWithToken:
    """WSGI middleware around everything that reads. Its answers are nobody's but the reader's.

    `signed_in` says whether a request with a cookie comes from somebody who is signed in.
    """

    def __init__(
        self, app: WSGIApplication, services: Services, *, signed_in: Callable[[WSGIEnvironment], bool]
    ) -> None:
        self._app = app
        self._services = services
        self._signed_in = signed_in
        self._readers: FreshCache[_Reader] = FreshCache(services.database)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """The answer of what is inside, or a refusal."""
        path = environ.get("PATH_INFO", "")
        if path.startswith(GUARD_THEMSELVES):
            return self._app(environ, start_response)
        if not self._may_read(environ):
            return _refusal(environ, path)(environ, start_response)
        return self._app(environ, _for_the_reader_alone(start_response))

    def close(self) -> None:
        """The connection that watches for changes is closed."""
        self._readers.close()

    def _may_read(self, environ: WSGIEnvironment) -> bool:
        header = environ.get("HTTP_AUTHORIZATION")
        if header is None:
            return "HTTP_COOKIE" in environ and self._signed_in(environ)
        try:
            # A revocation is a commit, and forgets what is kept; an expiry is looked at each time.
            reader = self._readers.get(sha256(header.encode()).digest(), lambda: self._find(header))
        except _Unknown:
            return False
        return reader.expires_at is None or reader.expires_at > utcnow()

    def _find(self, header: str) -> _Reader:
        secret = _secret(header)
        with self._services.database.read() as session:
            token = authenticate(session, secret, now=utcnow(), scope=Scope.READ) if secret else None
        if token is None:
            raise _Unknown
        return _Reader(token.expires_at)


def _secret(header: str) -> str | None:
    given = Authorization.from_header(header)
    if given is None:
        return None
    if given.type == "bearer":
        return given.token
    return given.password if given.type == "basic" and given.username == _USER else None


def _refusal(environ: WSGIEnvironment, path: str) -> Response:
    """401; a browser is led to where people sign in, and back."""
    for_people = path == "/" or path.startswith(_FOR_PEOPLE)
    if for_people and environ["REQUEST_METHOD"] == "GET" and "HTTP_AUTHORIZATION" not in environ:
        query = environ.get("QUERY_STRING", "")
        here = quote(path.encode("latin-1") + (f"?{query}" if query else "").encode(), safe="/")
        answer = Response(status=HTTPStatus.SEE_OTHER, headers={"Location": f"/sign-in?next={here}"})
    else:
        answer = Response(_REFUSED, HTTPStatus.UNAUTHORIZED, content_type="text/plain; charset=utf-8")
        answer.headers["WWW-Authenticate"] = CHALLENGE
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Content-Security-Policy"] = BARE_POLICY
    return answer


def _for_the_reader_alone(start_response: StartResponse) -> StartResponse:
    """`start_response` with headers that keep shared caches from giving the answer to somebody else."""

    def start(  # the interface of WSGI
        status: str, headers: list[tuple[str, str]], exc_info: object = None, /
    ) -> Callable[[bytes], object]:
        found = {name.lower(): value for name, value in headers}
        kept = [pair for pair in headers if pair[0].lower() not in {"cache-control", "vary"}]
        control = [part.strip() for part in found.get("cache-control", "").split(",")]
        private = ["private", *(part for part in control if part and part not in {"public", "private"})]
        vary = [part.strip() for part in found.get("vary", "").split(",") if part.strip()]
        kept.append(("Cache-Control", ", ".join(private)))
        kept.append(("Vary", ", ".join(dict.fromkeys([*vary, "Authorization", "Cookie"]))))
        return start_response(status, kept, exc_info)  # type: ignore[arg-type] # the interface of WSGI

    return start
