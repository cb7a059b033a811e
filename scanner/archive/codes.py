"""The stable codes of every refusal in this room. `docs/upload-errors.md` has a heading for each of them."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Code"]


class Code(StrEnum):
    """What a fault is called, for programs and for the page that explains it. A code is never reused."""

    # The uploaded file's own name
    FILENAME_CHARACTERS = "filename.characters"
    FILENAME_EXTENSION = "filename.extension"
    FILENAME_MALFORMED = "filename.malformed"
    FILENAME_NOT_NORMALIZED = "filename.not-normalized"
    FILENAME_TOO_MANY_TAGS = "filename.too-many-tags"

    # Any archive
    LIMIT_MEMBERS = "archive.limit.members"
    LIMIT_MEMBER_SIZE = "archive.limit.member-size"
    LIMIT_TOTAL_SIZE = "archive.limit.total-size"
    LIMIT_RATIO = "archive.limit.ratio"
    NAME_EMPTY = "archive.name.empty"
    NAME_ENCODING = "archive.name.encoding"
    NAME_CONTROL = "archive.name.control-character"
    NAME_ABSOLUTE = "archive.name.absolute"
    NAME_BACKSLASH = "archive.name.backslash"
    NAME_DOTS = "archive.name.dot-component"
    NAME_WINDOWS = "archive.name.windows"
    NAME_TOO_LONG = "archive.name.too-long"
    NAME_DUPLICATE = "archive.name.duplicate"
    NAME_UNICODE_COLLISION = "archive.name.unicode-collision"
    NAME_FILE_AND_FOLDER = "archive.name.file-and-folder"
    MODE_SETUID = "archive.mode.setuid"

    # ZIP
    ZIP_NOT_A_ZIP = "archive.zip.not-a-zip"
    ZIP_ALSO_TAR = "archive.zip.also-tar"
    ZIP_COMMENT = "archive.zip.comment"
    ZIP_APPENDED = "archive.zip.appended-data"
    ZIP_PREPENDED = "archive.zip.prepended-data"
    ZIP_GAP = "archive.zip.gap"
    ZIP_OVERLAP = "archive.zip.overlap"
    ZIP_DIRECTORY = "archive.zip.directory"
    ZIP_MULTI_DISK = "archive.zip.multi-disk"
    ZIP_ZIP64 = "archive.zip.zip64"
    ZIP_EXTRA = "archive.zip.extra-field"
    ZIP_ENCRYPTED = "archive.zip.encrypted"
    ZIP_FLAGS = "archive.zip.flags"
    ZIP_VERSION = "archive.zip.version"
    ZIP_METHOD = "archive.zip.method"
    ZIP_MISMATCH = "archive.zip.header-mismatch"
    ZIP_DESCRIPTOR = "archive.zip.data-descriptor"
    ZIP_FILE_TYPE = "archive.zip.file-type"
    ZIP_FOLDER_DATA = "archive.zip.folder-with-data"
    ZIP_SIZE = "archive.zip.size"
    ZIP_DEFLATE = "archive.zip.deflate"
    ZIP_CRC = "archive.zip.crc"

    # gzip and tar
    GZIP_HEADER = "archive.gzip.header"
    GZIP_CORRUPT = "archive.gzip.corrupt"
    GZIP_TRUNCATED = "archive.gzip.truncated"
    GZIP_TRAILING = "archive.gzip.trailing-data"
    TAR_ALSO_ZIP = "archive.tar.also-zip"
    TAR_HEADER = "archive.tar.header"
    TAR_CHECKSUM = "archive.tar.checksum"
    TAR_SIZE = "archive.tar.size"
    TAR_FILE_TYPE = "archive.tar.file-type"
    TAR_SPARSE = "archive.tar.sparse"
    TAR_PAX = "archive.tar.pax"
    TAR_PAX_SIZE = "archive.tar.pax-size"
    TAR_LONG_NAME = "archive.tar.long-name"
    TAR_LINK = "archive.tar.link"
    TAR_TRUNCATED = "archive.tar.truncated"
    TAR_TRAILING = "archive.tar.trailing-data"

    # Core metadata
    METADATA_MISSING = "archive.metadata.missing"
    METADATA_TOO_LARGE = "archive.metadata.too-large"
    METADATA_CHARACTERS = "archive.metadata.characters"
    METADATA_INVALID = "archive.metadata.invalid"
    METADATA_NAME = "archive.metadata.name"
    METADATA_VERSION = "archive.metadata.version"
    METADATA_URL_REQUIREMENT = "archive.metadata.url-requirement"
    METADATA_LICENSE_FILE = "archive.metadata.license-file"

    # Wheels
    WHEEL_DIST_INFO = "archive.wheel.dist-info"
    WHEEL_DATA_FOLDER = "archive.wheel.data-folder"
    WHEEL_FILE = "archive.wheel.wheel-file"
    WHEEL_ENTRY_POINTS = "archive.wheel.entry-points"
    RECORD_MISSING = "archive.record.missing"
    RECORD_INVALID = "archive.record.invalid"
    RECORD_SIGNATURE = "archive.record.signature"
    RECORD_HASH = "archive.record.hash"
    RECORD_SIZE = "archive.record.size"
    RECORD_UNLISTED = "archive.record.unlisted-file"
    RECORD_ABSENT = "archive.record.absent-file"

    # Source distributions
    SDIST_TOP_FOLDER = "archive.sdist.top-folder"
