"""Whose a name is: ours in every case of doubt. What is ours is never asked for upstream (dependency confusion)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from packaging.utils import canonicalize_name
from sqlalchemy import ColumnElement, exists, literal, or_, select

from index.hold.mirrored import mirrored
from index.store.tables import NamespaceGrant, Project, ProjectStatus, Token
from index.upload.names import is_prohibited, is_standard_library, looks_like

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.orm import Session

__all__ = ["is_ours", "matches_any"]

_NAME: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*", re.ASCII)
_LONGEST: Final = 200


def is_ours(session: Session, name: str, *, never: Iterable[str]) -> bool:
    """Whether the normalized `name` is not to be asked for upstream.

    It is ours where it is prohibited, a module of the standard library, among `never` or no name at all; where anything
    of ours has it (a project in whatever state, held and rejected ones among them, a token, a namespace); and where
    a project of ours has a name that looks like it. A project that came from upstream is not ours, unless it is in
    quarantine, or anybody here has or had a part in it.
    """
    if len(name) > _LONGEST or not _NAME.fullmatch(name) or matches_any(name, never):
        return True
    if is_standard_library(name) or is_prohibited(session, name):
        return True
    if session.scalar(select(or_(_project(name), _token(name), _namespace(name)))):
        return True
    # Asked last: it goes through the names of all projects.
    return bool(session.scalar(select(exists().where(looks_like(name), ~mirrored(Project.id)))))


def matches_any(name: str, patterns: Iterable[str]) -> bool:
    """Whether the normalized `name` is one of the patterns, or begins like one that ends in `*`."""
    for pattern in patterns:
        start, star, _ = pattern.strip().partition("*")
        wanted = canonicalize_name(start)
        if name == wanted.rstrip("-") or (star and name.startswith(wanted)):
            return True
    return False


def _project(name: str) -> ColumnElement[bool]:
    quarantined = Project.status == ProjectStatus.QUARANTINED
    return exists().where(Project.name == name, or_(~mirrored(Project.id), quarantined))


def _token(name: str) -> ColumnElement[bool]:
    return exists().where(Token.project == name)


def _namespace(name: str) -> ColumnElement[bool]:
    begins_so = literal(name).startswith(NamespaceGrant.namespace + "-")
    return exists().where(or_(NamespaceGrant.namespace == name, begins_so))
