"""The OpenAPI document of the JSON that is our own: its schemas are those of the types that the views encode.

What a standard describes (the Simple API, uploads, provenance) is not in it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from http import HTTPStatus
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

import msgspec

from index.owners import documents
from index.publish.changes import MOST_CHANGES, Changes
from index.publish.namespaces import Namespace, NamespaceDetail
from index.publish.views import Figures
from index.publish.wellknown import PublicKeys
from index.review.status import StatusDocument

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["OPERATIONS", "Operation", "openapi_document"]

_JSON: Final = "application/json"
_PROBLEM: Final = "application/problem+json"
_SIMPLE: Final = "application/vnd.pypi.simple.v1+json"

_SERIAL: Final = {"type": "integer", "minimum": 0, "maximum": 2**63 - 1, "default": 0}
_LIMIT: Final = {"type": "integer", "minimum": 1, "maximum": MOST_CHANGES, "default": MOST_CHANGES}


class Message(msgspec.Struct):
    """Why there is no answer."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one address."""

    path: str
    method: str
    summary: str
    answer: Any
    """The type that a 200 encodes."""
    body: type[msgspec.Struct] | None = None
    media: str = _JSON
    token: bool = False
    errors: Mapping[HTTPStatus, Any] = field(default_factory=dict)
    """The type of each other answer; None where it is text, or a page."""
    query: Mapping[str, Any] = field(default_factory=dict)


def _of_project(method: str, path: str, summary: str, **more: Any) -> Operation:
    statuses = [HTTPStatus.UNAUTHORIZED, HTTPStatus.NOT_FOUND]
    if method != "get":
        statuses += [HTTPStatus.FORBIDDEN, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.REQUEST_ENTITY_TOO_LARGE]
    errors = dict.fromkeys(statuses, documents.Problem)
    path = f"/api/projects/{{name}}{path}"
    answer = more.pop("answer", documents.Project)
    return Operation(path=path, method=method, summary=summary, answer=answer, token=True, errors=errors, **more)


_RELEASE: Final = "/releases/{version}"
_FILE: Final = "/files/{filename}"
_NONE: Final = {HTTPStatus.NOT_FOUND: None}

OPERATIONS: Final[Sequence[Operation]] = (
    Operation(
        path="/stats", method="get", summary="How much is visible, and how often it was downloaded", answer=Figures
    ),
    Operation(
        path="/changes/",
        method="get",
        summary="What has changed since a serial; the header Pratique-Signature signs the body",
        answer=Changes,
        query={"since": _SERIAL, "limit": _LIMIT},
        errors={HTTPStatus.BAD_REQUEST: None},
    ),
    Operation(path="/.well-known/pratique-key", method="get", summary="The key that signs", answer=PublicKeys),
    Operation(
        path="/namespaces",
        method="get",
        summary="Reserved prefixes",
        answer=list[Namespace],
        media=_SIMPLE,
        errors=_NONE,
    ),
    Operation(
        path="/namespace/{namespace}",
        method="get",
        summary="One reserved prefix",
        answer=NamespaceDetail,
        media=_SIMPLE,
        errors=_NONE,
    ),
    Operation(
        path="/submissions/{submission_id}",
        method="get",
        summary="Where an upload stands, for whoever has sent it",
        answer=StatusDocument,
        token=True,
        errors={HTTPStatus.NOT_FOUND: Message},
    ),
    _of_project("get", "", "The project as its members see it"),
    _of_project("post", f"{_RELEASE}/yank", "Yank a release", body=documents.Reason),
    _of_project("post", f"{_FILE}/yank", "Yank a file", body=documents.Reason),
    _of_project("post", f"{_RELEASE}/unyank", "Offer a release again"),
    _of_project("post", f"{_FILE}/unyank", "Offer a file again"),
    _of_project("delete", _RELEASE, "Delete a release", body=documents.Confirmation),
    _of_project("delete", _FILE, "Delete a file", body=documents.Confirmation),
    _of_project("put", "/status", "Archive or deprecate the project, or make it active", body=documents.StatusSet),
    _of_project("put", "/members/{username}", "Give an account a part in the project", body=documents.Part),
    _of_project("delete", "/members/{username}", "Remove a member", answer=documents.Removed),
)


@lru_cache(maxsize=4)
def openapi_document(public_url: str) -> bytes:
    """The document (OpenAPI 3.1), for the index at `public_url`."""
    types = [operation.answer for operation in OPERATIONS]
    types += [operation.body for operation in OPERATIONS if operation.body is not None]
    types += [kind for operation in OPERATIONS for kind in operation.errors.values() if kind is not None]
    unique = list({str(kind): kind for kind in types}.values())
    references, schemas = msgspec.json.schema_components(unique, ref_template="#/components/schemas/{name}")
    named = {str(kind): reference for kind, reference in zip(unique, references, strict=True)}
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = _described(operation, named)
    document = {
        "openapi": "3.1.0",
        "info": {
            "title": "Pratique",
            "version": version("pratique"),
            "description": "The JSON of this index that no standard describes.",
        },
        "servers": [{"url": public_url}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "basic": {"type": "http", "scheme": "basic", "description": "__token__ and the token as password"},
            },
        },
    }
    return msgspec.json.encode(document)


def _described(operation: Operation, named: Mapping[str, Any]) -> dict[str, Any]:
    names = re.findall(r"{(\w+)}", operation.path)
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}} for name in names
    ]
    parameters += [{"name": name, "in": "query", "schema": schema} for name, schema in operation.query.items()]
    responses = {"200": _response("Done", operation.media, named[str(operation.answer)])}
    for status, kind in operation.errors.items():
        if kind is None:
            responses[str(status.value)] = {"description": status.phrase}
        else:
            media = _PROBLEM if kind is documents.Problem else _JSON
            responses[str(status.value)] = _response(status.phrase, media, named[str(kind)])
    described: dict[str, Any] = {"summary": operation.summary, "parameters": parameters, "responses": responses}
    if operation.body is not None:
        content = {_JSON: {"schema": named[str(operation.body)]}}
        described["requestBody"] = {"content": content, "required": False}
    if operation.token:
        described["security"] = [{"token": []}, {"basic": []}]
    return described


def _response(description: str, media: str, schema: Any) -> dict[str, Any]:
    return {"description": description, "content": {media: {"schema": schema}}}
