"""The status of one submission, for its maintainers and for analysts: a page, or JSON when that is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from flask import render_template, request
from werkzeug.wrappers import Response

from index.accounts.permissions import Action, Person, may, membership
from index.accounts.tokens import authenticate
from index.clock import utcnow
from index.review.case import find_submission
from index.review.status import status_of
from index.services import current_services
from webui.blueprint import people
from webui.guard import mark
from webui.sessions import current_person

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from index.review.status import Status

__all__ = ["status"]

_MISSING = "There is no submission with this number that you may see."


@people.get("/submissions/<submission_id>")
@mark(Action.SEE_SUBMISSION)
def status(submission_id: str) -> Response | tuple[str, int]:
    """Where the submission stands. Who may not see it gets the answer of one that does not exist."""
    with current_services().database.read() as session:
        person = current_person() or _person_of_token(session)
        found = _visible_status(session, submission_id, person)
    if request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json":
        return _as_json(found)
    if found is None:
        return render_template("no_submission.html", path=request.path), 404
    return render_template("submission.html", status=found), 200


def _visible_status(session: Session, submission_id: str, person: Person | None) -> Status | None:
    submission = find_submission(session, submission_id)
    if submission is None:
        return None
    part = membership(session, person, submission.release.project_id)
    return status_of(current_services(), session, submission) if may(person, Action.SEE_SUBMISSION, part=part) else None


def _person_of_token(session: Session) -> Person | None:
    """For scripts: whom the API token in the Authorization header acts for."""
    credentials = request.authorization
    if credentials is None or credentials.type != "basic" or not credentials.password:
        return None
    token = authenticate(session, credentials.password, now=utcnow())
    # A token stands for its owner's part in projects, never for a role.
    return Person(token.user.id, token.user.username, frozenset(), second_factor=False) if token else None


def _as_json(found: Status | None) -> Response:
    if found is None:
        return Response(msgspec.json.encode({"message": _MISSING}), 404, mimetype="application/json")
    body = {
        "id": found.id,
        "project": found.project,
        "version": found.version,
        "state": found.state,
        "since": found.since,
        "files": [{"filename": name, "size": size, "sha256": sha256} for name, size, sha256 in found.files],
        "summary": found.summary,
        "reasons": found.reasons,
        "deferral": found.deferral,
        "comment": found.comment,
        "next": found.next,
    }
    return Response(msgspec.json.encode(body), 200, mimetype="application/json")
