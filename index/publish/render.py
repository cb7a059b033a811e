"""The Simple API's pages (API 1.4: PEP 503, 592, 629, 691, 700, 714, 740, 792) as bytes.

Links are relative, so that a page is the same behind every host name.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from html import escape
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import quote

import msgspec

from index.store.tables import ProjectStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from index.publish.visible import VisibleFile

__all__ = [
    "API_VERSION",
    "DetailView",
    "PromisedFile",
    "detail_html",
    "detail_json",
    "list_html",
    "list_json",
    "listed_html",
    "listed_json",
]

API_VERSION: Final = "1.4"

_HEAD: Final = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="pypi:repository-version" content="{version}">
{extra}<title>{title}</title>
</head>
<body>
<main>
<h1>{title}</h1>
"""
_FOOT: Final = "</main>\n</body>\n</html>\n"


class PromisedFile(NamedTuple):
    """A file of an upstream index that nobody here has seen yet, as that index tells of it."""

    filename: str
    version: str
    sha256: str
    size: int | None
    published_at: datetime | None
    """When it was uploaded there."""
    requires_python: str
    yanked: bool
    yanked_reason: str
    metadata_sha256: str = ""
    """Nothing of what is in it is told before it was inspected."""
    attested: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DetailView:
    """A project and its published files, as its pages tell of them."""

    name: str
    """Normalized."""
    files: Sequence[VisibleFile | PromisedFile]
    versions: Sequence[str]
    """Of the files, the oldest first."""
    public_url: str
    """Provenance has no relative links (PEP 740)."""
    status: ProjectStatus = ProjectStatus.ACTIVE
    status_reason: str = ""

    @property
    def provenance(self) -> str:
        """Where the provenance of the files lies."""
        return f"{self.public_url}/integrity/{self.name}"


def detail_json(project: DetailView, *, serial: int) -> bytes:
    """The project detail in JSON."""
    reason = {"reason": project.status_reason} if project.status_reason else {}
    page = {
        "meta": {"api-version": API_VERSION, "_last-serial": serial},
        "name": project.name,
        "project-status": {"status": str(project.status), **reason},
        "versions": project.versions,
        "files": [_rendered(file, project.provenance)[0] for file in project.files],
    }
    return msgspec.json.encode(page)


def detail_html(project: DetailView) -> bytes:
    """The project detail in HTML, frozen at API 1.4 (PEP 833)."""
    status = f'<meta name="pypi:project-status" content="{escape(project.status)}">\n'
    if project.status_reason:
        status += f'<meta name="pypi:project-status-reason" content="{escape(project.status_reason)}">\n'
    head = _HEAD.format(version=API_VERSION, title=f"Links for {escape(project.name)}", extra=status)
    return (head + "".join([_rendered(file, project.provenance)[1] for file in project.files]) + _FOOT).encode()


@lru_cache(maxsize=8192)
def _rendered(file: VisibleFile | PromisedFile, provenance: str) -> tuple[msgspec.Raw, str]:
    """The file in JSON and in HTML: of a page with thousands, all but one were on it before."""
    url = f"{provenance}/{quote(file.version)}/{quote(file.filename)}/provenance" if file.attested else ""
    return msgspec.Raw(msgspec.json.encode(_file_json(file, url))), _file_html(file, url)


def _href(file: VisibleFile | PromisedFile) -> str:
    """The file's address, seen from its project's page."""
    return f"../../files/{file.sha256}/{quote(file.filename)}"


def _file_json(file: VisibleFile | PromisedFile, provenance: str) -> dict[str, Any]:
    metadata = {"sha256": file.metadata_sha256} if file.metadata_sha256 else False
    entry: dict[str, Any] = {
        "filename": file.filename,
        "url": _href(file),
        "hashes": {"sha256": file.sha256},
        "yanked": (file.yanked_reason or True) if file.yanked else False,
        "core-metadata": metadata,
        "dist-info-metadata": metadata,
        "provenance": provenance or None,
    }
    if file.size is not None:
        entry["size"] = file.size
    if file.published_at is not None:
        # The instant of publication: a held file must not appear in the past.
        entry["upload-time"] = file.published_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if file.requires_python:
        entry["requires-python"] = file.requires_python
    return entry


def _file_html(file: VisibleFile | PromisedFile, provenance: str) -> str:
    attributes = [f'href="{escape(_href(file))}#sha256={file.sha256}"']
    if file.requires_python:
        attributes.append(f'data-requires-python="{escape(file.requires_python)}"')
    if file.metadata_sha256:
        attributes.append(f'data-core-metadata="sha256={file.metadata_sha256}"')
        attributes.append(f'data-dist-info-metadata="sha256={file.metadata_sha256}"')
    if file.yanked:
        attributes.append(f'data-yanked="{escape(file.yanked_reason)}"')
    if provenance:
        attributes.append(f'data-provenance="{escape(provenance)}"')
    return f"<a {' '.join(attributes)}>{escape(file.filename)}</a><br>\n"


def listed_json(projects: Iterable[tuple[str, str]]) -> bytes:
    """Projects (normalized name, display name) as the list in JSON has them."""
    return msgspec.json.encode([{"name": shown} for _, shown in projects])[1:-1]


def listed_html(projects: Iterable[tuple[str, str]]) -> bytes:
    """Projects as the list in HTML has them; each link ends in the normalized name."""
    return "".join([f'<a href="{name}/">{escape(shown)}</a><br>\n' for name, shown in projects]).encode()


def list_json(listed: Sequence[bytes], *, serial: int, version: str = API_VERSION) -> bytes:
    """The list of all projects in JSON; `listed` is made by `listed_json`, no part of it empty."""
    head = msgspec.json.encode({"meta": {"api-version": version, "_last-serial": serial}})
    return b"".join((head[:-1], b',"projects":[', b",".join(listed), b"]}"))


def list_html(listed: Iterable[bytes]) -> bytes:
    """The list of all projects in HTML; `listed` is made by `listed_html`."""
    head = _HEAD.format(version=API_VERSION, title="Simple index", extra="")
    return b"".join((head.encode(), *listed, _FOOT.encode()))
