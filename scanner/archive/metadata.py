"""Core metadata inside an artifact (METADATA, PKG-INFO): bounded, parsed by `packaging`, and equal to the filename."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from packaging.metadata import InvalidMetadata, Metadata, RawMetadata, parse_email
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from scanner.archive.codes import Code
from scanner.archive.faults import ArchiveRefused, shown

if TYPE_CHECKING:
    from scanner.archive.faults import FaultList
    from scanner.archive.filenames import DistributionFilename
    from scanner.archive.limits import Limits

__all__ = ["read_metadata"]

#: Core metadata versions before PEP 639. Build tools wrote `License-File` into them although none of them has it.
_BEFORE_LICENSE_FILES: Final = frozenset({"1.0", "1.1", "1.2", "2.1", "2.2", "2.3"})
_NEWEST: Final = "2.4"
_LINE: Final = re.compile(rb"([^\r\n]*)(?:\r\n|\r|\n|\Z)")
_CONTROL: Final = re.compile(rb"[\x00-\x08\x0e-\x1f\x7f]")
_MIME: Final = re.compile(rb"(?:content-|mime-version)", re.IGNORECASE)
_SHORT: Final = (
    "metadata_version",
    "name",
    "version",
    "description_content_type",
    "requires_python",
    "requires_dist",
    "license_expression",
)
_MESSAGE: Final = 300


def read_metadata(
    raw: bytes, path: str, filename: DistributionFilename, limits: Limits, faults: FaultList
) -> Metadata | None:
    """The core metadata `raw`, found at `path`; None when it cannot be trusted: every fault of it is noted."""
    before = len(faults)
    if not _check_bounds(raw, path, limits, faults):
        return None
    metadata = None
    try:
        fields, unparsed = parse_email(raw)
        _drop_what_old_tools_wrote(fields)
        if not _check_values(fields, path, limits, faults):
            return None
        _report_unparsed(unparsed, path, faults)
        _compare(fields, path, filename, faults)
        metadata = _validated(fields, path, faults)
    except ArchiveRefused:
        raise
    except Exception as error:  # noqa: BLE001 # parsers meet hostile text here, and whatever they raise is a refusal
        faults.add(
            Code.METADATA_INVALID, f"{path} cannot be read ({type(error).__name__}: {shown(str(error), _MESSAGE)})."
        )
    if metadata is not None:
        _check_requirements(metadata, path, faults)
    return metadata if len(faults) == before else None


def _drop_what_old_tools_wrote(fields: RawMetadata) -> None:
    """Fields that mean nothing in their metadata version are gone: early `License-File`, and the value `UNKNOWN`."""
    if fields.get("metadata_version") not in _BEFORE_LICENSE_FILES:
        return
    fields.pop("license_files", None)
    if fields.get("description_content_type") == "UNKNOWN":
        fields.pop("description_content_type")
    if fields.get("requires_python") == "UNKNOWN":
        fields.pop("requires_python")


def _check_bounds(raw: bytes, path: str, limits: Limits, faults: FaultList) -> bool:
    """The text is of a size and kind that parsers cope with, or a fault is noted."""
    before = len(faults)
    header = _Header(raw)
    if header.count > limits.metadata_headers or header.size > limits.metadata_header_size:
        faults.add(
            Code.METADATA_TOO_LARGE,
            f"{path} has {header.count} fields of {header.size} bytes together; at most {limits.metadata_headers} "
            f"fields of {limits.metadata_header_size} bytes are accepted. Put long text into the description.",
        )
    if b"\0" in raw or _CONTROL.search(raw, 0, header.end):
        faults.add(Code.METADATA_CHARACTERS, f"{path} holds a NUL byte, or a control character in a field; remove it.")
    if header.is_mime:
        faults.add(
            Code.METADATA_INVALID,
            f"{path} has MIME fields (Content-Type and the like), which core metadata does not have.",
        )
    return len(faults) == before


class _Header:
    """The header section: its end, the number and total size of its fields (`Description` left out of the size)."""

    def __init__(self, raw: bytes) -> None:
        self.end, self.count, self.size, self.is_mime = 0, 0, 0, False
        is_description = False
        for match in _LINE.finditer(raw):
            line = match[1]
            if not line:
                break
            if line[:1] not in b" \t":
                self.count += 1
                is_description = line[:12].lower() == b"description:"
                self.is_mime = self.is_mime or bool(_MIME.match(line))
            self.size += 0 if is_description else len(match[0])
            self.end = match.end()


def _check_values(fields: RawMetadata, path: str, limits: Limits, faults: FaultList) -> bool:
    """Values that are short by nature are short, or a fault is noted: parsers take long over long ones."""
    values = dict[str, object](fields)
    for key in _SHORT:
        value = values.get(key)
        longest = max(map(len, value), default=0) if isinstance(value, list) else len(str(value))
        if longest > limits.metadata_value_length:
            faults.add(
                Code.METADATA_TOO_LARGE,
                f"{path} has a field {key.replace('_', '-')} of {longest} characters; at most "
                f"{limits.metadata_value_length} are accepted.",
            )
            return False
    return True


def _report_unparsed(unparsed: dict[str, list[str]], path: str, faults: FaultList) -> None:
    for key in sorted(unparsed):
        faults.add(
            Code.METADATA_INVALID,
            f"{path} has the field {shown(key)}, which core metadata does not have, or which is there twice or is not "
            "UTF-8.",
        )


def _compare(fields: RawMetadata, path: str, filename: DistributionFilename, faults: FaultList) -> None:
    name, version = fields.get("name"), fields.get("version")
    if name is not None and canonicalize_name(name) != filename.name:
        faults.add(
            Code.METADATA_NAME,
            f"{path} has the name {shown(name)}, and the filename says {filename.name!r}; both have to be the same "
            "project.",
        )
    try:
        same = version is None or Version(version) == Version(filename.version)
    except (InvalidVersion, ValueError):
        return  # not a version at all: the validation of the fields says so
    if not same:
        faults.add(
            Code.METADATA_VERSION,
            f"{path} has the version {shown(version or '')}, and the filename says {filename.version!r}; both have to "
            "be equal.",
        )


def _validated(fields: RawMetadata, path: str, faults: FaultList) -> Metadata | None:
    # A field that is newer than the declared version is tolerated, as old build tools wrote such files: everything is
    # validated by the newest version, and what is handed out still says its own.
    is_old = fields.get("metadata_version") in _BEFORE_LICENSE_FILES
    newest = fields.copy()
    if is_old:
        newest["metadata_version"] = _NEWEST
    try:
        metadata = Metadata.from_raw(newest)
    except ExceptionGroup as group:
        for error in sorted(group.exceptions, key=str):
            field = error.field if isinstance(error, InvalidMetadata) else type(error).__name__
            faults.add(
                Code.METADATA_INVALID,
                f"{path} breaks the core metadata specification at the field {shown(field)}: "
                f"{shown(str(error), _MESSAGE)}.",
            )
        return None
    return Metadata.from_raw(fields, validate=False) if is_old else metadata


def _check_requirements(metadata: Metadata, path: str, faults: FaultList) -> None:
    for requirement in metadata.requires_dist or ():
        if requirement.url is not None:
            faults.add(
                Code.METADATA_URL_REQUIREMENT,
                f"{path} requires {shown(str(requirement), _MESSAGE)}; an index serves no project that installs from "
                "a URL. Require a version of a published project.",
            )
