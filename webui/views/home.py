"""The front page, the accessibility statement and the OpenAPI document: for everybody."""

from __future__ import annotations

from flask import Response, render_template
from sqlalchemy import func, select

from index.owners.acting import own_projects
from index.review.status import own_submissions
from index.services import current_services
from index.store.tables import Listing
from webui.blueprint import people
from webui.openapi import openapi_document
from webui.sessions import current_person

__all__ = ["accessibility", "front", "openapi"]


@people.get("/")
def front() -> str:
    """What this index is, and how to use it."""
    services = current_services()
    person = current_person()
    with services.database.read() as session:
        published = session.scalar(select(func.count()).select_from(Listing)) or 0  # one for each visible project
        own = own_submissions(session, person.id) if person else ()
        projects = own_projects(session, person.id) if person else ()
    root = services.settings.resolved_public_url
    return render_template("front.html", root=root, published=published, own=own, projects=projects)


@people.get("/openapi.json")
def openapi() -> Response:
    """What programs can ask for, as a document for programs."""
    return Response(openapi_document(current_services().settings.resolved_public_url), content_type="application/json")


@people.get("/accessibility")
def accessibility() -> str:
    """What these pages promise to everybody, and what is known to be missing."""
    return render_template("accessibility.html")
