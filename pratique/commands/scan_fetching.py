"""Files of pinned releases, from the index to a folder, checked against the hashes that were listed."""

from __future__ import annotations

import os
import subprocess
import sys
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from packaging.tags import sys_tags
from packaging.utils import InvalidWheelFilename, parse_wheel_filename
from packaging.version import InvalidVersion, Version

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from packaging.tags import Tag
    from pypi_simple import DistributionPackage, PyPISimple

    from pratique.commands.scan_requirements import Pinned

__all__ = ["CannotFetch", "Fetcher"]

_LARGEST: Final = 1024**3
_CHUNK: Final = 256 * 1024
_TIMEOUT: Final = 60.0


class CannotFetch(Exception):
    """No file of the release with a listed hash could be had; the message says why."""


class Fetcher:
    """Gets files of releases from one index into one folder."""

    def __init__(self, folder: Path, index: str = "", *, everything: bool = False) -> None:
        """`index` is the one that pip is set to use where none is given.

        With `everything`, all files whose hashes are listed are meant, else the one that pip would install here.
        """
        # Imported late: most scans fetch nothing.
        from pypi_simple import PYPI_SIMPLE_ENDPOINT, PyPISimple

        self._folder = folder
        self._everything = everything
        self._client: PyPISimple = PyPISimple(index or _configured_index() or PYPI_SIMPLE_ENDPOINT)

    def fetch(self, pinned: Pinned) -> list[Path]:
        """The files of the release, in the folder; nothing of them was unpacked, built or run.

        Raises:
            CannotFetch: there is none, or one is not what its hash says.
        """
        from pypi_simple import NoSuchProjectError, UnsupportedRepoVersionError
        from requests import RequestException

        try:
            page = self._client.get_project_page(pinned.name, timeout=_TIMEOUT)
            chosen = self._chosen(pinned, page.packages)
            return [self._download(package, pinned) for package in chosen]
        except NoSuchProjectError as error:
            raise CannotFetch(f"the index has no project {pinned.name}") from error
        except (RequestException, UnsupportedRepoVersionError, OSError, ValueError) as error:
            raise CannotFetch(f"{type(error).__name__}: {error}") from error

    def _chosen(self, pinned: Pinned, packages: Iterable[DistributionPackage]) -> list[DistributionPackage]:
        listed = [
            package
            for package in packages
            if package.digests.get("sha256") in pinned.hashes and _is_version(package.version, pinned.version)
        ]
        if not listed:
            raise CannotFetch(f"none of the {len(pinned.hashes)} listed hashes is that of a file on the index")
        if self._everything:
            return listed
        ranks = {tag: rank for rank, tag in enumerate(sys_tags())}
        wheels = [(rank, package) for package in listed if (rank := _rank(package.filename, ranks)) is not None]
        if wheels:
            return [min(wheels, key=lambda pair: pair[0])[1]]
        sdists = [package for package in listed if package.package_type == "sdist"]
        if not sdists:
            raise CannotFetch("no listed file is for this platform: --all-platforms scans the others")
        return sdists[:1]

    def _download(self, package: DistributionPackage, pinned: Pinned) -> Path:
        if os.path.basename(package.filename) != package.filename or package.filename.startswith("."):  # noqa: PTH119
            raise CannotFetch(f"the index names a file {package.filename!r}")
        path = self._folder / package.filename
        digest, size = sha256(), 0
        with self._client.s.get(package.url, stream=True, timeout=_TIMEOUT) as answer, path.open("wb") as file:
            answer.raise_for_status()
            for chunk in answer.iter_content(_CHUNK):
                size += len(chunk)
                if size > _LARGEST:
                    raise CannotFetch(f"{package.filename} has more than {_LARGEST} bytes")
                digest.update(chunk)
                file.write(chunk)
        if digest.hexdigest() not in pinned.hashes:
            path.unlink()
            raise CannotFetch(f"{package.filename} came with the hash {digest.hexdigest()}, which is not listed")
        return path


def _configured_index() -> str:
    """The index that pip is set to use; nothing where it is not set, or there is no pip."""
    if url := os.environ.get("PIP_INDEX_URL"):
        return url
    asked = [sys.executable, "-m", "pip", "--no-input", "config", "get", "global.index-url"]
    done = subprocess.run(asked, check=False, capture_output=True, text=True)  # noqa: S603 # our own interpreter
    return done.stdout.strip() if done.returncode == 0 else ""


def _is_version(found: str | None, wanted: Version) -> bool:
    try:
        return found is not None and Version(found) == wanted
    except InvalidVersion:
        return False


def _rank(filename: str, ranks: Mapping[Tag, int]) -> int | None:
    """How well the wheel fits here, the smaller the better; None where it does not, or is no wheel."""
    try:
        tags = parse_wheel_filename(filename)[3]
    except InvalidWheelFilename:
        return None
    return min((ranks[tag] for tag in tags if tag in ranks), default=None)
