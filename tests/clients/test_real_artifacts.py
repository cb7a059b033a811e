"""What people have really published: more than a hundred wheels and sdists are taken, and read as others read them.

They come from the package registry, a wheel and an sdist of all that our own lock names; or from the folders that
`PRATIQUE_TEST_ARTIFACTS` names. Nobody inspects them here: what is asked is what the upload makes of them.
"""

from __future__ import annotations

import email
import os
import re
import tarfile
import zlib
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from zipfile import ZipFile

import pytest
import requests
from packaging.metadata import Metadata, parse_email
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name, parse_sdist_filename, parse_wheel_filename
from pip._internal.metadata.base import FilesystemWheel
from pip._internal.metadata.importlib import Distribution
from pip._internal.utils.temp_dir import global_tempdir_manager
from pypi_simple import PyPISimple

from index.clock import utcnow
from index.publish.release import publish
from index.services import Services
from index.store.tables import Submission, SubmissionState
from tests.servers.web import running_web

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from index.settings import Settings
    from tests.servers.instance import Account

pytestmark = [pytest.mark.full, pytest.mark.network, pytest.mark.timeout(3600)]

LOCK: Final = Path(__file__).resolve().parents[2] / "requirements" / "runtime.txt"

#: What the specifications of today ask for, and what nobody can say of what it is.
OLD_SPELLING, SOMETHING_BEHIND = "filename.not-normalized", "archive.gzip.trailing-data"


@dataclass(frozen=True, slots=True)
class Real:
    """One artifact, and what others read from it."""

    filename: str
    data: bytes

    @property
    def is_wheel(self) -> bool:
        return self.filename.endswith(".whl")

    @property
    def name_and_version(self) -> tuple[str, str]:
        if self.is_wheel:
            name, version, _, _ = parse_wheel_filename(self.filename)
        else:
            name, version = parse_sdist_filename(self.filename)
        return name, str(version)

    @property
    def defects(self) -> set[str]:
        """The code of what is really wrong with it, by other means than ours."""
        name, version = self.name_and_version
        if not self.filename.startswith(f"{name.replace('-', '_')}-{version}"):
            return {OLD_SPELLING}
        if not self.is_wheel:
            inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)
            inflater.decompress(self.data)
            return {SOMETHING_BEHIND} if inflater.unused_data else set()
        return set()

    def metadata(self) -> bytes:
        """The METADATA or PKG-INFO, by the standard library alone."""
        if self.is_wheel:
            with ZipFile(BytesIO(self.data)) as archive:
                (member,) = (name for name in archive.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", name))
                return archive.read(member)
        with tarfile.open(fileobj=BytesIO(self.data)) as sdist:
            (found,) = (info for info in sdist if re.fullmatch(r"[^/]+/PKG-INFO", info.name))
            file = sdist.extractfile(found)
            assert file is not None
            return file.read()


@pytest.fixture(scope="module")
def artifacts(tmp_path_factory: pytest.TempPathFactory) -> list[Real]:
    given = os.environ.get("PRATIQUE_TEST_ARTIFACTS")
    folders = [Path(part) for part in given.split(os.pathsep)] if given else [fetch(tmp_path_factory.mktemp("real"))]
    paths = [path for folder in folders for path in sorted(folder.iterdir()) if path.name.endswith((".whl", ".tar.gz"))]
    return [Real(path.name, path.read_bytes()) for path in paths]


def fetch(folder: Path) -> Path:
    """One wheel and the sdist of everything in the lock, with the hashes that stand there. Nothing is built."""
    lock = LOCK.read_text()
    hashes = set(re.findall(r"--hash=sha256:([0-9a-f]{64})", lock))
    index = os.environ.get("PIP_INDEX_URL")
    with PyPISimple(index) if index else PyPISimple() as client:
        for name, version in re.findall(r"^([a-z0-9._-]+)==([^ ;\\]+)", lock, flags=re.MULTILINE):
            taken: set[str] = set()
            for package in client.get_project_page(name).packages:
                kind, locked = str(package.package_type), package.digests.get("sha256") in hashes
                suffix = package.filename.endswith((".whl", ".tar.gz"))
                if locked and suffix and kind not in taken and package.version == version:
                    client.download_package(package, folder / package.filename)
                    taken.add(kind)
    return folder


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Settings, Account]]:
    environment = {"PRATIQUE_UPLOAD_MAX_BYTES": str(1024**3)}
    with running_web(tmp_path_factory.mktemp("web") / "var", environment) as found:
        yield found


@pytest.fixture(scope="module")
def answers(artifacts: list[Real], web: tuple[Settings, Account]) -> dict[str, requests.Response]:
    """How the upload of each was answered."""
    settings, account = web
    return {real.filename: send(real, settings.resolved_public_url, account.upload_token) for real in artifacts}


def send(real: Real, url: str, token: str) -> requests.Response:
    name, version = real.name_and_version
    filetype = "bdist_wheel" if real.is_wheel else "sdist"
    form = {":action": "file_upload", "protocol_version": "1", "name": name, "version": version, "filetype": filetype}
    return requests.post(
        f"{url}/legacy/",
        data={**form, "sha256_digest": sha256(real.data).hexdigest()},
        files={"content": (real.filename, real.data)},
        auth=("__token__", token),
        headers={"Accept": "application/problem+json"},
        timeout=600,
    )


def test_nothing_is_refused_but_filenames_of_old_tools_and_what_has_something_behind_its_end(
    artifacts: list[Real], answers: dict[str, requests.Response]
) -> None:
    refused = {
        real.filename: answers[real.filename].text
        for real in artifacts
        if answers[real.filename].status_code != 200 and not real.defects
    }
    assert refused == {}
    taken = [real for real in artifacts if answers[real.filename].status_code == 200]
    assert len(taken) >= 100
    assert {real.is_wheel for real in taken} == {True, False}
    for real in artifacts:
        if real.defects:
            assert {error["code"] for error in answers[real.filename].json()["errors"]} == real.defects


def test_the_index_says_of_them_what_packaging_and_pip_read(
    artifacts: list[Real], answers: dict[str, requests.Response], web: tuple[Settings, Account], tmp_path: Path
) -> None:
    settings, _ = web
    publish_everything(settings)
    url = settings.resolved_public_url

    different = []
    with global_tempdir_manager():  # pip's own class unpacks into one
        for real in artifacts:
            if answers[real.filename].status_code == 200:
                different += [(real.filename, *what) for what in differences(url, real, tmp_path)]
    assert different == []


def publish_everything(settings: Settings) -> None:
    """As if a person had approved all of it: what is asked here is what is shown then."""
    services = Services.open(settings)
    with services.database.write() as session:
        for submission in session.query(Submission):
            submission.state = SubmissionState.PUBLISHED
            publish(session, submission, now=utcnow(), public_url=settings.resolved_public_url)
    services.database.dispose()


def differences(url: str, real: Real, folder: Path) -> Iterable[tuple[str, object, object]]:
    """What the index says otherwise than the others: a field, ours, theirs."""
    name, version = real.name_and_version
    digest, raw = sha256(real.data).hexdigest(), real.metadata()
    served = requests.get(f"{url}/files/{digest}/{real.filename}.metadata", timeout=60).content
    entry = entry_of(url, name, real.filename)
    info = requests.get(f"{url}/pypi/{name}/{version}/json", timeout=60).json()["info"]
    found, _ = parse_email(raw)
    lenient = Metadata.from_raw(found, validate=False)
    # Each pair: what the index says, and what packaging or pip reads from the artifact itself.
    pairs: dict[str, tuple[object, object]] = {
        "metadata": (served, raw),
        "digest": (entry["core-metadata"], {"sha256": sha256(raw).hexdigest()}),
        "requires-python": (entry.get("requires-python", ""), specifier(found.get("requires_python", ""))),
        "hashes": (entry["hashes"], {"sha256": digest}),
        "size": (entry["size"], len(real.data)),
        "name": (canonicalize_name(info["name"]), canonicalize_name(lenient.name)),
        "version": (info["version"], str(lenient.version)),
    }
    if real.is_wheel:
        pairs |= as_pip_reads(real, folder, entry, served)
    return [(field, *pair) for field, pair in pairs.items() if pair[0] != pair[1]]


def entry_of(url: str, name: str, filename: str) -> dict[str, Any]:
    headers = {"Accept": "application/vnd.pypi.simple.v1+json"}
    page = requests.get(f"{url}/simple/{name}/", headers=headers, timeout=60).json()
    (entry,) = (one for one in page["files"] if one["filename"] == filename)
    assert isinstance(entry, dict)
    return entry


def specifier(text: str) -> str:
    """The value in the spelling of `packaging`; `UNKNOWN` is what old tools wrote for nothing."""
    return "" if text in {"", "UNKNOWN"} else str(SpecifierSet(text))


def as_pip_reads(real: Real, folder: Path, entry: dict[str, Any], served: bytes) -> dict[str, tuple[object, object]]:
    """pip's own class, on the whole wheel and on the metadata that it would fetch from us instead."""
    path = folder / real.filename
    path.write_bytes(real.data)
    name, _ = real.name_and_version
    whole = Distribution.from_wheel(FilesystemWheel(str(path)), name)
    fetched = Distribution.from_metadata_file_contents(served, real.filename, name)
    path.unlink()
    return {
        "pip: name and version": (
            (fetched.canonical_name, fetched.version),
            (whole.canonical_name, whole.version),
        ),
        "pip: requires-python": (entry.get("requires-python", ""), str(whole.requires_python)),
        "pip: dependencies": (
            [str(one) for one in fetched.iter_dependencies(list(fetched.iter_provided_extras()))],
            [str(one) for one in whole.iter_dependencies(list(whole.iter_provided_extras()))],
        ),
        "pip: fields": (
            email.message_from_bytes(served).items(),
            email.message_from_bytes(real.metadata()).items(),
        ),
    }
