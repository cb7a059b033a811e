"""The documents of the upload API 2.0 (PEP 694, the draft of 2026-07-29) and of RFC 9457, written down from them.

Of what the draft leaves to the index, what ours has chosen: it extends sessions, has one mechanism, shows no stage.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from tests.index.publish.standards import Text

if TYPE_CHECKING:
    import requests

UPLOAD = "application/vnd.pypi.upload.v2+json"
PROBLEM = "application/problem+json"

#: RFC 3339, in UTC, with whole seconds.
Instant = Annotated[str, msgspec.Meta(pattern=r"\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\Z")]
Url = Annotated[str, msgspec.Meta(pattern=r"\Ahttps?://")]
FileState = Literal["pending", "processing", "completed", "error"]


class Meta(msgspec.Struct, forbid_unknown_fields=True, rename="kebab"):
    """In every document."""

    api_version: Literal["2.0"]


class SessionLinks(msgspec.Struct, forbid_unknown_fields=True):
    """Where a session is read, filled, published and extended."""

    session: Url
    upload: Url
    publish: Url
    extend: Url


class SessionFile(msgspec.Struct, forbid_unknown_fields=True):
    """A file in a session; one that was canceled is in none."""

    status: FileState
    link: Url
    notices: list[Text] | msgspec.UnsetType = msgspec.UNSET


class Session(msgspec.Struct, forbid_unknown_fields=True, rename="kebab"):
    """A publishing session. Without a preview there is neither `stage` nor `session-token`."""

    meta: Meta
    links: SessionLinks
    mechanisms: Annotated[list[Literal["http-post-bytes"]], msgspec.Meta(min_length=1)]
    expires_at: Instant
    status: Literal["open", "processing", "published", "error", "canceled"]
    files: dict[str, SessionFile]
    notices: list[Text]


class FileLinks(msgspec.Struct, forbid_unknown_fields=True, rename="kebab"):
    """Where a file session is read and completed. It cannot be extended, so nothing says where."""

    file_upload_session: Url
    complete: Url


class Mechanism(msgspec.Struct, forbid_unknown_fields=True):
    """How the bytes come."""

    identifier: Literal["http-post-bytes"]
    file_url: Url
    attestations_url: Url


class FileSession(msgspec.Struct, forbid_unknown_fields=True, rename="kebab"):
    """A file upload session."""

    meta: Meta
    links: FileLinks
    status: FileState | Literal["canceled"]
    expires_at: Instant
    mechanism: Mechanism
    notices: list[Text]


class Fault(msgspec.Struct, forbid_unknown_fields=True):
    """One of the errors."""

    source: Text
    message: Text


class Problem(msgspec.Struct, forbid_unknown_fields=True):
    """RFC 9457 with the two extensions of the draft, its spelling of `detail`, and our stable code."""

    type: Url
    title: Text
    status: Annotated[int, msgspec.Meta(ge=400, le=599)]
    detail: Text
    details: Text
    code: Text
    meta: Meta
    errors: Annotated[list[Fault], msgspec.Meta(min_length=1)]


def check_answer(answer: requests.Response) -> None:
    """The answer of the upload API is of the form that its status and address ask for.

    Raises:
        AssertionError, msgspec.ValidationError: it is not.
    """
    kind = answer.headers.get("Content-Type", "")
    if answer.status_code >= 400:
        assert kind == PROBLEM, kind
        problem = msgspec.json.decode(answer.content, type=Problem)
        assert problem.status == answer.status_code
        return
    if answer.status_code == 204:
        assert answer.content == b""
        return
    assert kind == UPLOAD, kind
    found = msgspec.json.decode(answer.content, type=dict[str, msgspec.Raw])
    msgspec.json.decode(answer.content, type=FileSession if "mechanism" in found else Session)
