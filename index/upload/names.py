"""Which names a new project may have."""

from __future__ import annotations

import sys
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from packaging.utils import canonicalize_name
from sqlalchemy import and_, bindparam, exists, func, select

from index.accounts.namespaces import may_use
from index.hold.names import has_been_published
from index.hold.refusals import NameReserved
from index.hold.switches import read_switch
from index.store.tables import Membership, Project
from index.store.tables.base import table_of
from index.upload.faults import Code, fault, refuse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

    from index.accounts.permissions import Principal
    from scanner.archive.faults import Fault

__all__ = [
    "PROHIBITED_SWITCH",
    "is_prohibited",
    "is_standard_library",
    "looks_like",
    "name_faults",
    "require_namespace",
    "ultranormalized",
]

#: The switch that holds the operator's list: normalized names, separated by white space.
PROHIBITED_SWITCH: Final = "prohibited_names"

#: Modules that were in the standard library once, or came after the Python that runs here. One a line would be a page.
_OTHER_MODULES: Final = """
    aifc asynchat asyncore audioop binhex cgi cgitb chunk crypt distutils formatter imghdr imp lib2to3 mailcap msilib
    nis nntplib ossaudiodev parser pipes smtpd sndhdr spwd sunau symbol telnetlib uu xdrlib
    annotationlib compression
"""

_project, _membership = table_of(Project).c, table_of(Membership).c

#: Put together once: every upload asks it.
_IS_MEMBER: Final = select(
    exists().where(
        _membership.project_id == _project.id,
        _project.name == bindparam("name"),
        _membership.user_id == bindparam("uploader"),
    )
)

_STANDARD_LIBRARY: Final = frozenset(
    canonicalize_name(name) for name in (*sys.stdlib_module_names, *_OTHER_MODULES.split()) if not name.startswith("_")
)

#: What people type behind `pip install` when they mean something else: a file, a folder, a sub-command or an option.
_TYPED_BY_MISTAKE: Final = """
    requirements requirements-txt requirement-txt requirements-dev-txt dev-requirements-txt pyproject pyproject-toml
    setup-py setup-cfg pipfile pipfile-lock install uninstall upgrade pip-install site-packages dist-packages
    no-deps python3 none null true false
"""


def name_faults(session: Session, name: str, uploader: Principal, *, is_member: bool | None = None) -> Iterator[Fault]:
    """What is wrong with giving a new project the normalized `name`. Nothing, where `uploader` may use it already.

    `is_member` is whether the uploader is one of the project, where the caller knows that.

    A name too near to one whose first release is held gets the words of a prohibited name, as that name itself
    does: nobody learns from an answer what is held.
    """
    if is_member is None:
        session.flush()
        is_member = session.execute(_IS_MEMBER, {"name": name, "uploader": uploader.id}).scalar_one()
    if is_member:
        return
    if is_standard_library(name):
        yield fault(
            Code.NAME_STANDARD_LIBRARY,
            f"The name {name!r} isn't allowed: it is a module of the Python standard library.",
        )
    elif is_prohibited(session, name):
        yield _not_allowed(name)
    else:
        yield from _similar(session, name, uploader)


def require_namespace(session: Session, name: str, uploader: Principal) -> None:
    """No namespace (PEP 752) stands between `uploader` and the project of the normalized `name`.

    Asked before anything else about the name, so that the answer is the same whether somebody's project of that name
    is held or not.

    Raises:
        UploadRefused: 409, because the name begins with what is reserved for others.
    """
    namespace = may_use(session, name, uploader.id)
    if namespace is not None:
        message = f"The name {name!r} is in the namespace {namespace!r}, which is reserved. Choose another name."
        raise refuse(Code.NAME_RESERVED_PREFIX, message, HTTPStatus.CONFLICT)


def is_prohibited(session: Session, name: str) -> bool:
    """Whether nobody may have the normalized `name`: typed by mistake, or on the operator's list."""
    return name in _TYPED_BY_MISTAKE.split() or name in (read_switch(session, PROHIBITED_SWITCH) or "").split()


def is_standard_library(name: str) -> bool:
    """Whether the normalized `name` is, was or becomes a top-level module of Python's own."""
    return name in _STANDARD_LIBRARY


def ultranormalized(name: str) -> str:
    """What is left of a normalized name when separators and look-alikes (l, i and 1; o and 0) do not count."""
    return name.translate(_LOOK_ALIKES)


_LOOK_ALIKES: Final = str.maketrans({"-": None, "l": "1", "i": "1", "o": "0"})


def looks_like(name: str) -> ColumnElement[bool]:
    """SQL: the `Project` has another name, which looks like the normalized `name`."""
    column = func.replace(func.replace(func.replace(func.replace(Project.name, "-", ""), "l", "1"), "i", "1"), "o", "0")
    return and_(column == ultranormalized(name), Project.name != name)


def _similar(session: Session, name: str, uploader: Principal) -> Iterator[Fault]:
    mine = exists().where(Membership.project_id == Project.id, Membership.user_id == uploader.id)
    owned = exists().where(Membership.project_id == Project.id)
    query = select(Project).where(looks_like(name), owned, ~mine)
    near = session.scalars(query.order_by(Project.id)).all()
    public = next((project for project in near if has_been_published(session, project)), None)
    if public is not None:
        yield fault(
            Code.NAME_TOO_SIMILAR, f"The name {name!r} is too similar to the existing project {public.display_name!r}."
        )
    elif near:
        yield _not_allowed(name)


def _not_allowed(name: str) -> Fault:
    refusal = NameReserved(name)
    return fault(Code(refusal.code), refusal.message)
