"""The status of one submission: a page for people, JSON for programs, and the same words in both.

Who sends an API token is a program, and is judged by its token alone; so is who asks for JSON.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
from flask import render_template, request
from werkzeug.wrappers import Response

from index.accounts.permissions import Action, Person, may, membership
from index.clock import utcnow
from index.review.case import find_submission
from index.review.status import status_document, status_of
from index.services import current_services
from index.store.tables import MembershipRole
from index.upload.auth import identify
from index.upload.faults import UploadRefused
from webui.blueprint import people
from webui.guard import mark
from webui.sessions import current_person

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from index.review.status import Status
    from index.store.tables import Submission

__all__ = ["status"]

_JSON: Final = "application/json"
_MISSING: Final = "There is no submission with this number that you may see."

#: Seconds until it is worth while to ask again: while programs are at work, and while a person is.
_SOON: Final = 1
_LATER: Final = 15


@people.get("/submissions/<submission_id>")
@mark(Action.SEE_SUBMISSION)
def status(submission_id: str) -> Response | tuple[str, int]:
    """Where the submission stands. Who may not see it gets the answer of one that does not exist."""
    with current_services().database.read() as session:
        submission = find_submission(session, submission_id)
        found = None
        if submission is not None and _may_see(session, submission):
            found = status_of(current_services(), session, submission)
    if request.authorization is not None or _prefers_json():
        return _as_json(found)
    if found is None:
        return render_template("no_submission.html", path=request.path), 404
    return render_template("submission.html", status=found), 200


def _prefers_json() -> bool:
    return request.accept_mimetypes.best_match(["text/html", _JSON]) == _JSON


def _may_see(session: Session, submission: Submission) -> bool:
    project = submission.release.project
    if request.authorization is None:
        person = current_person()
    else:
        try:
            uploader = identify(session, request.authorization, now=utcnow())
        except UploadRefused:
            return False
        if uploader.project not in {None, project.name}:
            return False
        person = uploader.user
    return may(person, Action.SEE_SUBMISSION, part=_part(session, submission, person))


def _part(session: Session, submission: Submission, person: Person | None) -> MembershipRole | None:
    """The person's part in the project; whoever sent files of the submission has one in it."""
    part = membership(session, person, submission.release.project_id)
    if part is None and person is not None:
        # A rejected first release has no members any more, and its uploader has to read why.
        senders = {submission.opened_by_id, *(file.uploaded_by_id for file in submission.files)}
        return MembershipRole.MAINTAINER if person.id in senders else None
    return part


def _as_json(found: Status | None) -> Response:
    if found is None:
        return Response(msgspec.json.encode({"message": _MISSING}), 404, mimetype=_JSON)
    response = Response(msgspec.json.encode(status_document(found)), 200, mimetype=_JSON)
    if found.ends_by_itself:
        response.headers["Retry-After"] = str(_LATER if found.state == "in_review" else _SOON)
    return response
