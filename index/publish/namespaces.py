"""What programs read of namespaces (PEP 752, API 1.5), where the setting is on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from index.accounts.namespaces import all_namespaces, is_owned, matching
from index.publish.render import API_VERSION

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = [
    "API_VERSION_WITH_NAMESPACES",
    "Namespace",
    "NamespaceDetail",
    "namespace_document",
    "namespaces_document",
    "with_namespaces",
]

API_VERSION_WITH_NAMESPACES: Final = "1.5"

_HEAD: Final = f'{{"meta":{{"api-version":"{API_VERSION}"'.encode()
_NEW_HEAD: Final = f'{{"meta":{{"api-version":"{API_VERSION_WITH_NAMESPACES}"'.encode()


class Namespace(msgspec.Struct):
    """A reserved prefix of names."""

    name: str


class NamespaceDetail(msgspec.Struct):
    """A reserved prefix, and those around it."""

    name: str
    parent: str | None
    children: list[str]
    owner: str


def with_namespaces(session: Session, project: str, page: bytes) -> bytes:
    """The stored JSON page of the project, of API 1.4, as one of API 1.5.

    Grants come and go without the page: they are put in when it is read.

    Raises:
        ValueError: the page was not made by `render`.
    """
    if not page.startswith(_HEAD) or not page.endswith(b"}"):
        raise ValueError(f"the stored page of {project} begins with {page[:40]!r}, expected {_HEAD!r}")
    entries = [{"name": name, "owned": is_owned(session, name, project)} for name in matching(session, project)]
    return b"".join((_NEW_HEAD, page[len(_HEAD) : -1], b',"namespaces":', msgspec.json.encode(entries or None), b"}"))


def namespaces_document(session: Session) -> list[Namespace]:
    """Every reserved namespace."""
    return [Namespace(name) for name in all_namespaces(session)]


def namespace_document(session: Session, namespace: str) -> NamespaceDetail | None:
    """The reserved namespace with its parent and its direct children; None where it is not reserved."""
    found = all_namespaces(session)
    if namespace not in found:
        return None
    parent = namespace.rpartition("-")[0]
    return NamespaceDetail(
        name=namespace,
        parent=parent if parent in found else None,
        children=[name for name in found if name.rpartition("-")[0] == namespace],
        owner=", ".join(owner.username for owner in found[namespace]),
    )
