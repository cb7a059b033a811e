"""What is fetched from another index, whatever that index does: bounded in bytes and seconds, from named hosts only."""

from __future__ import annotations

import re
import time
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b, sha256
from http import HTTPStatus
from http.cookiejar import DefaultCookiePolicy
from typing import IO, TYPE_CHECKING, Final, Self
from urllib.parse import unquote, urljoin, urlsplit, urlunsplit

import requests
import urllib3

from scanner.model import Sha256Hex

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Body", "Downloaded", "Source", "SourceClient", "SourceFailed", "SourceLimits", "SourceMissing", "shown_url"]

_CHUNK: Final = 64 * 1024
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS: Final = 5
_SCHEMES: Final = frozenset({"http", "https"})

_LENGTH: Final = re.compile(r"[0-9]{1,15}", re.ASCII)

#: An encoding is a second archive around the bytes, and its limits would have to be kept too.
_HEADERS: Final = {"Accept-Encoding": "identity", "User-Agent": "pratique"}


class SourceFailed(Exception):
    """The source did not give what was asked for; the message says what it did instead."""


class SourceMissing(SourceFailed):
    """The source says that there is no such thing."""


@dataclass(frozen=True, slots=True)
class SourceLimits:
    """How much, and how long."""

    silence_seconds: float
    """The longest wait for the next bytes."""
    page_bytes: int
    page_seconds: float
    file_bytes: int
    file_seconds: float


@dataclass(frozen=True, slots=True)
class Source:
    """An index, and where its files may lie."""

    root: str
    """Root of its Simple API: with a slash at the end, and without credentials."""
    hosts: frozenset[str]
    """Its own host, and those that are named beside it."""
    credentials: tuple[str, str] | None = None
    """For its own host, never for another."""

    @classmethod
    def parse(cls, url: str, file_hosts: Iterable[str] = ()) -> Self:
        """The source that `url` names.

        Raises:
            ValueError: the URL has another scheme than http and https, or no host.
        """
        parts = urlsplit(url)
        if parts.scheme not in _SCHEMES or not parts.hostname:
            raise ValueError(f"{url!r} is no Simple API: expected https://HOST/…/simple/")
        account, _, host = parts.netloc.rpartition("@")
        user, _, password = account.partition(":")
        root = urlunsplit((parts.scheme, host.lower(), parts.path.rstrip("/") + "/", "", ""))
        hosts = frozenset({host.lower(), *(each.strip().lower() for each in file_hosts)})
        return cls(root, hosts, (unquote(user), unquote(password)) if account else None)

    def permits(self, url: str) -> bool:
        """Whether `url` may be asked for: the scheme of the root, a host that is named, no credentials, no oddities."""
        try:
            parts = urlsplit(url)
        except ValueError:
            return False
        if parts.scheme != urlsplit(self.root).scheme or parts.netloc.lower() not in self.hosts:
            return False
        return not any(character.isspace() or not character.isprintable() for character in url)

    def credentials_for(self, url: str) -> tuple[str, str] | None:
        """What proves who asks, where `url` lies on the source's own host."""
        return self.credentials if urlsplit(url).netloc.lower() == urlsplit(self.root).netloc else None


@dataclass(frozen=True, slots=True)
class Body:
    """A page as it came."""

    content: bytes
    content_type: str
    """Without parameters, in lower case."""
    url: str
    """Where it was found in the end: what relative links start from."""


@dataclass(frozen=True, slots=True)
class Downloaded:
    """What the bytes of a file are."""

    size: int
    sha256: Sha256Hex
    blake2_256: str


class SourceClient:
    """Asks one source. Threads may share it."""

    def __init__(self, source: Source, limits: SourceLimits) -> None:
        self.source = source
        self._limits = limits
        self._session = requests.Session()
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    def close(self) -> None:
        """No connection is open."""
        self._session.close()

    def page(self, path: str, *, accept: str) -> Body:
        """The page at `path` below the root.

        Raises:
            SourceMissing: there is none.
            SourceFailed: it cannot be had.
        """
        limits = self._limits
        with self._answer(urljoin(self.source.root, path), limits.page_seconds, accept=accept) as answer:
            content = b"".join(answer.chunks(limits.page_bytes))
            kind = answer.response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
            return Body(content, kind, answer.url)

    def download(self, url: str, target: IO[bytes]) -> Downloaded:
        """The file at `url` is written to `target`; what its bytes are.

        Raises:
            SourceMissing: there is none.
            SourceFailed: it cannot be had, or not from there; what was written is worthless.
        """
        limits = self._limits
        size, first, second = 0, sha256(), blake2b(digest_size=32)
        with self._answer(url, limits.file_seconds, accept="*/*") as answer:
            for chunk in answer.chunks(limits.file_bytes):
                size += len(chunk)
                first.update(chunk)
                second.update(chunk)
                target.write(chunk)
        return Downloaded(size, Sha256Hex(first.hexdigest()), second.hexdigest())

    @contextmanager
    def _answer(self, url: str, seconds: float, *, accept: str) -> Iterator[_Answer]:
        """The answer to GET `url`, 200, after all redirects."""
        deadline = time.monotonic() + seconds
        for _ in range(_MOST_REDIRECTS + 1):
            with self._get(url, accept) as response:
                if response.status_code not in _REDIRECTS:
                    _require_plain(response, url)
                    yield _Answer(response, url, deadline)
                    return
                url = _joined(url, response.headers.get("Location", ""))
        raise SourceFailed(f"{shown_url(url)} is reached by more than {_MOST_REDIRECTS} redirects.")

    def _get(self, url: str, accept: str) -> requests.Response:
        if not self.source.permits(url):
            scheme = urlsplit(self.source.root).scheme
            hosts = " or ".join(sorted(self.source.hosts))
            raise SourceFailed(f"{shown_url(url)} is not asked for: expected {scheme}:// and {hosts}.")
        with _translated(url):
            return self._session.get(
                url,
                headers={**_HEADERS, "Accept": accept},
                auth=self.source.credentials_for(url),
                timeout=self._limits.silence_seconds,
                allow_redirects=False,  # followed by hand: each step must be permitted
                stream=True,
            )


@dataclass(frozen=True, slots=True)
class _Answer:
    """An answer whose body is still to come."""

    response: requests.Response
    url: str
    deadline: float

    def chunks(self, most: int) -> Iterator[bytes]:
        """The body, as it comes.

        Raises:
            SourceFailed: it is larger than `most`, or than announced, or smaller, or does not end in time.
        """
        announced = self.response.headers.get("Content-Length", "")
        expected = int(announced) if _LENGTH.fullmatch(announced) else None
        if expected is not None and expected > most:
            raise SourceFailed(f"{shown_url(self.url)} has {expected} bytes, at most {most} are taken.")
        size = 0
        # One read of the socket at a time: whoever sends a byte now and then is not waited for.
        while chunk := self._read():
            size += len(chunk)
            if size > most:
                raise SourceFailed(f"{shown_url(self.url)} has more than {most} bytes.")
            if time.monotonic() > self.deadline:
                raise SourceFailed(
                    f"{shown_url(self.url)} is too slow: {size} bytes have come in the time that there is."
                )
            yield chunk
        if expected not in {None, size}:
            raise SourceFailed(f"{shown_url(self.url)} ends after {size} bytes, {expected} were announced.")

    def _read(self) -> bytes:
        with _translated(self.url):
            return bytes(self.response.raw.read1(_CHUNK, decode_content=False))


@contextmanager
def _translated(url: str) -> Iterator[None]:
    """What the network does is a source that failed."""
    try:
        yield
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
        raise SourceFailed(f"{shown_url(url)} does not answer: {type(error).__name__}.") from error


def _joined(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError as error:
        raise SourceFailed(f"{shown_url(url)} redirects to what is no address.") from error


def _require_plain(response: requests.Response, url: str) -> None:
    """It is 200 and not encoded.

    Raises:
        SourceMissing: 404 or 410.
        SourceFailed: it is something else.
    """
    if response.status_code in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
        raise SourceMissing(f"{shown_url(url)} answers {response.status_code}.")
    if response.status_code != HTTPStatus.OK:
        raise SourceFailed(f"{shown_url(url)} answers {response.status_code}, expected 200.")
    encoding = response.headers.get("Content-Encoding", "identity")
    if encoding != "identity":
        raise SourceFailed(f"{shown_url(url)} is encoded ({encoding[:20]!r}), although that was not asked for.")


def shown_url(url: str) -> str:
    """The URL without credentials, on one line of bounded length."""
    text = "".join(character if character.isprintable() else "?" for character in url)
    scheme, separator, rest = text.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{separator}{host.rpartition('@')[2]}{slash}{path}"[:300]
