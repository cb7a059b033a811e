"""Administration: the state of the system, its mail, its log, and the switch that holds everything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import abort, flash, redirect, render_template, request, url_for

from index.accounts.permissions import Action
from index.audit.log import Event, append
from index.clock import utcnow
from index.hold.switches import set_hold_everything
from index.notify.sender import read_outbox
from index.review.system import log_page, system_state
from index.services import current_services
from index.store.tables import Message
from webui.blueprint import people
from webui.forms import SwitchForm
from webui.guard import needs, signed_in
from webui.mail import read_mail

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

__all__ = ["hold_everything", "log", "mail", "mails", "system"]

_MAILS_SHOWN = 100


@people.get("/admin/")
@needs(Action.SEE_SYSTEM)
def system() -> str:
    """The state of the system."""
    return _system(SwitchForm(formdata=None))


@people.post("/admin/hold-everything")
@needs(Action.HOLD_EVERYTHING)
def hold_everything() -> Response | tuple[str, int]:
    """Automatic publication stops, or goes on."""
    form = SwitchForm()
    if not form.validate_on_submit():
        return _system(form), 422
    services, actor, now = current_services(), f"user:{signed_in().username}", utcnow()
    on = request.form.get("hold") == "on"
    with services.database.write() as session:
        if set_hold_everything(session, on=on, actor=actor, now=now):
            reason = f"switch:hold_everything reason: {form.reason.data}"
            append(session, Event(actor=actor, action="switch.reason", subject=reason), now=now)
    services.ring()
    flash("Everything is held from now on." if on else "Clear releases are published by themselves again.")
    return redirect(url_for("people.system"), 303)


@people.get("/admin/mail")
@needs(Action.SEE_MAIL)
def mails() -> str:
    """The newest mails, sent and unsent."""
    services = current_services()
    messages = [read_mail(message, services.settings) for message in read_outbox(services, limit=_MAILS_SHOWN)]
    return render_template("mails.html", messages=messages, shown=_MAILS_SHOWN)


@people.get("/admin/mail/<int:message_id>")
@needs(Action.SEE_MAIL)
def mail(message_id: int) -> str:
    """One mail: both its parts, as text."""
    services = current_services()
    with services.database.read() as session:
        message = session.get(Message, message_id)
    if message is None:
        abort(404, "There is no mail with this number.")
    return render_template("mail.html", mail=read_mail(message, services.settings))


@people.get("/admin/log")
@needs(Action.SEE_LOG)
def log() -> str:
    """The latest entries of the log."""
    before = request.args.get("before", type=int)
    with current_services().database.read() as session:
        page = log_page(session, before=before)
    return render_template("log.html", log=page)


def _system(form: SwitchForm) -> str:
    services = current_services()
    with services.database.read() as session:
        state = system_state(session, services.settings)
    return render_template("system.html", state=state, form=form)
