"""Everything for people, put onto a Flask application that already has its services."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flask import request
from flask_wtf.csrf import CSRFProtect
from jinja2 import StrictUndefined

from index.accounts.keys import Keys
from index.accounts.permissions import Action, may
from index.clock import utcnow
from index.owners.views import blueprint as owners
from index.services import Services
from index.upload.sessions.views import blueprint as publishing_sessions
from index.upload.views import blueprint as upload
from webui import assets, errors, security_headers, sessions, words
from webui.blueprint import NAME, people
from webui.limits import limiter
from webui.rulebook import rule_meaning
from webui.views import account, admin, home, manage, project, review, source, submission, tokens

if TYPE_CHECKING:
    from flask import Flask

__all__ = ["init_app"]

_LARGEST_FORM: Final = 256 * 1024

#: Imported for their routes.
_VIEWS = (account, admin, home, manage, project, review, source, submission, tokens)


def init_app(app: Flask) -> None:
    """`app`, whose `extensions["pratique"]` holds the services, has all pages for people and what guards them."""
    services = app.extensions["pratique"]
    if not isinstance(services, Services):
        raise TypeError(f"app.extensions['pratique'] is {services!r}, expected the Services of this process")
    app.before_request(_limit_forms)  # before anything reads a form
    app.config.setdefault("WTF_CSRF_TIME_LIMIT", None)  # a form is good for as long as its session
    csrf = CSRFProtect(app)
    for programs in (upload, publishing_sessions, owners):  # programs prove themselves with a token, and send no cookie
        csrf.exempt(programs)
    sessions.install(app, services, Keys.load(services.settings.data_folder))
    limiter.init_app(app)
    _install_templates(app)
    security_headers.install(app, NAME)
    assets.install(app)
    errors.install(app)
    app.register_blueprint(people)


def _limit_forms() -> None:
    """A form of ours is small; an upload has its own limits."""
    if request.blueprint in {None, NAME}:
        request.max_content_length = _LARGEST_FORM


def _install_templates(app: Flask) -> None:
    """Templates fail on what they misspell, and know the words, the time and the table of permissions."""
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(Action=Action, may=may, rule_meaning=rule_meaning, words=words)
    app.jinja_env.filters.update(
        ago=lambda moment: words.ago(moment, utcnow()),
        exact_time=words.exact_time,
        machine_time=words.machine_time,
        opening=words.opening,
        plural=words.plural,
        size=words.size,
        tier=words.tier,
        visible=words.visible,
    )
    app.context_processor(lambda: {"person": sessions.current_person()})
