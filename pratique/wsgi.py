"""The web application, put together: the index's blueprints, the pages for people, ids for each request."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import structlog
from flask import Flask, g, request

import webui
from index.clock import utcnow
from index.hold.bell import Bell
from index.mirror.serving import UpstreamReads
from index.owners.views import blueprint as owners
from index.publish.reading import ReadingWithToken
from index.publish.reads import Reads
from index.publish.views import blueprint as publish
from index.store.identifiers import new_id
from index.upload.sessions.views import blueprint as sessions
from index.upload.views import blueprint as upload
from pratique.opening import open_services
from pratique.proxies import TrustedProxies
from webui.sessions import is_signed_in

if TYPE_CHECKING:
    from flask import Response

    from index.services import Services

__all__ = ["application", "create_app"]


def create_app(services: Services) -> Flask:
    """The whole application on these services."""
    app = Flask("pratique", static_folder=None)
    app.extensions["pratique"] = services
    app.before_request(_begin)
    app.after_request(_end)
    app.register_blueprint(upload)
    app.register_blueprint(sessions)
    app.register_blueprint(publish)
    app.register_blueprint(owners)
    webui.init_app(app)
    app.wsgi_app = Reads(app.wsgi_app, services, UpstreamReads.open(services))  # type: ignore[method-assign] # Flask's own way
    if services.settings.reading == "token":
        app.wsgi_app = ReadingWithToken(app.wsgi_app, services, signed_in=partial(is_signed_in, app))  # type: ignore[method-assign] # Flask's own way
    app.wsgi_app = TrustedProxies(app.wsgi_app, services.settings.trusted_proxies)  # type: ignore[method-assign] # Flask's own way
    return app


def application() -> Flask:
    """The application of a web process: `gunicorn 'pratique.wsgi:application()'`."""
    services = open_services("web")
    services.ring = Bell(services.ring, most=services.settings.worker_threads)  # no upload waits for a broker
    return create_app(services)


def _begin() -> None:
    g.request_id = new_id(utcnow())
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(process="web", request=g.request_id)


def _end(response: Response) -> Response:
    response.headers["X-Request-Id"] = g.request_id
    structlog.get_logger().debug("request", method=request.method, path=request.path, status=response.status_code)
    return response
