"""The list of projects, provenance and project facts in JSON. What is read most is answered ahead of Flask by `reads`.

Each view asks `visible` and answers 404 to everything else.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from flask import Blueprint, Response, abort, request
from packaging.utils import canonicalize_name
from sqlalchemy import func, select

from index.publish.facts import project_facts, provenance
from index.publish.negotiation import SimpleType, choose
from index.publish.reads import PAGE_CACHE
from index.publish.render import list_html, list_json
from index.publish.visible import visible_files, visible_projects
from index.services import current_services
from index.store.tables import DetailPage

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as BaseResponse

__all__ = ["blueprint"]

blueprint = Blueprint("publish", __name__)

_INTEGRITY = "application/vnd.pypi.integrity.v1+json"


@blueprint.get("/simple/")
def project_list() -> BaseResponse:
    """The list of all projects with a published file."""
    kind = _negotiated()
    with current_services().database.read() as session:
        names = visible_projects(session)
        serial = session.scalar(select(func.max(DetailPage.serial))) or 0
    body = list_json(names, serial=serial) if kind is SimpleType.JSON else list_html(names)
    return _page(body, kind, serial)


@blueprint.get("/integrity/<name>/<version>/<filename>/provenance")
def integrity(name: str, version: str, filename: str) -> Response:
    """The provenance of a published file (PEP 740)."""
    with current_services().database.read() as session:
        files = visible_files(session, canonicalize_name(name))
        match = [f for f in files if f.filename == filename and f.submission.release.version == version]
    body = provenance(match[0]) if match else None
    if body is None:
        abort(404, "There is no provenance for this file.")
    response = Response(body, mimetype=_INTEGRITY)
    response.headers["Cache-Control"] = PAGE_CACHE
    return response


@blueprint.get("/pypi/<name>/json", defaults={"version": None})
@blueprint.get("/pypi/<name>/<version>/json")
def facts(name: str, version: str | None) -> BaseResponse:
    """A project's, or a release's, published facts in JSON."""
    services = current_services()
    with services.database.read() as session:
        files = visible_files(session, canonicalize_name(name))
        body = project_facts(files, version=version, public_url=services.settings.resolved_public_url)
    if body is None:
        abort(404, "Nothing of that name is published here.")
    response = Response(body, mimetype="application/json")
    response.headers["Cache-Control"] = PAGE_CACHE
    response.set_etag(sha256(body).hexdigest())
    return response.make_conditional(request)


def _negotiated() -> SimpleType:
    kind = choose(request.accept_mimetypes, request.args.get("format"))
    if kind is None:
        abort(406, f"This page comes as {', '.join(SimpleType)}; none of them was accepted.")
    return kind


def _page(body: bytes, kind: SimpleType, serial: int) -> BaseResponse:
    response = Response(body, content_type=kind.content_type)
    response.set_etag(sha256(body).hexdigest())
    response.headers["Cache-Control"] = PAGE_CACHE
    response.headers["Vary"] = "Accept"
    response.headers["X-PyPI-Last-Serial"] = str(serial)
    return response.make_conditional(request)
