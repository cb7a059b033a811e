"""A source distribution's own rules (PEP 517, PEP 625): one folder, and PKG-INFO in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from scanner.archive.codes import Code
from scanner.archive.faults import shown
from scanner.archive.metadata import read_metadata
from scanner.archive.tars import TarArchive

if TYPE_CHECKING:
    from packaging.metadata import Metadata

    from scanner.archive.faults import FaultList
    from scanner.archive.filenames import DistributionFilename
    from scanner.archive.limits import Limits
    from scanner.archive.member import Visitor

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
        self._tops: dict[str, None] = {}
        self.metadata_bytes = b""
        self.member_count = 0
        self.total_size = 0

    def read(self, visitor: Visitor) -> Metadata | None:
        """The core metadata, after every member was read and shown to `visitor`.

        Raises:
            ArchiveRefused: the archive cannot be read to its end.
        """
        raw = None
        for member in self._archive.members():
            top, _, below = member.name.partition("/")
            self._tops.setdefault(top)
            if member.is_folder:
                continue
            visitor.take(member)
            self.member_count += 1
            self.total_size += len(member.data)
            self._files.add(member.name)
            if below == "PKG-INFO" and not member.is_link:
                raw = member.data
        if not self._has_one_top():
            self._faults.add(
                Code.SDIST_TOP_FOLDER,
                f"The sdist unpacks to {shown(', '.join(self._tops) or 'nothing')}; exactly one folder, "
                f"{self._filename.stem!r}, is expected. Build it with a current build tool.",
            )
        if raw is None:
            self._faults.add(
                Code.METADATA_MISSING, "The sdist has no PKG-INFO in its folder; build it with a current build tool."
            )
            return None
        return self._read_metadata(raw)

    def _has_one_top(self) -> bool:
        """True when everything is in one folder, named as the file is; the spelling there need not be normalized."""
        if len(self._tops) != 1 or self._files & self._tops.keys():
            return False
        (top,) = self._tops
        name, _, version = top.rpartition("-")
        try:
            return canonicalize_name(name) == self._filename.name and str(Version(version)) == self._filename.version
        except (InvalidVersion, ValueError):
            return False

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
            if f"{next(iter(self._tops))}/{path}" not in self._files:
                self._faults.add(
                    Code.METADATA_LICENSE_FILE,
                    f"PKG-INFO names the License-File {shown(path)}, and the sdist has no such file.",
                )
        return metadata
