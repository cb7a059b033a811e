"""What the pages of a Simple API say, in JSON (PEP 691) or HTML (PEP 503), read strictly and by size only.

An entry that is not as it should be is left out; it never stands for another one. What is read here is a stranger's
text: nothing of it is believed before the bytes have come.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from html import unescape
from typing import TYPE_CHECKING, Annotated, Final, TypeVar
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import msgspec
from packaging.utils import canonicalize_name

from index.mirror.source import SourceFailed, shown_url
from index.store.tables import ProjectStatus

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.mirror.source import Body

__all__ = ["ACCEPT", "ProjectPage", "RemoteFile", "read_project", "read_project_list"]

#: JSON is preferred: only there are sizes and times.
ACCEPT: Final = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"
_JSON: Final = frozenset({"application/vnd.pypi.simple.v1+json", "application/json"})
_HTML: Final = frozenset({"application/vnd.pypi.simple.v1+html", "text/html"})

_MOST_FILES: Final = 50_000
_MOST_PROJECTS: Final = 1_000_000
_SHA256: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)

_SHORT: Final = 255
_LONG: Final = 2000
_Short = Annotated[str, msgspec.Meta(max_length=_SHORT)]
_Long = Annotated[str, msgspec.Meta(max_length=_LONG)]


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteFile:
    """One file of a page, as the page has it."""

    filename: str
    url: str
    """Absolute, without a fragment."""
    sha256: str
    """64 hexadecimal digits, or empty where the page has none."""
    upload_time: datetime | None = None
    size: int | None = None
    requires_python: str = ""
    yanked: bool = False
    yanked_reason: str = ""


@dataclass(frozen=True, slots=True)
class ProjectPage:
    """A project's page."""

    files: tuple[RemoteFile, ...]
    status: ProjectStatus = ProjectStatus.ACTIVE
    """What the source says of the project (PEP 792); of one in quarantine it gives out nothing."""


class _Meta(msgspec.Struct, rename="kebab"):
    api_version: str


class _Status(msgspec.Struct):
    status: str = "active"


class _Page(msgspec.Struct, rename="kebab"):
    meta: _Meta
    files: list[msgspec.Raw]
    project_status: _Status = msgspec.field(default_factory=_Status)


class _File(msgspec.Struct, rename="kebab"):
    filename: _Short
    url: _Long
    hashes: dict[_Short, _Short]
    upload_time: datetime | None = None
    size: Annotated[int, msgspec.Meta(ge=0)] | None = None
    requires_python: _Short | None = None
    yanked: bool | _Long | None = None


class _ListEntry(msgspec.Struct):
    name: _Short


class _List(msgspec.Struct):
    meta: _Meta
    projects: list[_ListEntry]


_P = TypeVar("_P", _Page, _List)


def read_project(body: Body) -> ProjectPage:
    """The project's page.

    Raises:
        SourceFailed: it is none of a version that we know.
    """
    if body.content_type in _JSON:
        page = _decoded(body, _Page)
        found = tuple(file for raw in page.files[:_MOST_FILES] for file in _json_file(raw, body.url))
        return ProjectPage(found, _status(page.project_status.status))
    text = _html(body)
    files = tuple(file for link in _links(text) for file in _html_file(link, body.url))
    return ProjectPage(files[:_MOST_FILES], _status(_meta(text, "pypi:project-status")))


def read_project_list(body: Body) -> tuple[str, ...]:
    """The normalized names of all projects, each once, in order.

    Raises:
        SourceFailed: the page is none of a version that we know.
    """
    if body.content_type in _JSON:
        names = [entry.name for entry in _decoded(body, _List).projects]
    else:
        names = [_last_part(link.href) for link in _links(_html(body))]
    return tuple(sorted({canonicalize_name(name) for name in names[:_MOST_PROJECTS] if name}))


def _decoded(body: Body, kind: type[_P]) -> _P:
    try:
        page = msgspec.json.decode(body.content, type=kind)
    except (msgspec.DecodeError, RecursionError) as error:
        raise SourceFailed(f"{shown_url(body.url)} is no page of a Simple API: {str(error)[:200]}") from error
    _require_version(page.meta.api_version, body.url)
    return page


def _status(text: str) -> ProjectStatus:
    """The status; one that we do not know says nothing."""
    return ProjectStatus(text) if text in set(ProjectStatus) else ProjectStatus.ACTIVE


def _require_version(version: str, url: str) -> None:
    if version.partition(".")[0] != "1":
        raise SourceFailed(f"{shown_url(url)} has API version {version[:20]!r}, expected 1.x")


def _json_file(raw: msgspec.Raw, base: str) -> Iterator[RemoteFile]:
    try:
        file = msgspec.json.decode(raw, type=_File)
        url = urldefrag(urljoin(base, file.url)).url
    except (msgspec.DecodeError, RecursionError, ValueError):
        return
    yanked = file.yanked
    yield RemoteFile(
        filename=file.filename,
        url=url,
        sha256=_checked(file.hashes.get("sha256", "")),
        upload_time=_in_utc(file.upload_time),
        size=file.size,
        requires_python=file.requires_python or "",
        yanked=bool(yanked),
        yanked_reason=yanked[:500] if isinstance(yanked, str) else "",
    )


def _in_utc(time: datetime | None) -> datetime | None:
    """The time, if it says which it is."""
    return time.astimezone(UTC) if time is not None and time.tzinfo is not None else None


def _checked(digest: str) -> str:
    return digest.lower() if _SHA256.fullmatch(digest.lower()) else ""


# The page of a Simple API is a list of anchors, and no more than that is read: each with its attributes in quotes and
# without another tag inside. Both patterns go over the text once, whatever it is.
_ANCHOR: Final = re.compile(r"<a\s([^<>]{1,8192})>([^<>]{0,1024})</a\s*>", re.IGNORECASE)
_META: Final = re.compile(r"<meta\s([^<>]{1,2048})>", re.IGNORECASE)
_ATTRIBUTE: Final = re.compile(r"""([a-z-]{1,64})=(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Link:
    href: str
    text: str
    attributes: dict[str, str]


def _html(body: Body) -> str:
    if body.content_type not in _HTML:
        raise SourceFailed(
            f"{shown_url(body.url)} comes as {body.content_type[:60]!r}, expected a page of a Simple API."
        )
    text = body.content.decode("utf-8", "replace")
    _require_version(_meta(text, "pypi:repository-version") or "1.0", body.url)
    return text


def _attributes(text: str) -> dict[str, str]:
    return {name.lower(): unescape(first or second) for name, first, second in _ATTRIBUTE.findall(text)}


def _meta(text: str, name: str) -> str:
    for match in _META.finditer(text):
        attributes = _attributes(match[1])
        if attributes.get("name", "").lower() == name:
            return attributes.get("content", "")
    return ""


def _links(text: str) -> Iterator[_Link]:
    for match in _ANCHOR.finditer(text):
        attributes = _attributes(match[1])
        if "href" in attributes:
            yield _Link(attributes["href"], unescape(match[2]).strip(), attributes)


def _last_part(href: str) -> str:
    return unquote(href.rstrip("/").rpartition("/")[2])


def _html_file(link: _Link, base: str) -> Iterator[RemoteFile]:
    try:
        url, fragment = urldefrag(urljoin(base, link.href))
        filename = unquote(urlsplit(url).path.rpartition("/")[2])
    except ValueError:
        return
    python = link.attributes.get("data-requires-python", "")
    # PEP 503: the text of the anchor is the filename, and the end of the URL.
    if link.text != filename or max(len(filename), len(python)) > _SHORT or len(url) > _LONG:
        return
    algorithm, _, digest = fragment.partition("=")
    yanked = link.attributes.get("data-yanked")
    yield RemoteFile(
        filename=filename,
        url=url,
        sha256=_checked(digest.partition("&")[0]) if algorithm == "sha256" else "",
        requires_python=python,
        yanked=yanked is not None,
        yanked_reason=(yanked or "")[:500],
    )
