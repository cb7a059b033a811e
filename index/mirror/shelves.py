"""What can be imported: the files of a folder, or those of another index."""

from __future__ import annotations

import os
from dataclasses import dataclass
from hashlib import blake2b, sha256
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, Protocol

from packaging.utils import canonicalize_name
from packaging.version import Version

from index.mirror.simple import ACCEPT, read_project, read_project_list
from index.mirror.source import Downloaded, SourceFailed
from scanner.archive import ArchiveRefused, parse_filename
from scanner.model import Sha256Hex

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from index.mirror.source import SourceClient
    from scanner.archive import DistributionFilename

__all__ = ["Collection", "Folder", "Found", "NotFound", "OtherIndex"]

_CHUNK: Final = 1024 * 1024
_SUFFIXES: Final = (".whl", ".tar.gz", ".zip", ".egg", ".tar.bz2", ".exe", ".msi", ".rpm")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A file that can be imported."""

    filename: str
    url: str
    """Where it lies: an address, or an absolute path."""
    sha256: str | None
    """As its source says; empty where it should say so and does not, None where nobody can."""
    upload_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class NotFound:
    """Something that could not be looked through; the message says what and why."""

    what: str
    why: str


class Collection(Protocol):
    """Where files are imported from."""

    def files(self) -> Iterator[Found | NotFound]:
        """Everything that looks like a distribution, the files of a release one after the other."""

    def fetch(self, found: Found, target: IO[bytes]) -> Downloaded:
        """The bytes are in `target`.

        Raises:
            SourceFailed: they cannot be had.
        """


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder and those in it. Links are not followed."""

    path: Path
    file_bytes: int
    projects: frozenset[str] = frozenset()
    """Normalized names; all where there are none."""

    def files(self) -> Iterator[Found | NotFound]:
        """See :class:`Collection`."""
        errors: list[OSError] = []
        paths = [
            Path(folder, name)
            for folder, _, names in os.walk(self.path, onerror=errors.append)
            for name in names
            if name.lower().endswith(_SUFFIXES)
        ]
        regular = [path for path in paths if path.is_file() and not path.is_symlink()]
        found = [Found(filename=path.name, url=str(path.absolute()), sha256=None) for path in regular]
        yield from _in_order(found, self.projects)
        for error in errors:
            yield NotFound(str(error.filename), error.strerror or type(error).__name__)

    def fetch(self, found: Found, target: IO[bytes]) -> Downloaded:
        """See :class:`Collection`."""
        size, first, second = 0, sha256(), blake2b(digest_size=32)
        try:
            with Path(found.url).open("rb") as source:
                while chunk := source.read(_CHUNK):
                    size += len(chunk)
                    if size > self.file_bytes:
                        raise SourceFailed(f"It has more than {self.file_bytes} bytes.")
                    first.update(chunk)
                    second.update(chunk)
                    target.write(chunk)
        except OSError as error:
            raise SourceFailed(f"It cannot be read: {error.strerror or type(error).__name__}.") from error
        return Downloaded(size, Sha256Hex(first.hexdigest()), second.hexdigest())


@dataclass(frozen=True, slots=True)
class OtherIndex:
    """An index with a Simple API: devpi, pypiserver, or another Pratique."""

    client: SourceClient
    projects: frozenset[str] = frozenset()
    """Normalized names; all that the index lists where there are none."""

    def files(self) -> Iterator[Found | NotFound]:
        """See :class:`Collection`."""
        try:
            names: Iterable[str] = sorted(self.projects) or read_project_list(self.client.page("", accept=ACCEPT))
        except SourceFailed as failed:
            yield NotFound("the list of projects", str(failed))
            return
        for name in names:
            try:
                page = read_project(self.client.page(f"{name}/", accept=ACCEPT))
            except SourceFailed as failed:
                yield NotFound(f"project {name}", str(failed))
                continue
            found = [
                Found(filename=file.filename, url=file.url, sha256=file.sha256, upload_time=file.upload_time)
                for file in page.files
            ]
            yield from _in_order(found, frozenset())

    def fetch(self, found: Found, target: IO[bytes]) -> Downloaded:
        """See :class:`Collection`."""
        return self.client.download(found.url, target)


def _in_order(found: list[Found], projects: frozenset[str]) -> Iterator[Found]:
    """By project and version: a release's files come together, and each release after those that it followed."""
    readable: list[tuple[str, Version, str, Found]] = []
    for file in found:
        name = _parsed(file.filename)
        if name is not None:
            readable.append((name.name, Version(name.version), file.filename, file))
        elif not projects or canonicalize_name(file.filename.split("-")[0]) in projects:
            yield file  # for its refusal
    for name_, _, _, file in sorted(readable, key=lambda entry: entry[:3]):
        if not projects or name_ in projects:
            yield file


def _parsed(filename: str) -> DistributionFilename | None:
    try:
        return parse_filename(filename)
    except ArchiveRefused:
        return None
