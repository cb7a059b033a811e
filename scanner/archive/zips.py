"""The strict ZIP reader: every byte of the file belongs to exactly one record, and all records say the same.

The central directory is read first, then the local headers in the order of their offsets. The first starts at byte 0,
each next one where the member before ended, and the last ends where the central directory starts; so nothing is
prepended, hidden between members, shared by two members or appended.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Final

from scanner.archive import zip_records as records
from scanner.archive.codes import Code
from scanner.archive.faults import shown
from scanner.archive.member import Member
from scanner.archive.names import NameRegistry
from scanner.archive.tar_headers import is_tar_header
from scanner.archive.zip_checks import STORED, check_folder_and_name, check_mode, check_packing
from scanner.archive.zip_members import Damaged, PackedMember, ZipEntry, unpacked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanner.archive.faults import FaultList
    from scanner.archive.limits import Limits

__all__ = ["ZipArchive"]

_TAR_BLOCK: Final = 512


class ZipArchive:
    """A ZIP archive whose structure has been checked; its members are unpacked one at a time, when asked for.

    Raises:
        ArchiveRefused: the structure or a name has a fault; as many are reported as could be found.
    """

    def __init__(self, data: memoryview, limits: Limits, faults: FaultList) -> None:
        self._data = data
        self._limits = limits
        self._faults = faults
        directory = records.find_directory(data, faults)
        if is_tar_header(bytes(data[:_TAR_BLOCK])):
            faults.refuse(
                Code.ZIP_ALSO_TAR, "The ZIP archive can be read as a tar archive, too; send one or the other."
            )
        self.entries = self._read_entries(directory)
        faults.check()

    def members(self) -> Iterator[Member]:
        """Every member in the order of the file, folders included; damaged ones are left out and noted."""
        for entry in self.entries:
            member = self.member(entry)
            if member is not None:
                yield member
            del member  # so that the next one does not come on top of it

    def member(self, entry: ZipEntry) -> Member | None:
        """The member of `entry`; None when a fault was noted instead."""
        data = self.read(entry)
        return None if data is None else Member(entry.name, data, entry.mode, is_folder=entry.is_folder)

    def read(self, entry: ZipEntry) -> bytes | None:
        """The bytes of `entry`, of the size and checksum that its header says; None when a fault was noted instead."""
        with self._data[entry.start : entry.start + entry.packed] as packed:
            try:
                return unpacked(packed, entry)
            except Damaged as damaged:
                self._faults.add(damaged.code, str(damaged))
                return None

    def packed(self, entry: ZipEntry) -> PackedMember:
        """The member of `entry` as it lies in the archive."""
        return PackedMember(entry, self._data[entry.start : entry.start + entry.packed])

    def _read_entries(self, directory: records.Directory) -> tuple[ZipEntry, ...]:
        listed = self._read_directory(directory)
        self._check_totals(listed)
        registry = NameRegistry(self._limits, self._faults)
        entries = []
        at = 0
        for record in sorted(listed, key=attrgetter("offset")):
            self._check_offset(record, at)
            local = records.read_local_record(self._data, at, directory.start, self._faults)
            self._check_agreement(local, record)
            at = self._end_of_member(local, record, directory.start)
            entry = self._checked_entry(record, local.end, registry)
            if entry is not None:
                entries.append(entry)
        if at != directory.start:
            self._faults.refuse(
                Code.ZIP_GAP,
                f"{directory.start - at} bytes before the central directory belong to no member; build the wheel "
                "again.",
            )
        return tuple(entries)

    def _read_directory(self, directory: records.Directory) -> list[records.DirectoryRecord]:
        if directory.count > self._limits.members:
            self._faults.refuse(
                Code.LIMIT_MEMBERS,
                f"The archive has {directory.count} members; at most {self._limits.members} are accepted.",
            )
        listed = []
        at = directory.start
        for _ in range(directory.count):
            record = records.read_directory_record(self._data, at, directory.end, self._faults)
            listed.append(record)
            at = record.end
        if at != directory.end:
            self._faults.refuse(
                Code.ZIP_DIRECTORY,
                f"The central directory has {directory.end - at} bytes more than its {directory.count} entries take; "
                "its count lies. Build the archive again.",
            )
        return listed

    def _check_totals(self, listed: list[records.DirectoryRecord]) -> None:
        """The sizes that the directory declares are within the limits: nothing larger is ever unpacked."""
        limits, total = self._limits, sum(record.size for record in listed)
        for record in listed:
            if record.size > limits.member_size:
                self._faults.refuse(
                    Code.LIMIT_MEMBER_SIZE,
                    f"The member {shown(record.name)} has {record.size} bytes; at most {limits.member_size} are "
                    "accepted.",
                )
            if record.size > max(limits.member_ratio_floor, limits.ratio * record.packed):
                self._faults.refuse(
                    Code.LIMIT_RATIO,
                    f"The member {shown(record.name)} unpacks from {record.packed} to {record.size} bytes; a ratio of "
                    f"at most {limits.ratio} is accepted.",
                )
        if total > limits.total_size:
            self._faults.refuse(
                Code.LIMIT_TOTAL_SIZE,
                f"The archive unpacks to {total} bytes; at most {limits.total_size} are accepted.",
            )
        if total > max(limits.ratio_floor, limits.ratio * len(self._data)):
            self._faults.refuse(
                Code.LIMIT_RATIO,
                f"The archive unpacks from {len(self._data)} to {total} bytes; a ratio of at most {limits.ratio} is "
                "accepted.",
            )

    def _check_offset(self, record: records.DirectoryRecord, at: int) -> None:
        if record.offset == at:
            return
        where = f"The member {shown(record.name)} starts at byte {record.offset}, and should start at byte {at}"
        if record.offset < at:
            self._faults.refuse(
                Code.ZIP_OVERLAP, f"{where}: it shares bytes with another member. Build the wheel again."
            )
        self._faults.refuse(
            Code.ZIP_GAP if at else Code.ZIP_PREPENDED,
            f"{where}: the bytes before it belong to no member. Send the archive as its tool wrote it.",
        )

    def _check_agreement(self, local: records.LocalRecord, record: records.DirectoryRecord) -> None:
        """Note each field in which the two headers of a member differ."""
        if local[:5] == record[1:6] and local.name == record.name:
            return  # nearly always
        sizes_follow = bool(record.flags & records.DESCRIPTOR_FLAG)
        for field in ("name", "flags", "method", "crc", "packed", "size"):
            mine, theirs = getattr(local, field), getattr(record, field)
            # APPNOTE 4.4.4: with a data descriptor, checksum and sizes are zero in the local header.
            if mine == theirs or (sizes_follow and field in {"crc", "packed", "size"} and mine == 0):
                continue
            self._faults.add(
                Code.ZIP_MISMATCH,
                f"The two headers of the member {shown(record.name)} disagree: {field} is {_value(mine)} in its local "
                f"header and {_value(theirs)} in the central directory. Build the wheel again.",
            )

    def _end_of_member(self, local: records.LocalRecord, record: records.DirectoryRecord, limit: int) -> int:
        at = local.end + record.packed
        if at > limit:
            self._faults.refuse(
                Code.ZIP_OVERLAP,
                f"The member {shown(record.name)} reaches into the central directory. Build the wheel again.",
            )
        if not record.flags & records.DESCRIPTOR_FLAG:
            return at
        expected = (record.crc, record.packed, record.size)
        length = records.descriptor_size(self._data, at, expected, wide=local.extra.zip64 is not None)
        if length is None or record.method == STORED:
            self._faults.refuse(
                Code.ZIP_DESCRIPTOR,
                f"The data descriptor of the member {shown(record.name)} is missing, has no signature or contradicts "
                "the central directory, or the member is stored, so that its end is not certain. Build the wheel "
                "again.",
            )
        return at + length

    def _checked_entry(self, record: records.DirectoryRecord, start: int, registry: NameRegistry) -> ZipEntry | None:
        check_packing(record, self._faults)
        is_folder = record.name.endswith(b"/")
        mode = check_mode(record, self._faults, is_folder=is_folder)
        check_folder_and_name(record, self._faults, is_folder=is_folder)
        name = registry.accept(record.name, is_folder=is_folder)
        if name is None:
            return None
        return ZipEntry(
            name=name,
            start=start,
            packed=record.packed,
            size=record.size,
            method=record.method,
            crc=record.crc,
            mode=mode,
            is_folder=is_folder,
        )


def _value(value: object) -> str:
    return shown(value) if isinstance(value, bytes) else str(value)
