"""Strict readers of wheels and sdists: what does not mean the same to every reader is refused.

Members come one after another, in memory; nothing is ever unpacked to disk, imported or run.
"""

from __future__ import annotations

from scanner.archive.codes import Code
from scanner.archive.distribution import Distribution, read_distribution
from scanner.archive.faults import ArchiveRefused, Fault, shown
from scanner.archive.filenames import DistributionFilename, parse_filename
from scanner.archive.limits import DEFAULT_LIMITS, Limits
from scanner.archive.member import Member, Visitor
from scanner.archive.names import case_collisions
from scanner.archive.walk import walk
from scanner.archive.zip_members import PackedMember

__all__ = [
    "DEFAULT_LIMITS",
    "ArchiveRefused",
    "Code",
    "Distribution",
    "DistributionFilename",
    "Fault",
    "Limits",
    "Member",
    "PackedMember",
    "Visitor",
    "case_collisions",
    "parse_filename",
    "read_distribution",
    "shown",
    "walk",
]
