"""The addresses of the upload API 2.0, below `/upload/2.0/`."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import msgspec
import structlog
from flask import Blueprint, Response, abort, current_app, g, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound
from werkzeug.routing import RequestRedirect

from index.clock import utcnow
from index.services import current_services
from index.upload.announcement import announce
from index.upload.auth import Uploader, identify
from index.upload.faults import Code, UploadRefused, refuse
from index.upload.receive import storage_may_fail
from index.upload.record import record_refusal
from index.upload.sessions import files, publishing
from index.upload.sessions.access import reading, writing
from index.upload.sessions.arrival import receive_bytes
from index.upload.sessions.documents import ROOT, describe_file, describe_session, file_url, session_url
from index.upload.sessions.problems import problem, refusal_of
from index.upload.sessions.protocol import (
    Act,
    CreateFile,
    CreateSession,
    Extend,
    answer,
    read_request,
    require_acceptable,
)
from index.upload.sessions.status import SessionStatus

if TYPE_CHECKING:
    from index.services import Services
    from index.store.tables import FileSession
    from index.upload.form import Readable, UploadForm

__all__ = ["blueprint"]

blueprint = Blueprint("sessions", __name__, url_prefix=ROOT.rstrip("/"))

_log: Final = structlog.get_logger()

#: Attestations of one file; a few kB each.
_ATTESTATIONS: Final = 4 * 1024 * 1024
_METHODS: Final = ("DELETE", "GET", "PATCH", "POST", "PUT")

#: So soon is it worth while to ask again.
_SOON: Final = "1"


@blueprint.before_request
def _identify() -> None:
    require_acceptable()
    with current_services().database.read() as session:
        g.uploader = identify(session, request.authorization, now=utcnow())


def _uploader() -> Uploader:
    uploader = g.uploader
    assert isinstance(uploader, Uploader)  # noqa: S101 # set before each request
    return uploader


@blueprint.post("/")
def create() -> Response:
    """A publishing session is open, and its project's name is reserved."""
    asked, services = read_request(CreateSession), current_services()
    with writing(services, _uploader(), now=utcnow()) as desk:
        record = publishing.open_session(desk, asked.name, asked.version)
        document = describe_session(desk, record)
    _log.info("session opened", session=record.id, project=asked.name, version=asked.version)
    return answer(document, HTTPStatus.CREATED, Location=session_url(services, record.id))


@blueprint.get("/sessions/<session_id>")
def status(session_id: str) -> Response:
    """Where the session stands."""
    with reading(current_services(), _uploader(), now=utcnow()) as desk:
        document = describe_session(desk, desk.find(session_id))
    return _session(document)


@blueprint.delete("/sessions/<session_id>")
def cancel(session_id: str) -> Response:
    """The session is canceled."""
    with writing(current_services(), _uploader(), now=utcnow()) as desk:
        publishing.cancel(desk, desk.find(session_id))
    return Response(status=HTTPStatus.NO_CONTENT)


@blueprint.post("/sessions/<session_id>/extend")
def extend(session_id: str) -> Response:
    """The session lives longer, if it may."""
    asked = read_request(Extend)
    with writing(current_services(), _uploader(), now=utcnow()) as desk:
        record = desk.find(session_id)
        publishing.extend(desk, record, asked.extend_for)
        document = describe_session(desk, record)
    return _session(document)


@blueprint.post("/sessions/<session_id>/publish")
def publish(session_id: str) -> Response:
    """The session is judged, and published when nothing speaks against it; 201 where it is published already."""
    read_request(Act)
    services = current_services()
    with writing(services, _uploader(), now=utcnow()) as desk:
        record = desk.find(session_id)
        published = publishing.publish(desk, record) is SessionStatus.PUBLISHED
        document = describe_session(desk, record)
    code = HTTPStatus.CREATED if published else HTTPStatus.ACCEPTED
    return _session(document, code, Location=session_url(services, session_id))


@blueprint.post("/sessions/<session_id>/files")
def announce_file(session_id: str) -> Response:
    """The file may be sent."""
    asked = read_request(CreateFile)
    with writing(current_services(), _uploader(), now=utcnow()) as desk:
        file = files.announce(desk, desk.find(session_id), asked)
        document = describe_file(desk, file)
    return answer(document, HTTPStatus.ACCEPTED, Retry_After=_SOON, Location=document["links"]["file-upload-session"])


@blueprint.get("/files/<file_id>")
def file_status(file_id: str) -> Response:
    """Where the file stands."""
    with reading(current_services(), _uploader(), now=utcnow()) as desk:
        document = describe_file(desk, desk.find_file(file_id))
    return answer(document, Retry_After=_SOON)


@blueprint.delete("/files/<file_id>")
def delete_file(file_id: str) -> Response:
    """The file is not in the session any more."""
    with writing(current_services(), _uploader(), now=utcnow()) as desk:
        files.delete(desk, desk.find_file(file_id))
    return Response(status=HTTPStatus.NO_CONTENT)


@blueprint.post("/files/<file_id>/bytes")
def send_bytes(file_id: str) -> Response:
    """The bytes of the file are stored. Sending them again does no harm."""
    services, uploader = current_services(), _uploader()
    with reading(services, uploader, now=utcnow()) as desk:
        file = desk.find_file(file_id)
        files.require_pending(desk, file)
        size, hashes = file.size, msgspec.json.decode(file.hashes, type=dict[str, str])
    stream = _raw_body("application/octet-stream", size)
    with storage_may_fail():
        folder = services.settings.incoming_folder
        with receive_bytes(stream, folder, size=size, hashes=hashes) as came:
            services.blobs.put(came.path, came.sha256)
            with writing(services, uploader, now=utcnow()) as desk:
                files.arrived(desk, desk.find_file(file_id), came.sha256, came.blake2_256)
    return Response(status=HTTPStatus.NO_CONTENT)


@blueprint.post("/files/<file_id>/attestations")
def send_attestations(file_id: str) -> Response:
    """The attestations of the file are kept until it is completed."""
    stream = _raw_body("application/json", _ATTESTATIONS)
    sent = stream.read(_ATTESTATIONS + 1)
    if len(sent) > _ATTESTATIONS:
        raise refuse(
            Code.REQUEST_TOO_LARGE,
            f"The attestations have more than {_ATTESTATIONS} bytes.",
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        )
    with writing(current_services(), _uploader(), now=utcnow()) as desk:
        files.attest(desk, desk.find_file(file_id), sent)
    return Response(status=HTTPStatus.NO_CONTENT)


@blueprint.post("/files/<file_id>/complete")
def complete_file(file_id: str) -> Response:
    """The file has passed every check and is in the session; or it has failed for good, and that is said."""
    read_request(Act)
    services, uploader = current_services(), _uploader()
    with reading(services, uploader, now=utcnow()) as desk:
        file = desk.find_file(file_id)
        files.require_pending(desk, file)
        desk.session.expunge_all()
    try:
        with storage_may_fail(), files.loaded_form(services, file) as form:
            _complete(services, file, form)
    except UploadRefused as refusal:
        _fail(services, file_id, refusal)
        raise
    with reading(services, uploader, now=utcnow()) as desk:
        document = describe_file(desk, desk.find_file(file_id))
    return answer(document, HTTPStatus.CREATED, Location=file_url(services, file_id))


def _complete(services: Services, file: FileSession, form: UploadForm) -> None:
    uploader = _uploader()
    try:
        received = files.accept(services, form, uploader, now=utcnow())
        with writing(services, uploader, now=utcnow()) as desk:
            receipt = files.complete(desk, desk.find_file(file.id), form, received)
    except UploadRefused as refusal:
        record_refusal(services, form, uploader, refusal, now=utcnow())
        raise
    announce(services, receipt, file.filename)


def _fail(services: Services, file_id: str, refusal: UploadRefused) -> None:
    """The file has failed, if the refusal is about it: not where somebody may not, or something else was quicker."""
    if refusal.status == HTTPStatus.UNAUTHORIZED:
        return
    with writing(services, _uploader(), now=utcnow()) as desk:
        files.fail(desk.find_file(file_id), refusal)


@blueprint.route("/", methods=["DELETE", "GET", "PATCH", "PUT"], defaults={"_rest": ""})
@blueprint.route("/<path:_rest>", methods=_METHODS)
def nothing_here(_rest: str) -> Response:
    """404, or 405 where another method is served."""
    adapter = current_app.create_url_adapter(request)
    assert adapter is not None  # noqa: S101 # there is one for every request
    allowed = []
    for method in _METHODS:
        try:
            endpoint, _ = adapter.match(method=method)
        except (NotFound, MethodNotAllowed, RequestRedirect):
            continue
        if endpoint != request.endpoint:
            allowed.append(method)
    if allowed:
        raise MethodNotAllowed(allowed)
    abort(HTTPStatus.NOT_FOUND, "The upload API has nothing at this address.")


@blueprint.errorhandler(UploadRefused)
def _refused(refusal: UploadRefused) -> Response:
    _log.info("session request refused", status=refusal.status.value, codes=[each.code for each in refusal.faults])
    return problem(refusal, public_url=current_services().settings.resolved_public_url)


@blueprint.errorhandler(HTTPException)
def _failed(error: HTTPException) -> Response:
    response = problem(refusal_of(error), public_url=current_services().settings.resolved_public_url)
    response.headers.extend((name, value) for name, value in error.get_headers() if name == "Allow")
    return response


def _session(document: dict[str, object], code: HTTPStatus = HTTPStatus.OK, **headers: str) -> Response:
    if document["status"] == SessionStatus.PROCESSING:
        headers["Retry_After"] = _SOON
    return answer(document, code, **headers)


def _raw_body(kind: str, most: int) -> Readable:
    """The request's body, of that type, not read yet.

    Raises:
        UploadRefused: 415 or 411.
    """
    if request.mimetype != kind:
        raise refuse(
            Code.REQUEST_TYPE,
            f"The request's Content-Type is {request.mimetype or 'missing'}, expected {kind}.",
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        )
    if request.content_length is None and not request.environ.get("wsgi.input_terminated"):
        raise refuse(
            Code.LENGTH_REQUIRED,
            "The request has neither a Content-Length nor a chunked body.",
            HTTPStatus.LENGTH_REQUIRED,
        )
    request.max_content_length = max(most, request.content_length or 0) + 1  # whoever reads limits, and says why
    return request.stream
