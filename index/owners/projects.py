"""The status of a whole project (PEP 792): its owners' word, or the index's quarantine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from index.accounts.permissions import Action
from index.owners.refusals import InvalidRequest
from index.store.tables import ProjectStatus

if TYPE_CHECKING:
    from index.owners.acting import Errand
    from index.store.tables import Project

__all__ = ["OWNERS_STATUSES", "lift_quarantine", "quarantine", "set_status"]

#: What owners can say of their project themselves.
OWNERS_STATUSES: Final = (ProjectStatus.ACTIVE, ProjectStatus.ARCHIVED, ProjectStatus.DEPRECATED)

_LONGEST_REASON: Final = 500


def set_status(errand: Errand, name: str, *, status: str, reason: str) -> Project:
    """The project has the status that an owner gives it.

    Raises:
        OwnerRefused: nothing was done; a quarantine is not an owner's to set or to lift.
    """
    project = errand.project(name, Action.SET_STATUS)
    if status not in OWNERS_STATUSES:
        raise InvalidRequest(f"{status!r} is no status that owners give; expected one of {', '.join(OWNERS_STATUSES)}.")
    if project.status == ProjectStatus.QUARANTINED:
        raise InvalidRequest("The project is in quarantine. Only an analyst can lift it.")
    _change(errand, project, status=ProjectStatus(status), reason=reason)
    return project


def quarantine(errand: Errand, name: str, *, reason: str) -> Project:
    """No file of the project is given out or taken from now on; its page stays, empty, with the reason.

    Raises:
        OwnerRefused: nothing was done.
    """
    project = errand.project(name, Action.QUARANTINE)
    if not reason.strip():
        raise InvalidRequest("Say why: the reason is shown to everybody who looks for the project.")
    if _change(errand, project, status=ProjectStatus.QUARANTINED, reason=reason):
        what = f"has put {project.display_name} into quarantine: none of its files is given out."
        errand.tell(project, f"{what} Reason: {project.status_reason}")
    return project


def lift_quarantine(errand: Errand, name: str) -> Project:
    """What was published of the project is visible again.

    Raises:
        OwnerRefused: nothing was done.
    """
    project = errand.project(name, Action.QUARANTINE)
    if project.status != ProjectStatus.QUARANTINED:
        raise InvalidRequest("The project is not in quarantine.")
    _change(errand, project, status=ProjectStatus.ACTIVE, reason="")
    errand.tell(project, f"has lifted the quarantine of {project.display_name}: its files are given out again.")
    return project


def _change(errand: Errand, project: Project, *, status: ProjectStatus, reason: str) -> bool:
    reason = " ".join(reason.split())
    if len(reason) > _LONGEST_REASON:
        raise InvalidRequest(f"The reason has {len(reason)} characters; {_LONGEST_REASON} is the most.")
    if (project.status, project.status_reason) == (status, reason):
        return False
    old = str(project.status)
    project.status, project.status_reason = status, reason
    errand.record("project.status", f"project:{project.name}", old=old, new=str(status))
    errand.show(project, "project.status")
    return True
