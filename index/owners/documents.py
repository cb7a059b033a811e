"""What programs send about a project, and what they get: the forms of the JSON below `/api/projects/NAME`."""

from __future__ import annotations

from typing import Literal

import msgspec

__all__ = ["Confirmation", "File", "Member", "Part", "Problem", "Project", "Reason", "Removed", "Status", "StatusSet"]


class Reason(msgspec.Struct, forbid_unknown_fields=True):
    """Why something is yanked."""

    reason: str = ""


class StatusSet(msgspec.Struct, forbid_unknown_fields=True):
    """The status that a project gets."""

    status: str
    reason: str = ""


class Confirmation(msgspec.Struct, forbid_unknown_fields=True):
    """What is to be deleted, typed once more."""

    confirm: str = ""


class Part(msgspec.Struct, forbid_unknown_fields=True):
    """What a member is to the project."""

    role: str


class Status(msgspec.Struct):
    """The status of a project (PEP 792)."""

    status: Literal["active", "archived", "deprecated", "quarantined"]
    reason: str


class Member(msgspec.Struct):
    """An owner or a maintainer."""

    username: str
    role: Literal["owner", "maintainer"]


class File(msgspec.Struct):
    """A published file."""

    filename: str
    version: str
    sha256: str
    yanked: bool
    yanked_reason: str


class Project(msgspec.Struct):
    """A project as its members see it."""

    project: str
    status: Status
    members: list[Member]
    files: list[File]


class Removed(msgspec.Struct):
    """Who is no member any more."""

    project: str
    removed: str


class Problem(msgspec.Struct):
    """Why nothing was done (RFC 9457)."""

    type: str
    title: str
    status: int
    code: str
    detail: str
