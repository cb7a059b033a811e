"""Everything about an upload that its bytes alone decide, in one strict walk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from scanner.archive.faults import FaultList
from scanner.archive.filenames import DistributionFilename, parse_filename
from scanner.archive.limits import DEFAULT_LIMITS, Limits
from scanner.archive.sdists import SdistReader
from scanner.archive.wheels import WheelReader

if TYPE_CHECKING:
    import mmap

    from packaging.metadata import Metadata

    from scanner.archive.member import Member, Visitor
    from scanner.archive.zip_members import PackedMember
    from scanner.model import Sha256Hex

__all__ = ["Distribution", "read_distribution"]


@dataclass(frozen=True, slots=True)
class Distribution:
    """A wheel or sdist that keeps all rules. `metadata_bytes` is METADATA or PKG-INFO as it stands in the archive.

    `member_count` and `total_size` count files and links, not folders.
    """

    filename: DistributionFilename
    metadata: Metadata
    metadata_bytes: bytes
    root_is_purelib: bool | None
    member_count: int
    total_size: int


class _Nobody:
    """Has seen nothing before, and looks at nothing."""

    def known(self, _packed: PackedMember) -> Sha256Hex | None:
        return None

    def recall(self, _packed: PackedMember, _known: Sha256Hex) -> None:
        return None

    def take(self, _member: Member) -> None:
        return None


def read_distribution(
    data: bytes | memoryview | mmap.mmap,
    filename: str,
    limits: Limits = DEFAULT_LIMITS,
    visitor: Visitor | None = None,
) -> Distribution:
    """What `data`, uploaded under `filename`, is: read to its end, every rule kept.

    On the way `visitor` is shown the files and links in the order of the archive.

    Raises:
        ArchiveRefused: a rule is broken; all faults that could be found are in it.
    """
    parsed = parse_filename(filename, limits)
    faults = FaultList(limits.faults)
    purelib = None
    visitor = visitor or _Nobody()
    reader: WheelReader | SdistReader
    with memoryview(data) as view:
        if parsed.is_wheel:
            reader = WheelReader(view, parsed, limits, faults)
            metadata, purelib = reader.read(visitor)
        else:
            reader = SdistReader(view, parsed, limits, faults)
            metadata = reader.read(visitor)
    faults.check()
    if metadata is None:
        raise AssertionError("metadata is missing, and no fault says why")
    return Distribution(
        filename=parsed,
        metadata=metadata,
        metadata_bytes=reader.metadata_bytes,
        root_is_purelib=purelib,
        member_count=reader.member_count,
        total_size=reader.total_size,
    )
