"""What an uploading client is told, in the form that it can show.

Measured: twine shows the reason phrase only; poetry and flit show the body too; uv shows the body, but of
`application/json` (exactly that: no parameters) only the member `code`, and of RFC 9457 problems title and detail.
So the words are in all four places.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import msgspec
from flask import Response

if TYPE_CHECKING:
    from collections.abc import Sequence

    from werkzeug.datastructures import MIMEAccept

    from index.hold.intake import Receipt
    from index.upload.faults import UploadRefused
    from scanner.archive.faults import Fault

__all__ = ["docs_url", "reason_phrase", "received", "refused"]

_TEXT: Final = "text/plain"
_JSON: Final = "application/json"
_PROBLEM: Final = "application/problem+json"

#: Longer status lines are cut or refused by proxies.
_REASON_LIMIT: Final = 500
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]+")

#: No document of ours is a page: nothing may run, whatever a filename contains.
_HEADERS: Final = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Vary": "Accept"}


def refused(refusal: UploadRefused, *, accept: MIMEAccept, public_url: str) -> Response:
    """The refusal with all its faults; the first one stands in the reason phrase."""
    status, faults = refusal.status, refusal.faults
    kind = accept.best_match([_TEXT, _JSON, _PROBLEM], default=_TEXT)
    if kind == _TEXT:
        body = _as_text(faults, public_url).encode()
    else:
        errors = [{"code": each.code, "message": each.message, "docs": docs_url(public_url, each)} for each in faults]
        document = _as_problem(refusal, public_url) if kind == _PROBLEM else _as_json(refusal)
        body = msgspec.json.encode({**document, "errors": errors})
    response = Response(body, content_type=_content_type(kind), headers=_HEADERS)
    response.status = f"{status.value} {reason_phrase(faults)}"
    if status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = 'Basic realm="pratique", charset="UTF-8"'
    return response


def received(receipt: Receipt, *, filename: str, accept: MIMEAccept, public_url: str) -> Response:
    """The file is stored, and where its submission can be followed. It says nothing that the uploader does not know."""
    place = f"{public_url}/submissions/{receipt.submission_id}"
    state = str(receipt.state)
    kind = accept.best_match([_TEXT, _JSON, _PROBLEM], default=_TEXT)
    if kind == _TEXT:
        again = " It was here before; nothing has changed." if receipt.duplicate else ""
        text = f"{_visible(filename)} is received.{again} Submission {receipt.submission_id} is {state}: {place}\n"
        response = Response(text.encode(), content_type=_content_type(_TEXT), headers=_HEADERS)
    else:
        document = {
            "submission": receipt.submission_id,
            "state": state,
            "duplicate": receipt.duplicate,
            "filename": filename,
            "status_url": place,
        }
        response = Response(msgspec.json.encode(document), content_type=_JSON, headers=_HEADERS)
    response.headers["Location"] = place
    response.headers["Link"] = f'<{place}>; rel="status"'
    return response


def reason_phrase(faults: Sequence[Fault]) -> str:
    """The first fault as HTTP/1.1 can carry it: Latin-1, one line, of bounded length; and how many more there are."""
    more = f" (and {len(faults) - 1} more: see the body)" if len(faults) > 1 else ""
    room = _REASON_LIMIT - len(more)
    text = _CONTROL.sub(" ", faults[0].message).encode("latin-1", "replace").decode("latin-1").strip()
    return (text if len(text) <= room else text[: room - 3] + "...") + more


def _as_text(faults: Sequence[Fault], public_url: str) -> str:
    return "".join(f"{_visible(each.message)}\n  {each.code}: {docs_url(public_url, each)}\n" for each in faults)


def _as_json(refusal: UploadRefused) -> dict[str, Any]:
    # `code` holds the whole status line because that is what uv prints of this document, and nothing else of it.
    message = _joined(refusal.faults)
    return {"code": f"{refusal.status.value} {message}", "message": message}


def _as_problem(refusal: UploadRefused, public_url: str) -> dict[str, Any]:
    return {
        "type": docs_url(public_url, refusal.faults[0]),
        "title": "The upload was refused",
        "status": refusal.status.value,
        "detail": _joined(refusal.faults),
        "code": refusal.faults[0].code,
    }


def _joined(faults: Sequence[Fault]) -> str:
    if len(faults) == 1:
        return _visible(faults[0].message)
    numbered = " ".join(f"({number}) {each.message}" for number, each in enumerate(faults, 1))
    return _visible(f"{len(faults)} faults: {numbered}")


def _visible(text: str) -> str:
    """A client prints it on a terminal: control characters of an uploaded file must not reach that."""
    return _CONTROL.sub(lambda found: found.group().encode("unicode_escape").decode("ascii"), text)


def docs_url(public_url: str, fault: Fault) -> str:
    """Where the fault's code is explained."""
    return f"{public_url}/help/upload-errors#{fault.anchor.partition('#')[2]}"


def _content_type(kind: str) -> str:
    return "text/plain; charset=utf-8" if kind == _TEXT else kind
