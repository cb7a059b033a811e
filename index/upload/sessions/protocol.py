"""What is said on the wire: requests, the documents that answer them, and times."""

from __future__ import annotations

from datetime import UTC
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

import msgspec
from flask import Response, request
from msgspec import Meta

from index.upload.faults import Code, refuse

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

__all__ = [
    "API_VERSION",
    "CONTENT_TYPE",
    "MECHANISM",
    "Act",
    "CreateFile",
    "CreateSession",
    "Extend",
    "answer",
    "read_request",
    "require_acceptable",
    "timestamp",
]

API_VERSION: Final = "2.0"
CONTENT_TYPE: Final = "application/vnd.pypi.upload.v2+json"

#: The one mechanism: the bytes are the body of a POST.
MECHANISM: Final = "http-post-bytes"

_LIMIT: Final = 64 * 1024
_JSON: Final = "application/json"

#: No document of ours is a page, and none is true for long.
_HEADERS: Final = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}


class _About(msgspec.Struct, rename="kebab"):
    """`meta` of a request. What an index-specific key says is not looked at."""

    api_version: str


class Act(msgspec.Struct, rename="kebab", kw_only=True):
    """A request that says nothing but what its address says: complete, publish."""

    meta: _About


class CreateSession(Act, rename="kebab", kw_only=True):
    """Open a session for a release."""

    name: Annotated[str, Meta(max_length=200)]
    version: Annotated[str, Meta(max_length=200)]


class CreateFile(Act, rename="kebab", kw_only=True):
    """Announce a file."""

    filename: Annotated[str, Meta(max_length=255)]
    size: Annotated[int, Meta(ge=1)]
    hashes: Annotated[dict[str, str], Meta(min_length=1, max_length=16)]
    mechanism: str


class Extend(Act, rename="kebab", kw_only=True):
    """Ask for more time."""

    extend_for: Annotated[int, Meta(ge=0)]
    """In seconds."""


_R = TypeVar("_R", bound=Act)


def read_request(kind: type[_R]) -> _R:
    """The body of the present request.

    Raises:
        UploadRefused: 415, 413 or 400, because it is none of this API.
    """
    if request.mimetype != CONTENT_TYPE:
        raise refuse(
            Code.REQUEST_TYPE,
            f"The request's Content-Type is {request.mimetype or 'missing'}, expected {CONTENT_TYPE}.",
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        )
    body = request.stream.read(_LIMIT + 1)
    if len(body) > _LIMIT:
        raise refuse(
            Code.REQUEST_TOO_LARGE,
            f"The request's body has more than {_LIMIT} bytes.",
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        )
    try:
        asked = msgspec.json.decode(body, type=kind)
    except msgspec.DecodeError as error:
        raise refuse(Code.REQUEST_MALFORMED, f"The request cannot be read: {error}.") from error
    if asked.meta.api_version != API_VERSION:
        raise refuse(
            Code.REQUEST_VERSION, f"The request is of API version {asked.meta.api_version!r}, expected {API_VERSION!r}."
        )
    return asked


def require_acceptable() -> None:
    """The client takes what we answer with.

    Raises:
        UploadRefused: 406.
    """
    accept = request.accept_mimetypes
    if accept.provided and not (accept.quality(CONTENT_TYPE) or accept.quality(_JSON)):
        raise refuse(
            Code.REQUEST_NOT_ACCEPTABLE,
            f"Answers come as {CONTENT_TYPE}, and the request's Accept header rules that out.",
            HTTPStatus.NOT_ACCEPTABLE,
        )


def answer(document: Mapping[str, Any], status: HTTPStatus = HTTPStatus.OK, **headers: str) -> Response:
    """`document` with the `meta` that everything has. `Retry_After="1"` gives the header `Retry-After: 1`."""
    body = msgspec.json.encode({"meta": {"api-version": API_VERSION}, **document})
    response = Response(body, status, content_type=CONTENT_TYPE, headers=_HEADERS)
    for name, value in headers.items():
        response.headers[name.replace("_", "-")] = value
    return response


def timestamp(moment: datetime) -> str:
    """RFC 3339 in UTC, in whole seconds, never later than `moment`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
