"""What programs read beside the Simple API, which `reads` answers: facts of projects, provenance, feeds, figures.

Each view asks `visible` and answers 404 to everything else.
"""

from __future__ import annotations

from hashlib import sha256
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import msgspec
from flask import Blueprint, Response, abort, current_app, request
from packaging.utils import canonicalize_name

from index.clock import utcnow
from index.publish.changes import MOST_CHANGES, changes_since, last_serial
from index.publish.facts import project_facts, provenance
from index.publish.feeds import new_projects, new_releases
from index.publish.fresh import ChangeCache
from index.publish.namespaces import namespace_document, namespaces_document
from index.publish.negotiation import SimpleType
from index.publish.pages import PAGE_CACHE
from index.publish.usage import total_downloads
from index.publish.visible import totals, visible_files
from index.publish.wellknown import ROBOTS, key_document, security_txt, signing_key
from index.services import current_services
from index.store.tables import DetailPage

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from sqlalchemy.orm import Session
    from werkzeug.wrappers import Response as BaseResponse

__all__ = ["Figures", "blueprint"]

blueprint = Blueprint("publish", __name__)
# `reads` answers it ahead of Flask; links to it are made from its name.
blueprint.add_url_rule("/simple/", endpoint="project_list", methods=["GET"], build_only=True)

_INTEGRITY: Final = "application/vnd.pypi.integrity.v1+json"
_JSON: Final = "application/json"
_RSS: Final = "application/rss+xml; charset=utf-8"
_TEXT: Final = "text/plain; charset=utf-8"


class Figures(msgspec.Struct):
    """How much is visible, and how often it was downloaded."""

    projects: int
    releases: int
    files: int
    bytes: int
    downloads: int
    downloads_30_days: int


@blueprint.get("/integrity/<name>/<version>/<filename>/provenance")
def integrity(name: str, version: str, filename: str) -> Response:
    """The provenance of a published file (PEP 740)."""
    if request.accept_mimetypes and not request.accept_mimetypes.best_match([_INTEGRITY, _JSON]):
        abort(HTTPStatus.NOT_ACCEPTABLE, f"Provenance comes as {_INTEGRITY}.")
    with current_services().database.read() as session:
        files = visible_files(session, canonicalize_name(name))
        match = [f for f in files if f.filename == filename and f.submission.release.version == version]
    body = provenance(match[0]) if match else None
    if body is None:
        abort(404, "There is no provenance for this file.")
    return _fresh(body, _INTEGRITY)


@blueprint.get("/pypi/<name>/json", defaults={"version": None})
@blueprint.get("/pypi/<name>/<version>/json")
def facts(name: str, version: str | None) -> BaseResponse:
    """A project's, or a release's, published facts in JSON."""
    services = current_services()
    with services.database.read() as session:
        files = visible_files(session, canonicalize_name(name))
        page = session.get(DetailPage, canonicalize_name(name))
        url, serial = services.settings.resolved_public_url, page.serial if page is not None else 0
        body = project_facts(files, version=version, public_url=url, serial=serial)
    if body is None:
        abort(404, "Nothing of that name is published here.")
    return _revalidated(body, _JSON)


@blueprint.get("/rss/updates.xml")
def rss_updates() -> BaseResponse:
    """The newest releases."""
    url = current_services().settings.resolved_public_url
    return _revalidated(_once_per_change(lambda session: new_releases(session, public_url=url)), _RSS)


@blueprint.get("/rss/packages.xml")
def rss_packages() -> BaseResponse:
    """The newest projects."""
    url = current_services().settings.resolved_public_url
    return _revalidated(_once_per_change(lambda session: new_projects(session, public_url=url)), _RSS)


@blueprint.get("/stats")
def stats() -> BaseResponse:
    """How much is visible, and how often it was downloaded: counted anew after a change, and once a minute."""
    now = utcnow()

    def load(session: Session) -> bytes:
        downloads, recent = total_downloads(session, today=now.date())
        figures = Figures(*totals(session), downloads=downloads, downloads_30_days=recent)
        return msgspec.json.encode(figures)

    return _revalidated(_once_per_change(load, and_per=now.replace(second=0, microsecond=0)), _JSON)


@blueprint.get("/namespaces")
def namespaces() -> BaseResponse:
    """Every reserved prefix of names (PEP 752)."""
    return _namespaces(namespaces_document)


@blueprint.get("/namespace/<namespace>")
def namespace(namespace: str) -> BaseResponse:
    """One reserved prefix, its parent and its children."""
    return _namespaces(lambda session: namespace_document(session, namespace))


def _namespaces(load: Callable[[Session], object]) -> BaseResponse:
    services = current_services()
    if not services.settings.namespaces:
        abort(404, "This index has no namespaces.")
    with services.database.read() as session:
        document = load(session)
    if document is None:
        abort(404, "There is no such namespace here.")
    return _revalidated(msgspec.json.encode(document), SimpleType.JSON.content_type)


@blueprint.get("/changes/")
def changes() -> Response:
    """What has changed since a serial, signed: the body's Ed25519 signature is in a header."""
    since = request.args.get("since", 0, type=int)
    limit = request.args.get("limit", MOST_CHANGES, type=int)
    if since < 0 or not 1 <= limit <= MOST_CHANGES:
        abort(HTTPStatus.BAD_REQUEST, f"`since` is a serial from 0 on, `limit` a number from 1 to {MOST_CHANGES}.")
    services = current_services()
    with services.database.read() as session:
        document = changes_since(session, since, limit)
    body = msgspec.json.encode(document)
    key = signing_key(services.settings.data_folder)
    response = _fresh(body, _JSON)
    response.headers["Pratique-Key-Id"] = key.id
    response.headers["Pratique-Signature"] = key.sign(body)
    response.headers["X-PyPI-Last-Serial"] = str(document.last_serial)
    return response


@blueprint.get("/.well-known/pratique-key")
def public_key() -> Response:
    """The key that signs the feed of changes."""
    document = key_document(signing_key(current_services().settings.data_folder))
    return _fresh(msgspec.json.encode(document), _JSON)


@blueprint.get("/.well-known/security.txt")
def security() -> Response:
    """Where to report a vulnerability."""
    text = security_txt(current_services().settings, now=utcnow())
    if text is None:
        abort(404, "The operator of this index has not named a contact.")
    return _fresh(text.encode(), _TEXT)


@blueprint.get("/robots.txt")
def robots() -> Response:
    """What crawlers are asked to leave alone."""
    return Response(ROBOTS, content_type=_TEXT)


def _once_per_change(load: Callable[[Session], bytes], *, and_per: Hashable = None) -> bytes:
    """What `load` makes of the database, made anew only where something visible, or `and_per`, has changed."""
    cache: ChangeCache[bytes] = current_app.extensions.setdefault("pratique-feeds", ChangeCache())
    database = current_services().database

    def loaded() -> bytes:
        with database.read() as session:
            return load(session)

    with database.read() as session:
        serial = last_serial(session)
    return cache.get(request.endpoint, (serial, and_per), loaded)


def _fresh(body: bytes, content_type: str) -> Response:
    response = Response(body, content_type=content_type)
    response.headers["Cache-Control"] = PAGE_CACHE
    return response


def _revalidated(body: bytes, content_type: str) -> BaseResponse:
    response = _fresh(body, content_type)
    response.set_etag(sha256(body).hexdigest())
    return response.make_conditional(request)
