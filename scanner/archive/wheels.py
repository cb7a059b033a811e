"""A wheel's own rules (PEP 427, PEP 491): its `.dist-info` folder, the files in it, and RECORD."""

from __future__ import annotations

import configparser
import re
from typing import TYPE_CHECKING, Final

from scanner.archive.codes import Code
from scanner.archive.faults import shown
from scanner.archive.metadata import read_metadata
from scanner.archive.record import Record
from scanner.archive.zips import ZipArchive
from scanner.model import MemberName

if TYPE_CHECKING:
    from packaging.metadata import Metadata

    from scanner.archive.faults import FaultList
    from scanner.archive.filenames import DistributionFilename
    from scanner.archive.limits import Limits
    from scanner.archive.member import Visitor
    from scanner.archive.zip_members import ZipEntry

__all__ = ["WheelReader"]

_SIGNATURES: Final = ("RECORD.jws", "RECORD.p7s")
_SCRIPT_NAME: Final = re.compile(r"[\w.-]*[\w-][\w.-]*")
_SCRIPT_GROUPS: Final = ("console_scripts", "gui_scripts")
_BOOLEANS: Final = {"true": True, "false": False}


class WheelReader:
    """Reads a wheel whole; what is not as it has to be is noted.

    Raises:
        ArchiveRefused: its ZIP structure or a name has a fault.
    """

    def __init__(self, data: memoryview, filename: DistributionFilename, limits: Limits, faults: FaultList) -> None:
        self._filename = filename
        self._limits = limits
        self._faults = faults
        self._archive = ZipArchive(data, limits, faults)
        self._files = {entry.name: entry for entry in self._archive.entries if not entry.is_folder}
        self._info = f"{filename.stem}.dist-info"
        self.metadata_bytes = b""
        self.member_count = len(self._files)
        self.total_size = sum(entry.size for entry in self._files.values())

    def read(self, visitor: Visitor) -> tuple[Metadata | None, bool | None]:
        """The core metadata and `Root-Is-Purelib`, after every file was shown to `visitor` and compared with RECORD."""
        self._check_folders()
        purelib = self._read_wheel_file()
        metadata = self._read_metadata()
        self._check_entry_points()
        self._check_record(visitor)
        return metadata, purelib

    def _special(self, name: str, missing: Code | None, limit: int) -> bytes | None:
        """The file `name` of the `.dist-info` folder; None when it is not there or too large: that is noted."""
        path = f"{self._info}/{name}"
        entry = self._files.get(MemberName(path))
        if entry is None:
            if missing is not None:
                self._faults.add(missing, f"The wheel has no file {shown(path)}; build it with a current build tool.")
            return None
        if entry.size > limit:
            self._faults.add(
                Code.METADATA_TOO_LARGE, f"{shown(path)} has {entry.size} bytes; at most {limit} are accepted."
            )
            return None
        return self._archive.read(entry)

    def _check_folders(self) -> None:
        """Installers look at the top folders by their endings: there is one of each, and it is the right one."""
        tops = dict.fromkeys(entry.name.partition("/")[0] for entry in self._archive.entries)
        for top in tops:
            if top.endswith(".dist-info") and top != self._info:
                self._faults.add(
                    Code.WHEEL_DIST_INFO,
                    f"The wheel has the folder {shown(top)}; its only .dist-info folder has to be {self._info!r}.",
                )
            if top.endswith(".data") and top != f"{self._filename.stem}.data":
                self._faults.add(
                    Code.WHEEL_DATA_FOLDER,
                    f"The wheel has the folder {shown(top)}; installers spread it over the system, and only "
                    f"'{self._filename.stem}.data' may be one.",
                )
        for name in self._files:
            if name.startswith(f"{self._info}/") and name.endswith(_SIGNATURES):
                self._faults.add(
                    Code.RECORD_SIGNATURE,
                    f"The wheel has {shown(name)}, a form of signature that nothing verifies; leave it out.",
                )

    def _read_metadata(self) -> Metadata | None:
        raw = self._special("METADATA", Code.METADATA_MISSING, self._limits.metadata_size)
        if raw is None:
            return None
        self.metadata_bytes = raw
        metadata = read_metadata(raw, "METADATA", self._filename, self._limits, self._faults)
        for path in (metadata.license_files if metadata else None) or ():
            if f"{self._info}/licenses/{path}" not in self._files:
                self._faults.add(
                    Code.METADATA_LICENSE_FILE,
                    f"METADATA names the License-File {shown(path)}, and the wheel has no "
                    f"{shown(f'{self._info}/licenses/{path}', 200)}.",
                )
        return metadata

    def _read_wheel_file(self) -> bool | None:
        raw = self._special("WHEEL", Code.WHEEL_FILE, self._limits.metadata_size)
        if raw is None:
            return None
        fields: dict[str, list[str]] = {}
        for line in raw.decode("utf-8", "replace").splitlines():
            key, _, text = line.partition(":")
            fields.setdefault(key.strip().lower(), []).append(text.strip())
        version, purelib = fields.get("wheel-version", []), fields.get("root-is-purelib", [])
        if len(version) != 1 or version[0].partition(".")[0] != "1":
            self._faults.add(
                Code.WHEEL_FILE,
                f"WHEEL says the Wheel-Version {shown(', '.join(version))}; one line with 1.x is expected.",
            )
        is_purelib = _BOOLEANS.get(purelib[0].lower()) if len(purelib) == 1 else None
        if is_purelib is None:
            self._faults.add(
                Code.WHEEL_FILE,
                f"WHEEL says Root-Is-Purelib {shown(', '.join(purelib))}; one line with 'true' or 'false' is expected.",
            )
        return is_purelib

    def _check_entry_points(self) -> None:
        raw = self._special("entry_points.txt", None, self._limits.metadata_size)
        if raw is None:
            return
        parser = configparser.RawConfigParser(delimiters=("=",), strict=True)
        parser.optionxform = str  # type: ignore[assignment,method-assign] # names of commands keep their case
        problem = ""
        try:
            parser.read_string(raw.decode("utf-8"))
        except (UnicodeDecodeError, configparser.Error) as error:
            problem = shown(str(error), 200)
        for group in _SCRIPT_GROUPS:
            for name in parser[group] if not problem and parser.has_section(group) else ():
                if not _SCRIPT_NAME.fullmatch(name):
                    problem = f"the command {shown(name)} has no plain file name"
        if problem:
            self._faults.add(
                Code.WHEEL_ENTRY_POINTS,
                f"entry_points.txt is not what installers can read: {problem}. Correct the entry.",
            )

    def _check_record(self, visitor: Visitor) -> None:
        path = f"{self._info}/RECORD"
        raw = self._special("RECORD", Code.RECORD_MISSING, self._limits.record_size)
        if raw is None:
            for _ in self._archive.members():
                pass  # each is unpacked and checked all the same
            return
        record = Record(raw, path, self._limits, self._faults)
        damaged = set(self._files)
        for entry in self._archive.entries:
            if entry.is_folder:
                self._archive.read(entry)
            elif self._verified(entry, record, visitor):
                damaged.discard(entry.name)
        record.finish(frozenset(damaged))

    def _verified(self, entry: ZipEntry, record: Record, visitor: Visitor) -> bool:
        """Whether the file of `entry` could be compared with RECORD: it is sound by itself."""
        packed = self._archive.packed(entry)
        known = visitor.known(packed)
        if known is not None and record.confirms(packed, known):
            visitor.recall(packed, known)
            return True
        member = self._archive.member(entry)
        if member is None:
            return False
        visitor.take(member)
        record.verify(member)
        return True
