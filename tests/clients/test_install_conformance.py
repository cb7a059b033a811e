"""How pip, uv and pypi-simple read our pages: yanked files, cut-offs by time, metadata, caches, what is not there."""

from __future__ import annotations

import sys
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

import pytest
import requests

from tests.clients.breaking import breaking_proxy
from tests.clients.projects import CLIENTS, Ended, attempt

if TYPE_CHECKING:
    from pathlib import Path

    from tests.clients.conftest import Shelf

JSON: Final = {"Accept": "application/vnd.pypi.simple.v1+json"}
REASON: Final = "broken build"
READERS: Final = ["pip", "uv"]
CUT_OFF: Final = {"pip": "--uploaded-prior-to", "uv": "--exclude-newer"}


def install(
    client: str, shelf: Shelf, target: Path, *arguments: object, cache: Path | None = None, url: str = ""
) -> Ended:
    """How installing into `target` from the index alone, or from what stands at `url` before it, ended."""
    index = f"{url or shelf.instance.url}/simple/"
    if client == "pip":
        caching = ["--cache-dir", cache, "--trusted-host", "127.0.0.1"] if cache else ["--no-cache-dir"]
        command = [sys.executable, "-m", "pip", "install", "--isolated", "--disable-pip-version-check"]
        return attempt([*command, "--no-deps", "--target", target, "--index-url", index, *caching, *arguments])
    caching = ["--cache-dir", cache] if cache else ["--no-cache"]
    command = [str(CLIENTS / "uv"), "pip", "install", "--no-config", "--python", sys.executable]
    return attempt([*command, "--no-deps", "--target", target, "--default-index", index, *caching, *arguments])


def installed(target: Path) -> set[str]:
    return {path.name.removesuffix(".dist-info") for path in target.glob("*.dist-info")}


def entries(shelf: Shelf) -> dict[str, dict[str, Any]]:
    page = requests.get(f"{shelf.instance.url}/simple/{shelf.project}/", headers=JSON, timeout=30).json()
    return {entry["filename"]: entry for entry in page["files"]}


@pytest.mark.parametrize("client", READERS)
def test_a_yanked_release_is_passed_over(client: str, shelf: Shelf, tmp_path: Path) -> None:
    ended = install(client, shelf, tmp_path, shelf.project)

    assert ended.code == 0, ended.output
    assert installed(tmp_path) == {f"{shelf.project}-1.0"}


@pytest.mark.parametrize("client", READERS)
def test_a_yanked_release_comes_by_its_exact_version_with_the_reason(client: str, shelf: Shelf, tmp_path: Path) -> None:
    ended = install(client, shelf, tmp_path, f"{shelf.project}==2.0")

    assert ended.code == 0, ended.output
    assert installed(tmp_path) == {f"{shelf.project}-2.0"}
    assert ended.says(REASON), ended.output


@pytest.mark.parametrize("client", READERS)
def test_a_range_does_not_bring_a_yanked_release(client: str, shelf: Shelf, tmp_path: Path) -> None:
    ended = install(client, shelf, tmp_path, f"{shelf.project}>=2.0")

    assert ended.code == 1, ended.output
    assert ended.says("yanked"), ended.output
    assert not installed(tmp_path)


@pytest.mark.parametrize("client", READERS)
@pytest.mark.parametrize(("seconds", "found"), [(-0.5, set()), (0.5, {"1.0"})])
def test_a_cut_off_counts_from_the_publication(
    client: str, seconds: float, found: set[str], *, shelf: Shelf, tmp_path: Path
) -> None:
    published = datetime.fromisoformat(entries(shelf)[shelf.filenames["1.0"]]["upload-time"])
    cut_off = (published + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")

    ended = install(client, shelf, tmp_path, CUT_OFF[client], cut_off, shelf.project)

    assert installed(tmp_path) == {f"{shelf.project}-{version}" for version in found}, ended.output
    assert (ended.code == 0) is bool(found)


def test_upload_time_is_the_instant_of_publication_and_not_of_receipt(shelf: Shelf) -> None:
    times = {name: datetime.fromisoformat(entry["upload-time"]) for name, entry in entries(shelf).items()}

    assert {name: times[name] > shelf.received[name] for name in times} == dict.fromkeys(times, True)
    assert times == shelf.published


@pytest.mark.parametrize("client", READERS)
def test_a_project_that_is_not_there_is_said_to_be_none(client: str, shelf: Shelf, tmp_path: Path) -> None:
    ended = install(client, shelf, tmp_path, "nothing-there")

    assert ended.code == 1
    sentence = {"pip": "(from versions: none)", "uv": "nothing-there was not found in the package registry"}[client]
    assert ended.says(sentence), ended.output


def test_pip_reads_the_metadata_ahead_of_the_file(shelf: Shelf, tmp_path: Path) -> None:
    ended = install("pip", shelf, tmp_path, "-vv", f"{shelf.project}==1.0")

    name = entries(shelf)[shelf.filenames["1.0"]]["url"].removeprefix("../..")
    assert ended.code == 0, ended.output
    first = ended.output.find(f'"GET {name}.metadata HTTP/1.1" 200')
    second = ended.output.find(f'"GET {name} HTTP/1.1" 200')
    assert -1 < first < second, ended.output


def test_uv_reads_the_metadata_without_the_file(shelf: Shelf) -> None:
    command = [CLIENTS / "uv", "pip", "compile", "--no-config", "--no-cache", "-v", "--python", sys.executable, "-"]
    index = f"{shelf.instance.url}/simple/"

    ended = attempt([*command, "--default-index", index], given=f"{shelf.project}==1.0\n")

    name = entries(shelf)[shelf.filenames["1.0"]]["url"].removeprefix("../..")
    assert ended.code == 0, ended.output
    assert f"{shelf.instance.url}{name}.metadata" in ended.output
    assert f"GET request for: {shelf.instance.url}{name}\n" not in ended.output


@pytest.mark.parametrize("client", READERS)
@pytest.mark.parametrize("right", [True, False])
def test_hashes_of_the_page_are_what_clients_compute(client: str, *, right: bool, shelf: Shelf, tmp_path: Path) -> None:
    digest = entries(shelf)[shelf.filenames["1.0"]]["hashes"]["sha256"] if right else "0" * 64
    requirements = tmp_path / "requirements.txt"
    requirements.write_text(f"{shelf.project}==1.0 --hash=sha256:{digest}\n")

    ended = install(client, shelf, tmp_path / "target", "--require-hashes", "-r", requirements)

    assert (ended.code == 0) is right, ended.output
    assert installed(tmp_path / "target") == ({f"{shelf.project}-1.0"} if right else set())


def test_uv_revalidates_pages_and_files_and_gets_304(shelf: Shelf, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    install("uv", shelf, tmp_path / "first", f"{shelf.project}==1.0", cache=cache)

    ended = install("uv", shelf, tmp_path / "second", "-v", "--refresh", f"{shelf.project}==1.0", cache=cache)

    page, file = f"{shelf.instance.url}/simple/{shelf.project}/", entries(shelf)[shelf.filenames["1.0"]]["url"]
    assert ended.code == 0, ended.output
    assert f"Found not-modified response for: {page}" in ended.output
    assert f"Found not-modified response for: {shelf.instance.url}{file.removeprefix('../..')}" in ended.output


def test_pip_revalidates_pages_and_gets_304(shelf: Shelf, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    install("pip", shelf, tmp_path / "first", f"{shelf.project}==1.0", cache=cache)

    ended = install("pip", shelf, tmp_path / "second", "-vv", f"{shelf.project}==1.0", cache=cache)

    assert ended.code == 0, ended.output
    assert f'"GET /simple/{shelf.project}/ HTTP/1.1" 304' in ended.output, ended.output


def test_pip_resumes_a_download_that_broke(shelf: Shelf, tmp_path: Path) -> None:
    with breaking_proxy(shelf.instance.url, after=40_000) as proxy:
        ended = install("pip", shelf, tmp_path, f"{shelf.project}==1.0", url=proxy.url)

    assert ended.code == 0, ended.output
    assert installed(tmp_path) == {f"{shelf.project}-1.0"}
    whole, rest = [asked for asked in proxy.asked if asked.path.endswith(".whl")]
    assert (whole.range, whole.status) == ("", 200)
    assert rest.range.startswith("bytes=40000-")
    assert rest.if_range == f'"{sha256(shelf.data[shelf.filenames["1.0"]]).hexdigest()}"'
    assert rest.status == 206
