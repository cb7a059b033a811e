"""A source may be slow, large, dishonest or broken: it costs a bounded time, and says so in one kind of error."""

from __future__ import annotations

import base64
import hashlib
import io
import re
import time
from typing import TYPE_CHECKING, Final

import pytest

from index.mirror.source import Source, SourceClient, SourceFailed, SourceLimits, SourceMissing
from tests.servers.simple_index import Answer, OtherIndex, other_index

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LIMITS: Final = SourceLimits(silence_seconds=1.0, page_bytes=1000, page_seconds=1.5, file_bytes=2000, file_seconds=1.5)
PAGE: Final = "/root/simple/tidy/"


@pytest.fixture
def elsewhere() -> Iterator[OtherIndex]:
    with other_index() as running:
        yield running


@pytest.fixture
def make_client(elsewhere: OtherIndex) -> Iterator[Callable[..., SourceClient]]:
    made: list[SourceClient] = []

    def make(url: str = "", *hosts: str) -> SourceClient:
        made.append(SourceClient(Source.parse(url or elsewhere.url, hosts), LIMITS))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture
def client(make_client: Callable[..., SourceClient]) -> SourceClient:
    return make_client()


def host_of(index: OtherIndex) -> str:
    return index.url.split("/")[2]


def redirect(location: str) -> Answer:
    return Answer(302, headers=(("Location", location),))


def test_a_page_comes_with_its_type_and_its_address(client: SourceClient, elsewhere: OtherIndex) -> None:
    elsewhere.answers[PAGE] = Answer(body=b"page", headers=(("Content-Type", "Text/HTML; charset=x"),))

    body = client.page("tidy/", accept="*/*")

    assert (body.content, body.content_type, body.url) == (b"page", "text/html", f"{elsewhere.url}tidy/")


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        pytest.param(Answer(500), "answers 500", id="a fault"),
        pytest.param(Answer(403), "answers 403", id="a refusal"),
        pytest.param(Answer(body=b"x" * 1001), "1001 bytes", id="too large, and says so"),
        pytest.param(
            Answer(body=b"x" * 1001, headers=(("Content-Length", "7" * 5000),)),
            "more than 1000 bytes",
            id="a length that is none",
        ),
        pytest.param(
            Answer(body=b"x", headers=(("Content-Encoding", "gzip"),)),
            "encoded ('gzip')",
            id="an encoding not asked for",
        ),
        pytest.param(Answer(body=b"short", headers=(("Content-Length", "50"),)), "does not answer", id="cut off"),
        pytest.param(Answer(body=b"x" * 100, drip_seconds=0.05), "too slow", id="a byte now and then"),
        pytest.param(Answer(body=b"xx", drip_seconds=3.0), "does not answer", id="silent in the middle"),
        pytest.param(redirect(PAGE), "more than 5 redirects", id="a circle of redirects"),
        pytest.param(redirect("ftp://127.0.0.1/x"), "not asked for", id="a redirect to another scheme"),
        pytest.param(redirect("https://127.0.0.1/x"), "not asked for", id="a redirect to TLS on another port"),
        pytest.param(redirect("file:///etc/passwd"), "not asked for", id="a redirect to a file"),
        pytest.param(redirect("http://169.254.10.10/x"), "not asked for", id="a redirect to a neighbour"),
        pytest.param(redirect("//elsewhere.invalid/x"), "not asked for", id="a redirect to another host"),
        pytest.param(redirect("http://[broken"), "does not answer", id="a redirect to nowhere"),
    ],
)
def test_what_is_not_as_it_should_be_is_a_source_that_failed(
    client: SourceClient, elsewhere: OtherIndex, answer: Answer, says: str
) -> None:
    elsewhere.answers[PAGE] = answer
    started = time.monotonic()

    with pytest.raises(SourceFailed, match=re.escape(says)):
        client.page("tidy/", accept="*/*")

    assert time.monotonic() - started < 10


def test_a_body_without_a_length_ends_at_the_limit(client: SourceClient, elsewhere: OtherIndex) -> None:
    elsewhere.answers[PAGE] = Answer(body=b"x" * 5000, headers=(("Content-Length", ""),))

    with pytest.raises(SourceFailed):
        client.page("tidy/", accept="*/*")


@pytest.mark.parametrize("status", [404, 410])
def test_what_is_not_there_is_missing(client: SourceClient, elsewhere: OtherIndex, status: int) -> None:
    elsewhere.answers[PAGE] = Answer(status)

    with pytest.raises(SourceMissing):
        client.page("tidy/", accept="*/*")


def test_nobody_listens(make_client: Callable[..., SourceClient]) -> None:
    with pytest.raises(SourceFailed, match="does not answer"):
        make_client("http://127.0.0.1:9/simple/").page("tidy/", accept="*/*")


def test_a_redirect_within_the_source_is_followed_and_links_start_from_its_end(
    client: SourceClient, elsewhere: OtherIndex
) -> None:
    elsewhere.answers[PAGE] = redirect("../elsewhere/")
    elsewhere.answers["/root/simple/elsewhere/"] = Answer(body=b"page")

    assert client.page("tidy/", accept="*/*").url == f"{elsewhere.url}elsewhere/"


def test_credentials_go_to_the_source_and_not_to_the_hosts_of_its_files(
    make_client: Callable[..., SourceClient], elsewhere: OtherIndex
) -> None:
    with other_index() as files:
        client = make_client(elsewhere.url.replace("http://", "http://me:p%40ss@"), host_of(files))
        elsewhere.answers[PAGE] = Answer(body=b"page")
        files.answers["/file"] = Answer(body=b"file")

        client.page("tidy/", accept="*/*")
        client.download(f"http://{host_of(files)}/file", io.BytesIO())

    assert elsewhere.authorizations == ["Basic " + base64.b64encode(b"me:p@ss").decode()]
    assert files.authorizations == [None]
    assert "p@ss" not in client.source.root


def test_no_error_tells_the_credentials(make_client: Callable[..., SourceClient], elsewhere: OtherIndex) -> None:
    client = make_client(elsewhere.url.replace("http://", "http://me:secret@"))

    with pytest.raises(SourceFailed) as caught:
        client.page("tidy/", accept="*/*")
    with pytest.raises(SourceFailed) as other:
        client.download("http://me:secret@elsewhere.invalid/x", io.BytesIO())

    assert "secret" not in str(caught.value) + str(other.value)


def test_a_cookie_is_not_sent_back(client: SourceClient, elsewhere: OtherIndex) -> None:
    elsewhere.answers[PAGE] = Answer(body=b"page", headers=(("Set-Cookie", "a=b"),))
    client.page("tidy/", accept="*/*")

    assert len(client._session.cookies) == 0


def test_a_download_tells_what_its_bytes_are(client: SourceClient, elsewhere: OtherIndex) -> None:
    elsewhere.answers["/root/file"] = Answer(body=b"a" * 2000)
    target = io.BytesIO()

    got = client.download(elsewhere.url.replace("simple/", "file"), target)

    assert (got.size, target.getvalue()) == (2000, b"a" * 2000)
    assert got.sha256 == hashlib.sha256(b"a" * 2000).hexdigest()
    assert got.blake2_256 == hashlib.blake2b(b"a" * 2000, digest_size=32).hexdigest()


@pytest.mark.parametrize("url", ["", "ftp://index.example/simple/", "/simple/", "https:///simple/"])
def test_what_names_no_index_is_no_source(url: str) -> None:
    with pytest.raises(ValueError, match="is no Simple API"):
        Source.parse(url)
