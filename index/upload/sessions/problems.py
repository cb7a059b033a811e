"""What went wrong, as RFC 9457 says it, with the members that PEP 694 adds."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import msgspec
from flask import Response

from index.upload.answers import docs_url, reason_phrase
from index.upload.faults import Code, UploadRefused, refuse
from index.upload.sessions.protocol import API_VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from werkzeug.exceptions import HTTPException

__all__ = ["SessionRefused", "problem", "refusal_of"]

_PROBLEM: Final = "application/problem+json"
_HEADERS: Final = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}

_TITLES: Final = {
    HTTPStatus.BAD_REQUEST: "The request is not what this address expects, or the file is not what this index takes",
    HTTPStatus.UNAUTHORIZED: "An API token is needed",
    HTTPStatus.FORBIDDEN: "That is not permitted",
    HTTPStatus.NOT_FOUND: "There is nothing at this address",
    HTTPStatus.CONFLICT: "That is not possible as things stand",
    HTTPStatus.UNPROCESSABLE_ENTITY: "This index has no such upload mechanism",
}

_CODES: Final = {
    HTTPStatus.NOT_FOUND: Code.SESSION_UNKNOWN,
    HTTPStatus.METHOD_NOT_ALLOWED: Code.REQUEST_METHOD,
}


class SessionRefused(UploadRefused):
    """A request that is refused with a header of its own."""

    headers: Mapping[str, str]

    @classmethod
    def conflict(cls, code: Code, message: str, *, location: str) -> SessionRefused:
        """409, and the address of what stands in the way."""
        refusal = cls(refuse(code, message).faults, HTTPStatus.CONFLICT)
        refusal.headers = {"Location": location}
        return refusal


def problem(refusal: UploadRefused, *, public_url: str) -> Response:
    """The refusal with all its faults."""
    status, faults = refusal.status, refusal.faults
    detail = " ".join(each.message for each in faults)
    document = {
        "type": docs_url(public_url, faults[0]),
        "title": _TITLES.get(status, status.phrase),
        "status": status.value,
        "detail": detail,
        "details": detail,  # the spelling of the PEP's example
        "code": faults[0].code,
        "meta": {"api-version": API_VERSION},
        "errors": [{"source": each.code, "message": each.message} for each in faults],
    }
    response = Response(msgspec.json.encode(document), content_type=_PROBLEM, headers=_HEADERS)
    response.status = f"{status.value} {reason_phrase(faults)}"
    if status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = 'Basic realm="pratique", charset="UTF-8", Bearer realm="pratique"'
    if isinstance(refusal, SessionRefused):
        response.headers.update(refusal.headers)
    return response


def refusal_of(error: HTTPException) -> UploadRefused:
    """What the web framework has to say, as a refusal of ours."""
    status = HTTPStatus(error.code or 500)
    code = _CODES.get(status, Code.REQUEST_FAILED)
    return refuse(code, error.description or status.phrase, status)
