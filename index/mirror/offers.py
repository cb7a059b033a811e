"""What of an upstream's page may be shown: files whose bytes it vouches for, that are old enough, and can be had."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from index.store.tables import ProjectStatus
from scanner.archive import ArchiveRefused, parse_filename
from scanner.model import Sha256Hex

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime, timedelta

    from index.mirror.simple import ProjectPage, RemoteFile
    from index.mirror.source import Source
    from scanner.archive import DistributionFilename

__all__ = ["Offer", "Terms", "offered"]


@dataclass(frozen=True, slots=True)
class Terms:
    """What is asked of a file before anybody hears of it."""

    source: Source
    cooldown: timedelta
    """So long ago it must have been uploaded; where that is nothing, its age is not asked for."""
    file_bytes: int


@dataclass(frozen=True, slots=True)
class Offer:
    """A file that upstream has, and that we would give out once it was inspected and found clear."""

    name: DistributionFilename
    sha256: Sha256Hex
    remote: RemoteFile


def offered(project: str, page: ProjectPage, terms: Terms, *, now: datetime) -> Iterator[Offer]:
    """The files of `page` that may be shown, in its order. Of two under one name neither is."""
    if page.status is ProjectStatus.QUARANTINED:
        return
    count = Counter(file.filename for file in page.files)
    for file in page.files:
        name = _parsed(file.filename)
        if name is None or name.name != project or count[file.filename] > 1:
            continue
        if file.sha256 and terms.source.permits(file.url) and _fits(file, terms) and _is_old(file, terms, now):
            yield Offer(name, Sha256Hex(file.sha256), file)


def _parsed(filename: str) -> DistributionFilename | None:
    try:
        return parse_filename(filename)
    except ArchiveRefused:
        return None


def _fits(file: RemoteFile, terms: Terms) -> bool:
    return file.size is None or file.size <= terms.file_bytes


def _is_old(file: RemoteFile, terms: Terms, now: datetime) -> bool:
    """Whether the cool-down is over. Who does not say when it was uploaded may have been so a moment ago."""
    if not terms.cooldown:
        return True
    return file.upload_time is not None and file.upload_time <= now - terms.cooldown
