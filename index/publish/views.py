"""What installers read: the Simple API, files, metadata, provenance, and project facts in JSON.

Each view asks `visible` (or the pages that publication rendered from it) and answers 404 to everything else.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from flask import Blueprint, Response, abort, redirect, request, send_file
from packaging.utils import canonicalize_name
from sqlalchemy import func, select

from index.publish.facts import project_facts, provenance
from index.publish.negotiation import SimpleType, choose
from index.publish.render import list_html, list_json
from index.publish.visible import visible_file, visible_files, visible_projects
from index.services import current_services
from index.store.blobs import BlobCorrupt, BlobMissing
from index.store.tables import Artifact, DetailPage, File
from scanner.model import Sha256Hex

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as BaseResponse

__all__ = ["blueprint"]

blueprint = Blueprint("publish", __name__)

#: A withdrawal takes effect within a minute, also where a proxy keeps pages.
_PAGE_CACHE = "max-age=0, must-revalidate"
_FILE_CACHE = "public, max-age=60"
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


@blueprint.get("/simple/<name>/")
def project_detail(name: str) -> BaseResponse:
    """The files of one project."""
    normalized = canonicalize_name(name)
    if normalized != name:
        return redirect(f"../{normalized}/", 301)
    kind = _negotiated()
    with current_services().database.read() as session:
        page = session.get(DetailPage, normalized)
    if page is None:
        abort(404, f"No project {normalized} has a published file here.")
    return _page(page.json if kind is SimpleType.JSON else page.html, kind, page.serial)


@blueprint.get("/files/<digest>/<filename>")
def file(digest: str, filename: str) -> Response:
    """The bytes of a published file, with Range."""
    services = current_services()
    with services.database.read() as session:
        found = visible_file(session, digest, filename)
        rejected = found is None and _is_rejected(session.get(Artifact, digest))
    if rejected:
        abort(403, "These bytes were inspected and rejected. They are not given out.")
    if found is None:
        abort(404, "No published file has these bytes under this name.")
    try:
        place = services.blobs.path(Sha256Hex(found.sha256))
    except (BlobMissing, BlobCorrupt) as error:
        abort(503, f"The stored file is not what was published ({type(error).__name__}). The operator has been told.")
    response = send_file(
        place,
        mimetype="application/octet-stream",
        download_name=found.filename,
        etag=found.sha256,
        last_modified=found.submission.published_at,
        conditional=True,
    )
    response.headers["Cache-Control"] = _FILE_CACHE
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


@blueprint.get("/files/<digest>/<filename>.metadata")
def file_metadata(digest: str, filename: str) -> BaseResponse:
    """The core metadata of a published file, byte for byte (PEP 658)."""
    found = _visible_or_404(digest, filename)
    response = Response(found.metadata_bytes, mimetype="application/octet-stream")
    response.set_etag(found.metadata_sha256)
    response.headers["Cache-Control"] = _FILE_CACHE
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response.make_conditional(request)


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
    response.headers["Cache-Control"] = _PAGE_CACHE
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
    response.headers["Cache-Control"] = _PAGE_CACHE
    response.set_etag(sha256(body).hexdigest())
    return response.make_conditional(request)


def _negotiated() -> SimpleType:
    kind = choose(request.accept_mimetypes, request.args.get("format"))
    if kind is None:
        abort(406, f"This page comes as {', '.join(SimpleType)}; none of them was accepted.")
    return kind


def _page(body: bytes, kind: SimpleType, serial: int) -> BaseResponse:
    response = Response(body, content_type=f"{kind}; charset=utf-8" if kind is SimpleType.TEXT else str(kind))
    response.set_etag(sha256(body).hexdigest())
    response.headers["Cache-Control"] = _PAGE_CACHE
    response.headers["Vary"] = "Accept"
    response.headers["X-PyPI-Last-Serial"] = str(serial)
    return response.make_conditional(request)


def _visible_or_404(digest: str, filename: str) -> File:
    with current_services().database.read() as session:
        found = visible_file(session, digest, filename)
    if found is None:
        abort(404, "No published file has these bytes under this name.")
    return found


def _is_rejected(artifact: Artifact | None) -> bool:
    return artifact is not None and artifact.rejected_at is not None
