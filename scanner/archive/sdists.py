"""A source distribution's own rules (PEP 517, PEP 625): one folder, and PKG-INFO in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scanner.archive.codes import Code
from scanner.archive.faults import shown
from scanner.archive.metadata import read_metadata
from scanner.archive.tars import TarArchive

if TYPE_CHECKING:
    from packaging.metadata import Metadata

    from scanner.archive.faults import FaultList
    from scanner.archive.filenames import DistributionFilename
    from scanner.archive.limits import Limits

__all__ = ["SdistReader"]


class SdistReader:
    """Reads a source distribution whole; what is not as it has to be is noted.

    Raises:
        ArchiveRefused: it is no gzip file, or is a ZIP archive as well.
    """

    def __init__(self, data: memoryview, filename: DistributionFilename, limits: Limits, faults: FaultList) -> None:
        self._filename = filename
        self._limits = limits
        self._faults = faults
        self._archive = TarArchive(data, limits, faults)
        self._files: set[str] = set()
        self.metadata_bytes = b""
        self.member_count = 0
        self.total_size = 0

    def read(self) -> Metadata | None:
        """The core metadata, after every member was read.

        Raises:
            ArchiveRefused: the archive cannot be read to its end.
        """
        info = f"{self._filename.stem}/PKG-INFO"
        raw = None
        tops: dict[str, None] = {}
        for member in self._archive.members():
            tops[member.name.partition("/")[0]] = None
            if member.is_folder:
                continue
            self.member_count += 1
            self.total_size += len(member.data)
            self._files.add(member.name)
            if member.name == info and not member.is_link:
                raw = member.data
        self._check_tops(list(tops))
        if raw is None:
            self._faults.add(
                Code.METADATA_MISSING, f"The sdist has no file {shown(info)}; build it with a current build tool."
            )
            return None
        return self._read_metadata(raw)

    def _check_tops(self, tops: list[str]) -> None:
        if tops != [self._filename.stem] or self._filename.stem in self._files:
            self._faults.add(
                Code.SDIST_TOP_FOLDER,
                f"The sdist unpacks to {shown(', '.join(tops) or 'nothing')}; exactly one folder, "
                f"{self._filename.stem!r}, is "
                "expected. Build it with a current build tool.",
            )

    def _read_metadata(self, raw: bytes) -> Metadata | None:
        if len(raw) > self._limits.metadata_size:
            self._faults.add(
                Code.METADATA_TOO_LARGE,
                f"PKG-INFO has {len(raw)} bytes; at most {self._limits.metadata_size} are accepted.",
            )
            return None
        self.metadata_bytes = raw
        metadata = read_metadata(raw, "PKG-INFO", self._filename, self._limits, self._faults)
        for path in (metadata.license_files if metadata else None) or ():
            if f"{self._filename.stem}/{path}" not in self._files:
                self._faults.add(
                    Code.METADATA_LICENSE_FILE,
                    f"PKG-INFO names the License-File {shown(path)}, and the sdist has no such file.",
                )
        return metadata
