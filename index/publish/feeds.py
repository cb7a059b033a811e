"""RSS 2.0 of the newest releases and the newest projects."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.utils import format_datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import quote
from xml.etree.ElementTree import Element, SubElement, register_namespace, tostring

from sqlalchemy import select

from index.publish.facts import summary_of
from index.publish.visible import latest_files
from index.store.tables import Listing

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

__all__ = ["new_projects", "new_releases"]

#: So many entries a feed has.
_ENTRIES: Final = 40

#: A release has several files: so many are looked at for the entries.
_FILES: Final = 10 * _ENTRIES

_ATOM: Final = "http://www.w3.org/2005/Atom"

#: Characters that XML 1.0 cannot carry, escaped or not.
_NO_XML: Final = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

register_namespace("atom", _ATOM)


@dataclass(frozen=True, slots=True)
class _Entry:
    title: str
    path: str
    summary: str
    at: datetime


def new_releases(session: Session, *, public_url: str) -> bytes:
    """The releases that were published last, as RSS."""
    entries: dict[tuple[str, str], _Entry] = {}
    for file in latest_files(session, _FILES):
        release = file.submission.release
        key = (release.project.name, release.version)
        if key not in entries and file.submission.published_at is not None:
            title = f"{release.project.display_name} {release.version}"
            path = f"/project/{release.project.name}/{quote(release.version)}/"
            entries[key] = _Entry(title, path, summary_of(file), file.submission.published_at)
        if len(entries) == _ENTRIES:
            break
    return _rss("Newest releases", "/rss/updates.xml", list(entries.values()), public_url)


def new_projects(session: Session, *, public_url: str) -> bytes:
    """The projects whose first release was published last, as RSS."""
    query = select(Listing).order_by(Listing.first_published_at.desc(), Listing.project).limit(_ENTRIES)
    entries = [
        _Entry(row.display_name, f"/project/{row.project}/", row.summary, row.first_published_at)
        for row in session.scalars(query)
    ]
    return _rss("Newest projects", "/rss/packages.xml", entries, public_url)


def _rss(title: str, path: str, entries: list[_Entry], public_url: str) -> bytes:
    root = Element("rss", version="2.0")
    channel = SubElement(root, "channel")
    _text(channel, "title", title)
    _text(channel, "link", f"{public_url}/")
    _text(channel, "description", f"{title} of this package index, after their inspection")
    _text(channel, "language", "en")
    SubElement(channel, f"{{{_ATOM}}}link", href=public_url + path, rel="self", type="application/rss+xml")
    for entry in entries:
        item = SubElement(channel, "item")
        _text(item, "title", entry.title)
        _text(item, "link", public_url + entry.path)
        _text(item, "guid", public_url + entry.path)
        if entry.summary:
            _text(item, "description", entry.summary)
        _text(item, "pubDate", format_datetime(entry.at, usegmt=True))
    document: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return document


def _text(parent: Element, tag: str, text: str) -> None:
    SubElement(parent, tag).text = _NO_XML.sub("\N{REPLACEMENT CHARACTER}", text)
