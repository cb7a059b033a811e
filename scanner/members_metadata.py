"""What an artifact says about itself, as far as assessing and showing need it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.metadata import parse_email

from scanner.model import ArtifactMetadata

if TYPE_CHECKING:
    from collections.abc import Mapping

    from packaging.metadata import Metadata, RawMetadata

    from scanner.model import MemberName

__all__ = ["from_metadata", "from_refused"]


def from_metadata(metadata: Metadata) -> ArtifactMetadata:
    """The words of an artifact that keeps all rules."""
    urls = dict(metadata.project_urls or {})
    if metadata.home_page:
        urls.setdefault("Homepage", metadata.home_page)
    return ArtifactMetadata(
        name=metadata.name,
        version=str(metadata.version),
        summary=metadata.summary or "",
        author=metadata.author or metadata.maintainer or "",
        author_email=metadata.author_email or metadata.maintainer_email or "",
        requires_python=str(metadata.requires_python or ""),
        requires_dist=tuple(str(requirement) for requirement in metadata.requires_dist or ()),
        project_urls=tuple(f"{label}, {url}" for label, url in urls.items()),
    )


def from_refused(held: Mapping[MemberName, bytes]) -> ArtifactMetadata:
    """The words of one that was refused: it never gets past the upload, but `pratique scan` shows what it says."""
    for name, data in held.items():
        folder, _, file = name.rpartition("/")
        if "/" not in folder and (file == "PKG-INFO" or (file == "METADATA" and folder.endswith(".dist-info"))):
            try:
                return _from_raw(parse_email(data)[0])
            except Exception:  # noqa: BLE001 # hostile text meets a parser; the faults were noted already
                return ArtifactMetadata()
    return ArtifactMetadata()


def _from_raw(raw: RawMetadata) -> ArtifactMetadata:
    return ArtifactMetadata(
        name=raw.get("name", ""),
        version=raw.get("version", ""),
        summary=raw.get("summary", ""),
        author=raw.get("author", "") or raw.get("maintainer", ""),
        author_email=raw.get("author_email", "") or raw.get("maintainer_email", ""),
        requires_python=raw.get("requires_python", ""),
        requires_dist=tuple(raw.get("requires_dist", ())),
        project_urls=tuple(f"{label}, {url}" for label, url in raw.get("project_urls", {}).items()),
    )
