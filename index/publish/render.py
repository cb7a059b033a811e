"""The Simple API's pages (API 1.4: PEP 503, 592, 629, 691, 700, 714, 740, 792) as bytes.

Links are relative, so that a page is the same behind every host name.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import msgspec
from packaging.version import Version

from index.store.tables import ProjectStatus

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

__all__ = ["API_VERSION", "DetailView", "FileEntry", "detail_html", "detail_json", "list_html", "list_json"]

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


@dataclass(frozen=True, slots=True, kw_only=True)
class FileEntry:
    """One published file, as the pages tell of it."""

    filename: str
    version: str
    sha256: str
    size: int
    published_at: datetime
    """The instant of publication: a held file must not appear in the past."""
    requires_python: str = ""
    metadata_sha256: str = ""
    yanked: bool = False
    yanked_reason: str = ""
    provenance_url: str = ""
    """Fully qualified (PEP 740), or empty."""

    @property
    def href(self) -> str:
        """The file's address, seen from its project's page."""
        return f"../../files/{self.sha256}/{quote(self.filename)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DetailView:
    """A project and its published files, as its pages tell of them."""

    name: str
    """Normalized."""
    files: Sequence[FileEntry]
    status: ProjectStatus = ProjectStatus.ACTIVE
    status_reason: str = ""


def detail_json(project: DetailView, *, serial: int) -> bytes:
    """The project detail in JSON."""
    versions = sorted({file.version for file in project.files}, key=Version)
    reason = {"reason": project.status_reason} if project.status_reason else {}
    page = {
        "meta": {"api-version": API_VERSION, "_last-serial": serial},
        "name": project.name,
        "project-status": {"status": str(project.status), **reason},
        "versions": versions,
        "files": [_file_json(file) for file in project.files],
    }
    return msgspec.json.encode(page)


def _file_json(file: FileEntry) -> dict[str, Any]:
    metadata = {"sha256": file.metadata_sha256} if file.metadata_sha256 else False
    entry: dict[str, Any] = {
        "filename": file.filename,
        "url": file.href,
        "hashes": {"sha256": file.sha256},
        "size": file.size,
        "upload-time": file.published_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "yanked": (file.yanked_reason or True) if file.yanked else False,
        "core-metadata": metadata,
        "dist-info-metadata": metadata,
        "provenance": file.provenance_url or None,
    }
    if file.requires_python:
        entry["requires-python"] = file.requires_python
    return entry


def detail_html(project: DetailView) -> bytes:
    """The project detail in HTML, frozen at API 1.4 (PEP 833)."""
    status = f'<meta name="pypi:project-status" content="{escape(project.status)}">\n'
    if project.status_reason:
        status += f'<meta name="pypi:project-status-reason" content="{escape(project.status_reason)}">\n'
    head = _HEAD.format(version=API_VERSION, title=f"Links for {escape(project.name)}", extra=status)
    return (head + "".join(_file_html(file) for file in project.files) + _FOOT).encode()


def _file_html(file: FileEntry) -> str:
    attributes = [f'href="{escape(file.href)}#sha256={file.sha256}"']
    if file.requires_python:
        attributes.append(f'data-requires-python="{escape(file.requires_python)}"')
    if file.metadata_sha256:
        attributes.append(f'data-core-metadata="sha256={file.metadata_sha256}"')
        attributes.append(f'data-dist-info-metadata="sha256={file.metadata_sha256}"')
    if file.yanked:
        attributes.append(f'data-yanked="{escape(file.yanked_reason)}"')
    if file.provenance_url:
        attributes.append(f'data-provenance="{escape(file.provenance_url)}"')
    return f"<a {' '.join(attributes)}>{escape(file.filename)}</a><br>\n"


def list_json(projects: Sequence[tuple[str, str]], *, serial: int, version: str = API_VERSION) -> bytes:
    """The list of all projects (normalized name, display name) in JSON."""
    page = {
        "meta": {"api-version": version, "_last-serial": serial},
        "projects": [{"name": shown} for _, shown in projects],
    }
    return msgspec.json.encode(page)


def list_html(projects: Sequence[tuple[str, str]]) -> bytes:
    """The list of all projects in HTML; each link ends in the normalized name."""
    head = _HEAD.format(version=API_VERSION, title="Simple index", extra="")
    links = "".join([f'<a href="{name}/">{escape(shown)}</a><br>\n' for name, shown in projects])
    return (head + links + _FOOT).encode()
