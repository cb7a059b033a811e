"""What lies in an artifact: the list of its members, and one member as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import abort, render_template, request

from index.accounts.permissions import Action
from index.review.case import find_submission
from index.review.facts import PlacedFinding, current_verdicts, inspections_of
from index.review.files import member_rows
from index.review.members import MemberMissing, read_member
from index.review.source import MAX_TEXT_BYTES, source_page
from index.services import current_services
from webui.blueprint import people
from webui.guard import needs

if TYPE_CHECKING:
    from index.store.tables import File, Submission
    from scanner.model import Inspection

__all__ = ["members", "source"]

_MEMBERS_SHOWN = 2000


@people.get("/review/<submission_id>/files/<filename>/")
@needs(Action.SEE_CASE)
def members(submission_id: str, filename: str) -> str:
    """Every member of a file, those with findings first."""
    submission, file, inspection = _load(submission_id, filename)
    return render_template(
        "members.html",
        submission=submission,
        file=file,
        rows=member_rows(inspection) if inspection else (),
        inspected=inspection is not None,
        shown=_MEMBERS_SHOWN,
    )


@people.get("/review/<submission_id>/source/<filename>/<path:member>")
@needs(Action.SEE_CASE)
def source(submission_id: str, filename: str, member: str) -> str:
    """One member as text, with what was found in it under its lines."""
    submission, file, inspection = _load(submission_id, filename)
    found = [PlacedFinding(filename, one) for one in inspection.findings if one.member == member] if inspection else []
    try:
        data = read_member(current_services().blobs, file.sha256, filename, member)
    except MemberMissing as error:
        abort(404, str(error))
    page = source_page(member, data, found, request.args.get("page", 1, type=int))
    role = next((fact.role for fact in inspection.members if fact.name == member), None) if inspection else None
    return render_template(
        "source.html",
        submission=submission,
        filename=filename,
        member=member,
        page=page,
        role=role,
        max_bytes=MAX_TEXT_BYTES,
    )


def _load(submission_id: str, filename: str) -> tuple[Submission, File, Inspection | None]:
    with current_services().database.read() as session:
        submission = find_submission(session, submission_id)
        file = next((one for one in submission.files if one.filename == filename), None) if submission else None
        if submission is None or file is None:
            abort(404, "This submission has no such file.")
        verdict = current_verdicts(session, [submission.id]).get(submission.id)
        inspections = inspections_of(session, [file], verdict.verdict.ruleset if verdict else None)
    return submission, file, inspections.get(filename)
