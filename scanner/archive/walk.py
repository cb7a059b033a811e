"""The members of an artifact, one after another, in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scanner.archive.codes import Code
from scanner.archive.faults import FaultList, shown
from scanner.archive.limits import DEFAULT_LIMITS, Limits
from scanner.archive.tars import TarArchive
from scanner.archive.zips import ZipArchive

if TYPE_CHECKING:
    import mmap
    from collections.abc import Generator

    from scanner.archive.member import Member

__all__ = ["walk"]


def walk(
    data: bytes | memoryview | mmap.mmap, filename: str, limits: Limits = DEFAULT_LIMITS
) -> Generator[Member, None, None]:
    """Every file and link of the artifact in the order of the archive; one is in memory at a time.

    Names, structure and checksums are verified; a member with a fault is never handed out. Folders are checked and left
    out. `filename` decides the format: `.whl` is ZIP, `.tar.gz` is gzipped tar.

    Raises:
        ArchiveRefused: before the first member, between two, or after the last: the artifact is sound only when the
            walk has ended.
    """
    faults = FaultList(limits.faults)
    archive: ZipArchive | TarArchive
    with memoryview(data) as view:
        if filename.endswith(".whl"):
            archive = ZipArchive(view, limits, faults)
        elif filename.endswith(".tar.gz"):
            archive = TarArchive(view, limits, faults)
        else:
            faults.refuse(
                Code.FILENAME_EXTENSION,
                f"The filename {shown(filename)} ends in neither '.whl' nor '.tar.gz'; send a wheel or a gzipped "
                "sdist.",
            )
        for member in archive.members():
            if not member.is_folder:
                yield member
            del member  # so that the next one does not come on top of it
    faults.check()
