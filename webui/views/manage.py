"""What owners and maintainers do with their project, by page: yank, delete, status, members; and the quarantine."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any

from flask import abort, flash, redirect, render_template, request, url_for
from packaging.utils import canonicalize_name

from index.accounts.permissions import Action
from index.clock import utcnow
from index.owners import members, projects, releases
from index.owners.acting import Acting, Errand, may_on
from index.owners.refusals import NotAllowed, OwnerRefused, ProjectUnknown
from index.publish.visible import visible_files
from index.services import current_services
from index.store.tables import ProjectStatus
from webui.blueprint import people
from webui.guard import mark, signed_in
from webui.proving import has_proved_lately
from webui.sessions import current_person

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from werkzeug.wrappers import Response

    from index.store.tables import File, Membership, Project

__all__ = ["manage", "manage_release"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Managed:
    """What the pages show."""

    project: Project
    allowed: frozenset[Action]
    members: Sequence[Membership]
    releases: dict[str, list[File]]
    """The visible files by version, the latest published first."""


def _manages(action: Action, *, proof: bool = False) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A view for whom `action` is allowed on the project; others are told what they would be told of no project.

    With `proof` it asks for a fresh sign-in, with the second factor where it is on.
    """

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def guarded(name: str, **more: str) -> Any:
            if current_person() is None:
                return redirect(url_for("people.sign_in", next=request.path if request.method == "GET" else None), 303)
            try:
                if proof and not has_proved_lately():
                    return _ask_for_proof(canonicalize_name(name), more.get("version"), action)
                return view(canonicalize_name(name), **more)
            except (ProjectUnknown, NotAllowed) as refusal:
                abort(refusal.status, refusal.message)
            except OwnerRefused as refusal:
                return _page(canonicalize_name(name), more.get("version"), refusal.message), 422

        return mark(action)(guarded)

    return decorate


def _ask_for_proof(name: str, version: str | None, action: Action) -> Response:
    """The way to where it is given, and back to the form; for whom the action is not allowed, nothing of that.

    Raises:
        ProjectUnknown, NotAllowed: it is not.
    """
    with _errand(writes=False) as errand:
        errand.project(name, action)
    if version is None:
        back = url_for("people.manage", name=name)
    else:
        back = url_for("people.manage_release", name=name, version=version)
    return redirect(url_for("people.prove", next=back), 303)


@people.get("/manage/<name>/")
@_manages(Action.MANAGE_PROJECT)
def manage(name: str) -> str:
    """The project, as its members see it."""
    return _page(name)


@people.get("/manage/<name>/<version>/")
@_manages(Action.MANAGE_PROJECT)
def manage_release(name: str, version: str) -> str:
    """One release of it."""
    return _page(name, version)


@people.post("/manage/<name>/<version>/yank")
@_manages(Action.YANK)
def yank(name: str, version: str) -> Response:
    """The release, or a file of it, is yanked or no longer."""
    target = _target(name, version)
    with _errand() as errand:
        if request.form.get("undo"):
            releases.unyank(errand, target)
        else:
            releases.yank(errand, target, reason=request.form.get("reason", ""))
    flash(f"{target.confirmation} is {'no longer yanked' if request.form.get('undo') else 'yanked'}.")
    return redirect(url_for("people.manage_release", name=name, version=version), 303)


@people.post("/manage/<name>/<version>/delete")
@_manages(Action.DELETE_FILES, proof=True)
def delete(name: str, version: str) -> Response:
    """The release, or a file of it, is deleted."""
    target = _target(name, version)
    with _errand() as errand:
        digests = releases.delete(errand, target, confirm=request.form.get("confirm", ""))
    releases.drop_bytes(current_services(), digests)
    flash(f"{target.confirmation} is deleted. Its filenames stay taken.")
    return redirect(url_for("people.manage", name=name), 303)


@people.post("/manage/<name>/status")
@_manages(Action.SET_STATUS)
def set_status(name: str) -> Response:
    """The project has another status."""
    status = request.form.get("status", "")
    with _errand() as errand:
        projects.set_status(errand, name, status=status, reason=request.form.get("reason", ""))
    flash(f"{name} is {status}.")
    return redirect(url_for("people.manage", name=name), 303)


@people.post("/manage/<name>/quarantine")
@_manages(Action.QUARANTINE)
def quarantine(name: str) -> Response:
    """The project is in quarantine, or out of it."""
    with _errand() as errand:
        if request.form.get("undo"):
            projects.lift_quarantine(errand, name)
        else:
            projects.quarantine(errand, name, reason=request.form.get("reason", ""))
    flash(f"{name} is {'out of' if request.form.get('undo') else 'in'} quarantine.")
    return redirect(url_for("people.manage", name=name), 303)


@people.post("/manage/<name>/members")
@_manages(Action.CHANGE_MEMBERS, proof=True)
def set_member(name: str) -> Response:
    """An account has a part in the project, or another one."""
    username, role = request.form.get("username", "").strip(), request.form.get("role", "")
    with _errand() as errand:
        members.set_member(errand, name, username=username, role=role)
    flash(f"{username} is now {role} of {name}.")
    return redirect(url_for("people.manage", name=name), 303)


@people.post("/manage/<name>/members/remove")
@_manages(Action.CHANGE_MEMBERS, proof=True)
def remove_member(name: str) -> Response:
    """An account has no part in the project any more."""
    username = request.form.get("username", "").strip()
    with _errand() as errand:
        members.remove_member(errand, name, username=username)
    flash(f"{username} is no member of {name} any more.")
    own = username.lower() == signed_in().username.lower()
    return redirect(url_for("people.front") if own else url_for("people.manage", name=name), 303)


def _target(name: str, version: str) -> releases.Target:
    return releases.Target(project=name, version=version, filename=request.form.get("filename", ""))


@contextmanager
def _errand(*, writes: bool = True) -> Iterator[Errand]:
    services, person = current_services(), signed_in()
    with services.database.write() if writes else services.database.read() as session:
        yield Errand(services, session, Acting(person, f"user:{person.username}"), utcnow())


def _page(name: str, version: str | None = None, refusal: str = "") -> str:
    with _errand(writes=False) as errand:
        project = errand.project(name, Action.MANAGE_PROJECT)
        files = sorted(visible_files(errand.session, project.name), key=lambda file: file.submission_id, reverse=True)
        by_release: dict[str, list[File]] = {}
        for file in files:
            by_release.setdefault(file.submission.release.version, []).append(file)
        managed = _Managed(
            project=project,
            allowed=may_on(errand.session, errand.acting.person, project)[1],
            members=members.members_of(errand.session, project),
            releases=by_release,
        )
    if version is None:
        statuses = projects.OWNERS_STATUSES
        in_quarantine = project.status == ProjectStatus.QUARANTINED
        return render_template(
            "manage.html", managed=managed, refusal=refusal, statuses=statuses, in_quarantine=in_quarantine
        )
    if version not in by_release:
        abort(404, f"{project.name} has no published release {version}.")
    return render_template("manage_release.html", managed=managed, refusal=refusal, version=version)
