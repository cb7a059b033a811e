"""The multipart body of an upload, read once, as a stream: the file goes to disk and through two hashes on its way.

Fields may come in any order, before or after the file. Nothing but the fields is ever held in memory, and those
are limited in number and size.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import blake2b, sha256
from http import HTTPStatus
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, Protocol

from multipart import MultipartError, MultipartSegment, ParserLimitReached, PushMultipartParser
from werkzeug.exceptions import ClientDisconnected

from index.upload.faults import Code, refuse
from scanner.model import Sha256Hex

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from index.upload.faults import UploadRefused

__all__ = ["Body", "Content", "FormLimits", "Readable", "UploadForm", "receive_form"]

_CHUNK: Final = 64 * 1024

#: What the headers of one part may be: clients send two, of a hundred bytes.
_HEADERS: Final = 16
_HEADER_BYTES: Final = 16 * 1024
_CONTENT: Final = "content"

#: Sent by old clients as a file of its own; nobody can use it any more.
_IGNORED_FILE: Final = "gpg_signature"

#: Boundaries, headers of parts and a little air: what a body may be larger than its file and its fields.
_FRAMING: Final = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class FormLimits:
    """How much one form may hold."""

    file_bytes: int
    field_bytes: int = 4 * 1024 * 1024
    """All fields together. Core metadata may have 1 MiB; attestations a few hundred kB."""
    parts: int = 4096
    """Each `Requires-Dist` and each classifier is a part."""

    @property
    def body_bytes(self) -> int:
        """The largest body that can hold a permitted form."""
        return self.file_bytes + self.field_bytes + _FRAMING


class Readable(Protocol):
    """What a body is read from."""

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` bytes; none at the end."""


@dataclass(frozen=True, slots=True)
class Body:
    """A request body that was not read yet. `length` is what the client announced, None for a chunked body."""

    stream: Readable
    boundary: str
    length: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """The file as it came: on disk, under a name of ours, with digests of exactly the bytes that were written."""

    path: Path
    filename: str
    size: int
    sha256: Sha256Hex
    blake2_256: str


@dataclass(frozen=True, slots=True)
class UploadForm:
    """One upload: what the client says, and the file. Values are compared with the file, never believed."""

    fields: Mapping[str, tuple[str, ...]]
    content: Content

    def first(self, name: str) -> str:
        """The first value of a field, stripped; empty when there is none, or the placeholder of old tools."""
        value = next(iter(self.fields.get(name, ())), "").strip()
        return "" if value == "UNKNOWN" else value


@contextmanager
def receive_form(body: Body, folder: Path, limits: FormLimits) -> Iterator[UploadForm]:
    """The form; its file lies in `folder` until the block ends, and is removed then in any case.

    Raises:
        UploadRefused: 400 for a body that is no upload, 413 for one that is too large.
    """
    if body.length is not None and body.length > limits.body_bytes:
        raise _too_large(limits)
    with _temporary(folder) as target:
        try:
            reader = _FormReader(target, limits)
            _feed(body, reader, limits)
            yield reader.finish()
        finally:
            with suppress(OSError):  # the keeper sweeps the folder; an upload that is stored stays stored
                os.unlink(target.name)  # noqa: PTH108 # the name is a string


def _temporary(folder: Path) -> IO[bytes]:
    try:
        return tempfile.NamedTemporaryFile(dir=folder, prefix="upload-", delete=False)  # the caller closes it
    except FileNotFoundError:  # the first upload, or somebody has emptied the data folder
        folder.mkdir(parents=True, exist_ok=True)
        return _temporary(folder)


class _Writer:
    """Writes the file and hashes what it writes."""

    def __init__(self, target: IO[bytes], filename: str, limit: int) -> None:
        self.filename = filename
        self.size = 0
        self._target = target
        self._limit = limit
        self._sha256 = sha256()
        self._blake2 = blake2b(digest_size=32)

    def write(self, data: bytes) -> None:
        """The bytes are in the file and in the digests."""
        self.size += len(data)
        if self.size > self._limit:
            raise refuse(
                Code.FILE_TOO_LARGE,
                f"File too large: the limit is {self._limit} bytes.",
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            )
        self._target.write(data)
        self._sha256.update(data)
        self._blake2.update(data)

    def content(self, path: Path) -> Content:
        """What was written."""
        return Content(
            path=path,
            filename=self.filename,
            size=self.size,
            sha256=Sha256Hex(self._sha256.hexdigest()),
            blake2_256=self._blake2.hexdigest(),
        )


class _FormReader:
    """Takes the parser's events in whatever order they come."""

    def __init__(self, target: IO[bytes], limits: FormLimits) -> None:
        self._target = target
        self._limits = limits
        self._fields: dict[str, list[str]] = {}
        self._field_bytes = 0
        self._file: _Writer | None = None
        self._write: Callable[[bytes], object] = self._discard
        self._end: Callable[[], None] = _nothing

    def take(self, event: MultipartSegment | bytes | None) -> None:
        """What the parser has found: the beginning of a part, bytes of it, or its end."""
        if event is None:
            self._end()
        elif isinstance(event, MultipartSegment):
            self._begin(event)
        else:
            self._write(event)

    def _begin(self, part: MultipartSegment) -> None:
        """A part begins: what follows goes where its name says."""
        name = part.name
        if not name:
            raise refuse(Code.BODY_MALFORMED, "A part of the form has no name.")
        if name == _CONTENT:
            self._begin_content(part.filename)
        elif part.filename is None:
            self._begin_field(name)
        elif name == _IGNORED_FILE:
            self._write, self._end = self._discard, _nothing
        else:
            raise refuse(Code.FIELD_IS_FILE, f"The field {name!r} was sent as a file, expected a plain value.")

    def finish(self) -> UploadForm:
        """The whole form, its file complete on disk."""
        if self._file is None:
            raise refuse(Code.CONTENT_MISSING, "The upload has no file: expected a part named 'content'.")
        self._target.flush()
        fields = {name: tuple(values) for name, values in self._fields.items()}
        return UploadForm(fields, self._file.content(Path(self._target.name)))

    def _begin_content(self, filename: str | None) -> None:
        if self._file is not None:
            raise refuse(
                Code.CONTENT_TWICE, "The upload has more than one part named 'content'; send one file at a time."
            )
        if not filename:
            raise refuse(Code.CONTENT_UNNAMED, "The part named 'content' has no filename.")
        self._file = _Writer(self._target, filename, self._limits.file_bytes)
        self._write, self._end = self._file.write, _nothing

    def _begin_field(self, name: str) -> None:
        chunks: list[bytes] = []

        def write(data: bytes) -> None:
            self._discard(data)
            chunks.append(data)

        def end() -> None:
            self._fields.setdefault(name, []).append(b"".join(chunks).decode("utf-8", "replace"))

        self._write, self._end = write, end

    def _discard(self, data: bytes) -> None:
        self._field_bytes += len(data)
        if self._field_bytes > self._limits.field_bytes:
            raise refuse(
                Code.FIELDS_TOO_LARGE,
                f"The fields of the form are larger than {self._limits.field_bytes} bytes together.",
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            )


def _nothing() -> None:
    """A part that needs nothing at its end."""


def _feed(body: Body, reader: _FormReader, limits: FormLimits) -> None:
    total = 0
    try:
        parser = _parser(body, limits)
        while chunk := _read(body, total):
            total += len(chunk)
            if total > limits.body_bytes:
                raise _too_large(limits)
            for event in parser.parse(chunk):
                reader.take(event)
        if body.length is not None and total != body.length:
            raise _truncated(total, body.length)
        parser.close()
    except ParserLimitReached as error:
        raise refuse(
            Code.FIELDS_TOO_MANY,
            f"The form has more than {limits.parts} parts, or a part has more than {_HEADERS} headers or one of more "
            f"than {_HEADER_BYTES} bytes.",
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        ) from error
    except MultipartError as error:
        raise refuse(
            Code.BODY_MALFORMED, "The body is no well-formed multipart/form-data, or it ends too early."
        ) from error


def _parser(body: Body, limits: FormLimits) -> PushMultipartParser:
    return PushMultipartParser(
        body.boundary.encode("latin-1", "replace"),
        max_header_size=_HEADER_BYTES,
        max_header_count=_HEADERS,
        max_segment_count=limits.parts,
    )


def _read(body: Body, before: int) -> bytes:
    try:
        return body.stream.read(_CHUNK)
    except (ClientDisconnected, OSError) as error:  # OSError: a chunked body that breaks its own framing
        raise _truncated(before, body.length) from error


def _too_large(limits: FormLimits) -> UploadRefused:
    return refuse(
        Code.BODY_TOO_LARGE,
        f"File too large: the limit is {limits.file_bytes} bytes, and the request is larger than such a file needs.",
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    )


def _truncated(got: int, expected: int | None) -> UploadRefused:
    announced = "an unknown number of" if expected is None else str(expected)
    return refuse(
        Code.BODY_TRUNCATED, f"The connection ended early: got {got} bytes, expected {announced}. Send the file again."
    )
