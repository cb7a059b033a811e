"""The review desk: the queue, one release, a decision."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import abort, flash, redirect, render_template, request, url_for

from index.accounts.permissions import Action, may, membership
from index.clock import utcnow
from index.hold.decisions import DecisionRefused, Judgement, OwnProject, StaleRevision
from index.review.case import CaseView, find_submission, load_case
from index.review.choices import choices_in, decide
from index.review.queue import counts, list_queue
from index.services import current_services
from index.store.tables import DecisionKind, SubmissionState, User
from webui.blueprint import people
from webui.forms import DecisionForm
from webui.guard import needs, signed_in

if TYPE_CHECKING:
    from sqlalchemy.orm import Session
    from werkzeug.wrappers import Response

    from index.review.choices import Choice
    from index.store.tables import MembershipRole

__all__ = ["case", "decide_case", "queue"]


@people.get("/review/")
@needs(Action.SEE_QUEUE)
def queue() -> str:
    """What waits for a person, or what is in another state."""
    state = _state(request.args.get("state", ""))
    text = request.args.get("q", "").strip()[:200]
    page = request.args.get("page", 1, type=int)
    with current_services().database.read() as session:
        numbers = counts(session)
        listed = list_queue(current_services(), session, state=state, text=text, page=page)
    return render_template("queue.html", queue=listed, counts=numbers, state=state, text=text)


@people.get("/review/<submission_id>")
@needs(Action.SEE_CASE)
def case(submission_id: str) -> str:
    """One release, with everything that the decision rests on."""
    with current_services().database.read() as session:
        view, part = _load(session, submission_id)
    form = DecisionForm(formdata=None, revision=view.revision, verdict_id=view.current.id if view.current else "")
    return _render(view, part, form)


@people.post("/review/<submission_id>")
@needs(Action.DECIDE)
def decide_case(submission_id: str) -> Response | tuple[str, int]:
    """A decision takes effect, or the page says why it does not and keeps what was typed."""
    services = current_services()
    form = DecisionForm()
    with services.database.read() as session:
        view, part = _load(session, submission_id)
    form.decision.choices = [(str(kind), str(kind)) for kind in DecisionKind]
    if not form.validate_on_submit():
        return _render(view, part, form), 422
    try:
        with services.database.write() as session:
            choice = _decide(session, submission_id, form)
    except StaleRevision as refusal:
        with services.database.read() as session:
            view, part = _load(session, submission_id)
        return _render(view, part, form, refusal=refusal.message, seen_verdict=_verdict_id(form)), 409
    except DecisionRefused as refusal:
        return _render(view, part, form, refusal=refusal.message), 403 if isinstance(refusal, OwnProject) else 409
    services.ring()
    flash(f"{view.project} {view.version}: {choice.done}")
    return redirect(url_for("people.queue"), 303)


def _decide(session: Session, submission_id: str, form: DecisionForm) -> Choice:
    submission = find_submission(session, submission_id)
    analyst = session.get(User, signed_in().id)
    if submission is None or analyst is None:
        abort(404)
    judgement = Judgement(
        analyst=analyst, revision=form.revision.data, verdict_id=_verdict_id(form), reason=form.reason.data
    )
    kind = DecisionKind(form.decision.data)
    return decide(current_services(), session, submission, kind, judgement, now=utcnow())


def _verdict_id(form: DecisionForm) -> int | None:
    given = form.verdict_id.data or ""
    return int(given) if given.isascii() and given.isdecimal() else None


def _load(session: Session, submission_id: str) -> tuple[CaseView, MembershipRole | None]:
    view = load_case(current_services(), session, submission_id)
    if view is None:
        abort(404, "There is no submission with this number. It may have been typed wrongly.")
    return view, membership(session, signed_in(), view.project_id)


def _render(
    view: CaseView,
    part: MembershipRole | None,
    form: DecisionForm,
    *,
    refusal: str = "",
    seen_verdict: int | None = None,
) -> str:
    allowed = may(signed_in(), Action.DECIDE, part=part)
    return render_template(
        "case.html",
        case=view,
        form=form,
        choices=choices_in(view.state, in_doubt=view.origin is not None) if allowed else (),
        own_project=part is not None,
        refusal=refusal,
        seen_verdict=seen_verdict,
    )


def _state(name: str) -> SubmissionState:
    try:
        return SubmissionState(name)
    except ValueError:
        return SubmissionState.IN_REVIEW
