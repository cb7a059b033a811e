"""What is published, for people: a project, one of its releases, and the search. For everybody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import abort, redirect, render_template, request, url_for
from markupsafe import Markup
from packaging.utils import canonicalize_name

from index.accounts.permissions import Action, may, membership
from index.clock import utcnow
from index.publish.description import LARGEST_SOURCE, description_html
from index.publish.project import project_view
from index.publish.search import search
from index.services import current_services
from webui.blueprint import people
from webui.sessions import current_person

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

__all__ = ["find", "project"]


@people.get("/project/<name>/", defaults={"version": None})
@people.get("/project/<name>/<version>/")
def project(name: str, version: str | None) -> str | Response:
    """The newest release of a project, or the one that is asked for."""
    normalized = canonicalize_name(name)
    if normalized != name:
        return redirect(url_for("people.project", name=normalized, version=version), 301)
    services, person = current_services(), current_person()
    with services.database.read() as session:
        view = project_view(session, normalized, version, today=utcnow().date())
        if view is None:
            abort(404, "No project or release of this name is published here.")
        manages = may(person, Action.MANAGE_PROJECT, part=membership(session, person, view.id))
    source = view.release.metadata.description if view.release else None
    html = description_html(services, source, now=utcnow()) if source else None
    return render_template(
        "project.html",
        project=view,
        root=services.settings.resolved_public_url,
        manages=manages,
        description=Markup(html) if html else None,  # noqa: S704 # made of a few bare tags and escaped text by `describing`
        text=source.text[:LARGEST_SOURCE] if source else "",
        is_cut=source is not None and len(source.text) > LARGEST_SOURCE,
    )


@people.get("/search")
def find() -> str:
    """Projects in whose name or summary every word stands."""
    text = request.args.get("q", "").strip()[:200]
    with current_services().database.read() as session:
        found = search(session, text, request.args.get("page", 1, type=int))
    return render_template("search.html", found=found, text=text)
