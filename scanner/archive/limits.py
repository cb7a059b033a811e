"""How much of an archive is looked at: reaching a limit refuses the upload, and the refusal says which limit it was."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["DEFAULT_LIMITS", "Limits"]

_KIB: Final = 1024
_MIB: Final = 1024 * _KIB
_GIB: Final = 1024 * _MIB


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The budget of one archive. Sizes are bytes; a value that equals its limit is accepted."""

    members: int = 50_000
    """Entries, folders included. Stays below 65,535, so that no archive needs ZIP64 for its count."""
    member_size: int = 256 * _MIB
    """One member, unpacked: this much is held in memory at once."""
    total_size: int = _GIB
    """All members unpacked (for a tarball: the whole tar stream, headers and padding included)."""
    ratio: int = 100
    """Unpacked bytes for each packed byte."""
    ratio_floor: int = _MIB
    """An archive that unpacks to no more than this may have any ratio: small repetitive files compress well."""
    member_ratio_floor: int = 16 * _MIB
    """The same for a single member of a ZIP archive."""
    name_length: int = 1024
    """A member's name, in UTF-8."""
    component_length: int = 255
    """One component of a name, in UTF-8: what file systems take."""
    depth: int = 40
    """Components of a name."""
    pax_size: int = 64 * _KIB
    """One pax extended header."""
    long_name_size: int = 4 * _KIB
    """One GNU long name or long link."""
    metadata_size: int = _MIB
    """METADATA, PKG-INFO, WHEEL and entry_points.txt, each."""
    metadata_headers: int = 2000
    """Header fields in METADATA or PKG-INFO: a large project with an extra for each of its parts has 1,400."""
    metadata_header_size: int = 256 * _KIB
    """All header fields together, `Description` left out (licence texts are long)."""
    metadata_value_length: int = 4000
    """The value of a field that is a name, a version, a media type, an expression or a requirement."""
    record_size: int = 16 * _MIB
    """RECORD of a wheel."""
    filename_length: int = 200
    """The name of the uploaded file."""
    tags: int = 200
    """Compatibility tags that a wheel's filename expands to."""
    faults: int = 50
    """Faults reported of one upload; more are not looked for."""


#: What an index applies where its operator says nothing else.
DEFAULT_LIMITS: Final = Limits()
