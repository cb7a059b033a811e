"""Every page against its specification, HTML and JSON alike as pypi-simple reads them, and HTTP to the letter."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin

import msgspec
import pytest
import requests
from pypi_simple import ACCEPT_HTML_ONLY, ACCEPT_JSON_ONLY, NoSuchProjectError, PyPISimple

from tests.index.publish.standards import Detail, ProjectList
from tests.servers.instance import until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.clients.conftest import Shelf, Taken

JSON: Final = "application/vnd.pypi.simple.v1+json"


@pytest.fixture
def reader(shelf: Shelf) -> Iterator[PyPISimple]:
    with PyPISimple(endpoint=f"{shelf.instance.url}/simple/") as opened:
        yield opened


def address(shelf: Shelf) -> str:
    """The path of the file of 1.0."""
    name = shelf.filenames["1.0"]
    return f"/files/{sha256(shelf.data[name]).hexdigest()}/{name}"


def test_every_json_page_decodes_strictly_and_agrees_with_its_files(shelf: Shelf, taken: Taken) -> None:
    listed = msgspec.json.decode(shelf.instance.get("/simple/", Accept=JSON).content, type=ProjectList)
    names = {project.name for project in listed.projects}
    assert {shelf.project, taken.published.name} <= names

    for name in sorted(names):
        answer = shelf.instance.get(f"/simple/{name}/", Accept=JSON)
        page = msgspec.json.decode(answer.content, type=Detail)
        assert page.name == name
        assert page.files
        for file in page.files:
            given = shelf.instance.get(urljoin(f"/simple/{name}/", file.url))
            metadata = shelf.instance.get(urljoin(f"/simple/{name}/", f"{file.url}.metadata"))
            assert (len(given.content), sha256(given.content).hexdigest()) == (file.size, file.hashes.sha256)
            assert not isinstance(file.core_metadata, bool)
            assert sha256(metadata.content).hexdigest() == file.core_metadata.sha256
            assert any(f"Version: {version}\n".encode() in metadata.content for version in page.versions)


def test_pypi_simple_reads_the_same_from_html_and_json(shelf: Shelf, reader: PyPISimple) -> None:
    html = reader.get_project_page(shelf.project, accept=ACCEPT_HTML_ONLY)
    json = reader.get_project_page(shelf.project, accept=ACCEPT_JSON_ONLY)

    assert (html.repository_version, html.status) == (json.repository_version, json.status)
    assert html.repository_version == "1.4"
    assert len(html.packages) == len(json.packages) == 2
    for one, other in zip(html.packages, json.packages, strict=True):
        for key in ("filename", "url", "digests", "requires_python", "is_yanked", "yanked_reason", "provenance_url"):
            assert getattr(one, key) == getattr(other, key), key
        assert (one.has_metadata, one.metadata_digests) == (other.has_metadata, other.metadata_digests)
    assert {package.yanked_reason for package in json.packages if package.is_yanked} == {"broken build"}
    assert (json.packages[0].size, json.packages[0].upload_time) == (
        len(shelf.data[shelf.filenames["1.0"]]),
        shelf.published[shelf.filenames["1.0"]],
    )


def test_pypi_simple_reads_the_same_list_from_html_and_json(shelf: Shelf, reader: PyPISimple) -> None:
    html, json = (reader.get_index_page(accept=accept) for accept in (ACCEPT_HTML_ONLY, ACCEPT_JSON_ONLY))

    assert html.projects == json.projects
    assert shelf.project in json.projects


def test_pypi_simple_verifies_a_file_and_its_metadata(shelf: Shelf, reader: PyPISimple, tmp_path: Path) -> None:
    page = reader.get_project_page(shelf.project)

    for package in page.packages:
        reader.download_package(package, tmp_path / package.filename, verify=True)
        assert (tmp_path / package.filename).read_bytes() == shelf.data[package.filename]
        assert f"Version: {package.version}" in reader.get_package_metadata(package, verify=True)


def test_pypi_simple_is_told_that_there_is_no_such_project(shelf: Shelf, reader: PyPISimple) -> None:
    with pytest.raises(NoSuchProjectError):
        reader.get_project_page("nothing-there")


@pytest.mark.parametrize("accept", [JSON, "application/vnd.pypi.simple.v1+html", "text/html"])
@pytest.mark.parametrize("path", ["/simple/", "/simple/shelf/"])
def test_a_page_is_revalidated_by_its_own_etag(path: str, accept: str, *, shelf: Shelf) -> None:
    first = shelf.instance.get(path, Accept=accept)
    etag = first.headers["ETag"]

    again = shelf.instance.get(path, Accept=accept, **{"If-None-Match": etag})
    other = shelf.instance.get(path, Accept=accept, **{"If-None-Match": '"other"'})

    assert etag.startswith('"'), "a weak ETag"
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", etag)
    assert (other.status_code, other.content) == (200, first.content)
    assert "Accept" in first.headers["Vary"]
    assert "Accept" in again.headers["Vary"]


@pytest.mark.parametrize("path", ["/simple/", "/simple/shelf/"])
def test_a_page_is_not_sent_again_when_it_did_not_change_since(path: str, *, shelf: Shelf) -> None:
    def settled() -> requests.Response | None:
        """The page, once the second of its last change is over: before, it has no date that could be trusted."""
        answer = shelf.instance.get(path)
        return answer if "Last-Modified" in answer.headers else None

    first = until(settled, seconds=5, what=f"{path} has a date")

    again = shelf.instance.get(path, **{"If-Modified-Since": first.headers["Last-Modified"]})

    assert (again.status_code, again.content) == (304, b"")
    assert parsedate_to_datetime(first.headers["Last-Modified"]) >= min(shelf.published.values()).replace(microsecond=0)


@pytest.mark.parametrize(
    ("headers", "status", "part"),
    [
        ({}, 200, slice(None)),
        ({"Range": "bytes=0-99"}, 206, slice(0, 100)),
        ({"Range": "bytes=1000-"}, 206, slice(1000, None)),
        ({"Range": "bytes=-10"}, 206, slice(-10, None)),
        ({"Range": "bytes=0-99", "If-Range": "{etag}"}, 206, slice(0, 100)),
        ({"Range": "bytes=0-99", "If-Range": '"other"'}, 200, slice(None)),
        ({"Range": "bytes=9999999-"}, 416, slice(0, 0)),
        ({"If-None-Match": "{etag}"}, 304, slice(0, 0)),
    ],
)
def test_a_file_comes_in_the_part_that_is_asked_for(
    headers: Mapping[str, str], status: int, part: slice, *, shelf: Shelf
) -> None:
    data = shelf.data[shelf.filenames["1.0"]]
    etag = f'"{sha256(data).hexdigest()}"'

    answer = shelf.instance.get(
        address(shelf), **{name: value.replace("{etag}", etag) for name, value in headers.items()}
    )

    assert (answer.status_code, answer.content) == (status, data[part])
    if status in {200, 206}:
        assert answer.headers["ETag"] == etag
        assert answer.headers["Accept-Ranges"] == "bytes"


def test_a_download_in_two_parts_is_the_file(shelf: Shelf) -> None:
    data = shelf.data[shelf.filenames["1.0"]]
    first = shelf.instance.get(address(shelf), Range="bytes=0-49999")
    rest = shelf.instance.get(address(shelf), Range="bytes=50000-", **{"If-Range": first.headers["ETag"]})

    assert first.content + rest.content == data
    assert rest.headers["Content-Range"] == f"bytes 50000-{len(data) - 1}/{len(data)}"


@pytest.mark.parametrize("suffix", ["", ".metadata"])
def test_head_says_what_get_says_without_a_body(suffix: str, *, shelf: Shelf) -> None:
    url = f"{shelf.instance.url}{address(shelf)}{suffix}"
    asked, got = requests.head(url, timeout=30), requests.get(url, timeout=30)

    assert asked.content == b""
    same = ("Content-Length", "Content-Type", "ETag", "Last-Modified", "Cache-Control")
    assert {name: asked.headers[name] for name in same} == {name: got.headers[name] for name in same}


def test_a_withdrawal_reaches_proxies_within_a_minute(shelf: Shelf) -> None:
    for path in ("/simple/", f"/simple/{shelf.project}/", address(shelf), f"{address(shelf)}.metadata"):
        control = shelf.instance.get(path).headers["Cache-Control"]
        (age,) = [int(part.partition("=")[2]) for part in control.split(", ") if part.startswith("max-age=")]
        assert age <= 60, f"{path}: {control}"
