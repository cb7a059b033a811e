"""The owners' actions for programs: JSON below `/api/projects/NAME`, with an API token."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec
from flask import Blueprint, Response, request
from packaging.utils import canonicalize_name

from index.accounts.permissions import Action
from index.accounts.tokens import authenticate
from index.clock import utcnow
from index.owners import documents, members, projects, releases
from index.owners.acting import Errand, acting_by_token
from index.owners.refusals import InvalidRequest, OwnerRefused, TokenMissing
from index.publish.visible import visible_files
from index.services import current_services
from index.store.tables import MembershipRole, ProjectStatus

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy.orm import Session

    from index.owners.acting import Acting
    from index.owners.releases import Target
    from index.store.tables import Project

__all__ = ["blueprint"]

blueprint = Blueprint("owners", __name__, url_prefix="/api/projects/<name>")

_S = TypeVar("_S", bound=msgspec.Struct)

_LARGEST_BODY: Final = 16 * 1024


@blueprint.get("")
def project(name: str) -> Response:
    """The project as its members see it."""
    with _errand(writes=False) as errand:
        found = errand.project(name, Action.MANAGE_PROJECT)
        return _answer(_document(errand, found))


@blueprint.post("/releases/<version>/yank")
@blueprint.post("/files/<filename>/yank", endpoint="yank_file")
def yank(name: str, version: str = "", filename: str = "") -> Response:
    """The release, or the file, is yanked."""
    given = _body(documents.Reason)
    with _errand() as errand:
        releases.yank(errand, _target(name, version, filename), reason=given.reason)
        return _done(errand, name)


@blueprint.post("/releases/<version>/unyank")
@blueprint.post("/files/<filename>/unyank", endpoint="unyank_file")
def unyank(name: str, version: str = "", filename: str = "") -> Response:
    """The release, or the file, is no longer yanked."""
    with _errand() as errand:
        releases.unyank(errand, _target(name, version, filename))
        return _done(errand, name)


@blueprint.delete("/releases/<version>")
@blueprint.delete("/files/<filename>", endpoint="delete_file")
def delete(name: str, version: str = "", filename: str = "") -> Response:
    """The release, or the file, is deleted: its bytes go, its filenames stay taken."""
    given = _body(documents.Confirmation)
    with _errand() as errand:
        digests = releases.delete(errand, _target(name, version, filename), confirm=given.confirm)
        answer = _done(errand, name)
    releases.drop_bytes(current_services(), digests)
    return answer


@blueprint.put("/status")
def status(name: str) -> Response:
    """The project is active, archived or deprecated."""
    given = _body(documents.StatusSet)
    with _errand() as errand:
        projects.set_status(errand, name, status=given.status, reason=given.reason)
        return _done(errand, name)


@blueprint.put("/members/<username>")
def set_member(name: str, username: str) -> Response:
    """The account is an owner or a maintainer of the project."""
    given = _body(documents.Part)
    with _errand() as errand:
        members.set_member(errand, name, username=username, role=given.role)
        return _done(errand, name)


@blueprint.delete("/members/<username>")
def remove_member(name: str, username: str) -> Response:
    """The account is no member of the project."""
    with _errand() as errand:
        members.remove_member(errand, name, username=username)
        return _answer(documents.Removed(canonicalize_name(name), username))


@blueprint.errorhandler(OwnerRefused)
def _refused(refusal: OwnerRefused) -> Response:
    status = refusal.status
    document = documents.Problem("about:blank", status.phrase, status.value, refusal.code, refusal.message)
    response = _answer(document, refusal.status)
    response.content_type = "application/problem+json"
    if isinstance(refusal, TokenMissing):
        response.headers["WWW-Authenticate"] = 'Basic realm="pratique", charset="UTF-8"'
    return response


@contextmanager
def _errand(*, writes: bool = True) -> Iterator[Errand]:
    """A transaction in which the owner of the request's token acts.

    Raises:
        TokenMissing: there is none.
    """
    services, now = current_services(), utcnow()
    with services.database.read() as session:
        acting = _acting(session, now)
        if not writes:
            yield Errand(services, session, acting, now)
            return
    with services.database.write() as session:  # nobody without a token makes a writer wait
        yield Errand(services, session, _acting(session, now), now)


def _acting(session: Session, now: datetime) -> Acting:
    secret = _secret()
    token = authenticate(session, secret, now=now) if secret else None
    if token is None:
        raise TokenMissing
    return acting_by_token(token)


def _secret() -> str | None:
    """The token of an `Authorization` header: `Bearer`, or `Basic` as uploads send it."""
    given = request.authorization
    if given is None:
        return None
    return given.token if given.type == "bearer" else given.password if given.type == "basic" else None


def _body(kind: type[_S]) -> _S:
    """The request's JSON, in that form; an empty body is an empty object.

    Raises:
        InvalidRequest: it is something else.
    """
    request.max_content_length = _LARGEST_BODY
    try:
        return msgspec.json.decode(request.get_data() or b"{}", type=kind)
    except msgspec.DecodeError as error:
        raise InvalidRequest(f"The body is not what this address takes: {error}.") from error


def _target(name: str, version: str, filename: str) -> Target:
    return releases.Target(project=canonicalize_name(name), version=version, filename=filename)


def _done(errand: Errand, name: str) -> Response:
    errand.session.flush()
    return _answer(_document(errand, errand.project(name, Action.MANAGE_PROJECT)))


def _document(errand: Errand, project: Project) -> documents.Project:
    return documents.Project(
        project=project.name,
        status=documents.Status(ProjectStatus(project.status).value, project.status_reason),
        members=[
            documents.Member(member.user.username, MembershipRole(member.role).value)
            for member in members.members_of(errand.session, project)
        ],
        files=[
            documents.File(
                filename=file.filename,
                version=file.submission.release.version,
                sha256=file.sha256,
                yanked=file.yanked,
                yanked_reason=file.yanked_reason,
            )
            for file in visible_files(errand.session, project.name)
        ],
    )


def _answer(document: msgspec.Struct, status: int = 200) -> Response:
    response = Response(msgspec.json.encode(document), status, content_type="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response
