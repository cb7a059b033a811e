"""The upload endpoint: `POST /legacy/`, as twine, uv, poetry and flit send it, and directions for who gets it wrong."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import structlog
from flask import Blueprint, Response, abort, request

from index.clock import utcnow
from index.hold.intake import Receipt, keep_open
from index.services import current_services
from index.upload import answers
from index.upload.announcement import announce
from index.upload.auth import current_user, identify
from index.upload.faults import Code, UploadRefused, refuse
from index.upload.form import Body, FormLimits, receive_form
from index.upload.help import errors_page
from index.upload.receive import examine_upload, storage_may_fail, store_upload
from index.upload.record import record_refusal
from index.upload.underway import BeatingStream

if TYPE_CHECKING:
    from index.services import Services
    from index.upload.auth import Uploader

__all__ = ["blueprint"]

blueprint = Blueprint("upload", __name__)

_log: Final = structlog.get_logger()


@blueprint.post("/legacy/")
def upload() -> Response:
    """The file is received and held; or all that is wrong with it is said, and nothing is stored."""
    services = current_services()
    with services.database.read() as session:
        uploader = identify(session, request.authorization, now=utcnow())
    limits = FormLimits(file_bytes=services.settings.upload_max_bytes)
    body = _body(services, uploader, limits)
    with storage_may_fail(), receive_form(body, services.settings.incoming_folder, limits) as form:
        filename, action = form.content.filename, request.args.get(":action", "")
        try:
            answer = examine_upload(services, form, uploader, action=action, now=utcnow())
            if not isinstance(answer, Receipt):
                answer = store_upload(services, form, answer, uploader, now=utcnow())
        except UploadRefused as refusal:
            record_refusal(services, form, uploader, refusal, now=utcnow())
            raise
    # From here on the file is stored: whatever fails now must not look like a failed upload.
    announce(services, answer, filename)
    return answers.received(
        answer,
        filename=filename,
        accept=request.accept_mimetypes,
        public_url=services.settings.resolved_public_url,
    )


@blueprint.errorhandler(UploadRefused)
def _refused(refusal: UploadRefused) -> Response:
    _log.info("upload refused", status=refusal.status.value, codes=[each.code for each in refusal.faults])
    url = current_services().settings.resolved_public_url
    return answers.refused(refusal, accept=request.accept_mimetypes, public_url=url)


@blueprint.route("/legacy", methods=["GET", "POST"])
def without_slash() -> Response:
    """308 to the URL with the slash. uv, poetry and flit follow it with their upload; twine prints the words."""
    url = f"{current_services().settings.resolved_public_url}/legacy/"
    text = f"Files are uploaded to {url} (with a slash at the end).\n"
    response = Response(text, content_type="text/plain; charset=utf-8", headers={"Location": url})
    response.status = f"{HTTPStatus.PERMANENT_REDIRECT.value} {text.strip()}"
    return response


@blueprint.route("/legacy/", methods=["GET", "PUT", "PATCH", "DELETE"])
def not_a_page() -> Response:
    """405: a person opened the upload URL."""
    return _method_not_allowed("This address takes uploads (POST). Packages are read from {url}/simple/.", "POST")


@blueprint.post("/simple/")
@blueprint.route("/simple/<path:_name>", methods=["GET", "POST"])
def uploaded_to_simple(_name: str = "") -> Response:
    """405: a client was given the address of the index, and would lose its upload if this looked like a success."""
    if request.method != "POST":
        abort(HTTPStatus.NOT_FOUND)  # the pages that exist are answered by `index.publish.reads`
    return _method_not_allowed("This address is for reading. Upload to {url}/legacy/ instead.", "GET, HEAD")


@blueprint.get("/help/upload-errors")
def upload_errors() -> Response:
    """What every code means and what to do about it: where the links of a refusal lead."""
    page = errors_page()
    if page is None:
        abort(HTTPStatus.NOT_FOUND, "This installation came without its documentation.")
    headers = {"Content-Security-Policy": "default-src 'none'", "X-Content-Type-Options": "nosniff"}
    return Response(page, content_type="text/html; charset=utf-8", headers=headers)


def _method_not_allowed(text: str, allowed: str) -> Response:
    url = current_services().settings.resolved_public_url
    refusal = refuse(Code.WRONG_URL, text.format(url=url), HTTPStatus.METHOD_NOT_ALLOWED)
    response = answers.refused(refusal, accept=request.accept_mimetypes, public_url=url)
    response.headers["Allow"] = allowed
    return response


def _body(services: Services, uploader: Uploader, limits: FormLimits) -> Body:
    """The request's body, not read yet.

    Raises:
        UploadRefused: it has no length, or is no multipart form.
    """
    length = request.content_length
    if length is None and not request.environ.get("wsgi.input_terminated"):
        raise refuse(
            Code.LENGTH_REQUIRED,
            "The request has neither a Content-Length nor a chunked body.",
            HTTPStatus.LENGTH_REQUIRED,
        )
    boundary = request.mimetype_params.get("boundary", "")
    if request.mimetype != "multipart/form-data" or not boundary:
        raise refuse(
            Code.NOT_MULTIPART,
            "An upload is a multipart/form-data request with a boundary.",
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        )
    request.max_content_length = max(limits.body_bytes, length or 0) + 1  # `receive_form` limits, and says why
    seconds = services.settings.settle_seconds / 2
    return Body(BeatingStream(request.stream, lambda: _keep_open(services, uploader), seconds), boundary, length)


def _keep_open(services: Services, uploader: Uploader) -> None:
    """What the uploader has open stays open while a large file is on its way. Failing at that fails no upload."""
    now = utcnow()
    try:
        with services.database.write() as session:
            user = current_user(session, uploader, now=now)
            keep_open(session, user, now=now, settle_seconds=services.settings.settle_seconds)
    except Exception:  # noqa: BLE001 # logged; the upload itself says what is wrong, if it is still
        _log.exception("could not keep the submission open")
