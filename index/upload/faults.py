"""The stable codes of what can be wrong with an upload, and the refusal that carries them.

Faults of the archive itself have the codes of `scanner.archive.codes`; what the hold refuses, those of
`index.hold.refusals`.
"""

from __future__ import annotations

from enum import StrEnum
from http import HTTPStatus
from typing import TYPE_CHECKING

from scanner.archive.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["Code", "UploadRefused", "fault", "refuse"]


class Code(StrEnum):
    """What is wrong. Each has a heading of this name in `docs/upload-errors.md`; none ever changes its meaning."""

    CREDENTIALS_MISSING = "auth.credentials-missing"
    CREDENTIALS_INVALID = "auth.credentials-invalid"
    TOKEN_SCOPE = "auth.token-scope"  # noqa: S105 # a code, no secret

    ACTION_UNKNOWN = "form.action"
    ACTION_GONE = "form.action-gone"
    PROTOCOL_VERSION = "form.protocol-version"
    WRONG_URL = "form.wrong-url"

    LENGTH_REQUIRED = "form.length-required"
    NOT_MULTIPART = "form.not-multipart"
    BODY_MALFORMED = "form.malformed"
    BODY_TRUNCATED = "form.truncated"
    BODY_TOO_LARGE = "form.too-large"
    FILE_TOO_LARGE = "form.file-too-large"
    FIELDS_TOO_LARGE = "form.fields-too-large"
    FIELDS_TOO_MANY = "form.too-many-parts"
    FIELD_MISSING = "form.field-missing"
    FIELD_IS_FILE = "form.field-is-file"
    CONTENT_MISSING = "form.content-missing"
    CONTENT_TWICE = "form.content-twice"
    CONTENT_EMPTY = "form.content-empty"
    CONTENT_UNNAMED = "form.content-unnamed"

    DIGEST_MISSING = "form.digest-missing"
    DIGEST_MALFORMED = "form.digest-malformed"
    DIGEST_MISMATCH = "form.digest-mismatch"

    NAME_MISMATCH = "form.name-mismatch"
    VERSION_MISMATCH = "form.version-mismatch"
    FILETYPE_MISMATCH = "form.filetype-mismatch"

    CLASSIFIER_UNKNOWN = "metadata.classifier-unknown"
    CLASSIFIER_PRIVATE = "metadata.classifier-private"
    PLATFORM_TAG = "wheel.platform-tag"

    NAME_STANDARD_LIBRARY = "name.standard-library"
    NAME_NOT_ALLOWED = "name-not-allowed"
    NAME_RESERVED_PREFIX = "name.namespace"
    NAME_TOO_SIMILAR = "name.too-similar"
    VERSION_SPELLING = "release.version-spelling"
    RELEASE_CLOSED = "release.closed"
    PROJECT_TOO_LARGE = "project.too-large"
    PROJECT_ARCHIVED = "project.archived"
    PROJECT_QUARANTINED = "project.quarantined"

    ATTESTATIONS_UNVERIFIABLE = "attestations.unverifiable"
    ATTESTATIONS_INVALID = "attestations.invalid"

    STORAGE_FULL = "storage.full"
    STORAGE_UNREACHABLE = "storage.unreachable"

    REQUEST_TYPE = "request.content-type"
    REQUEST_TOO_LARGE = "request.too-large"
    REQUEST_MALFORMED = "request.malformed"
    REQUEST_VERSION = "request.api-version"
    REQUEST_NOT_ACCEPTABLE = "request.not-acceptable"
    REQUEST_METHOD = "request.method"
    REQUEST_FAILED = "request.failed"

    SESSION_UNKNOWN = "session.unknown"
    SESSION_EXISTS = "session.exists"
    SUBMISSION_EXISTS = "session.upload-under-way"
    SESSION_CLOSED = "session.closed"
    SESSION_EMPTY = "session.empty"
    NAME_MALFORMED = "session.name"
    VERSION_MALFORMED = "session.version"

    MECHANISM_UNKNOWN = "file.mechanism"
    HASH_UNKNOWN = "file.hash-unknown"
    SIZE_MISMATCH = "file.size"
    FILE_IN_THE_WAY = "file.in-the-way"
    FILE_NOT_PENDING = "file.not-pending"
    FILE_NOT_COMPLETED = "file.not-completed"
    FILE_HAS_NO_BYTES = "file.no-bytes"
    FILE_PUBLISHED = "file.exists"
    FILE_REJECTED = "file.rejected"
    ATTESTATIONS_MALFORMED = "attestations.malformed"


class UploadRefused(Exception):
    """An upload of which nothing was stored. `faults` is never empty; the first one goes into the reason phrase."""

    def __init__(self, faults: Iterable[Fault], status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> None:
        self.faults: Sequence[Fault] = tuple(faults)
        self.status = status
        super().__init__(f"{status.value}: {'; '.join(each.message for each in self.faults)}")


def fault(code: Code, message: str) -> Fault:
    """One fault of ours."""
    return Fault(str(code), message)


def refuse(code: Code, message: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> UploadRefused:
    """A refusal for one fault that makes all others moot."""
    return UploadRefused([fault(code, message)], status)
