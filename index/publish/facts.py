"""Facts of published files for programs: the JSON API's documents and the provenance object of PEP 740."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec
from packaging.metadata import Metadata
from packaging.version import InvalidVersion, Version

from scanner.model import ProvenanceFact

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.store.tables import File

__all__ = ["project_facts", "provenance"]


def project_facts(files: Sequence[File], *, version: str | None, public_url: str) -> bytes | None:
    """The JSON document of the newest release, or of `version`; None when no file of it is published."""
    releases: dict[str, list[File]] = {}
    for file in files:
        releases.setdefault(file.submission.release.version, []).append(file)
    chosen = _newest(releases) if version is None else _same(version, releases)
    if chosen is None:
        return None
    urls = {release: [_file(file, public_url) for file in entries] for release, entries in releases.items()}
    document: dict[str, Any] = {"info": _info(releases[chosen][0]), "urls": urls[chosen], "vulnerabilities": []}
    if version is None:
        document["releases"] = urls
    return msgspec.json.encode(document)


def _newest(releases: dict[str, list[File]]) -> str | None:
    """The newest final release that is not yanked; else the newest of what there is."""

    def rank(release: str) -> tuple[bool, bool, Version]:
        parsed = Version(release)
        return any(not file.yanked for file in releases[release]), not parsed.is_prerelease, parsed

    return max(releases, key=rank, default=None)


def _same(version: str, releases: dict[str, list[File]]) -> str | None:
    try:
        wanted = Version(version)
    except InvalidVersion:
        return None
    return next((release for release in releases if Version(release) == wanted), None)


def _info(file: File) -> dict[str, Any]:
    metadata = Metadata.from_email(file.metadata_bytes, validate=False)
    return {
        "name": file.submission.release.project.display_name,
        "version": file.submission.release.version,
        "summary": metadata.summary,
        "author": metadata.author,
        "author_email": metadata.author_email,
        "license_expression": metadata.license_expression,
        "project_urls": metadata.project_urls,
        "requires_dist": [str(requirement) for requirement in metadata.requires_dist or []] or None,
        "requires_python": file.requires_python or None,
        "classifiers": metadata.classifiers or [],
        "description": metadata.description,
        "description_content_type": metadata.description_content_type,
        "keywords": ",".join(metadata.keywords or []),
    }


def _file(file: File, public_url: str) -> dict[str, Any]:
    published_at = file.submission.published_at
    return {
        "filename": file.filename,
        "packagetype": file.packagetype,
        "url": f"{public_url}/files/{file.sha256}/{quote(file.filename)}",
        "digests": {"sha256": file.sha256, "blake2b_256": file.artifact.blake2_256},
        "size": file.artifact.size,
        "requires_python": file.requires_python or None,
        "upload_time_iso_8601": published_at and published_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "yanked": file.yanked,
        "yanked_reason": file.yanked_reason or None,
    }


def provenance(file: File) -> bytes | None:
    """The file's provenance object, or None without attestations: one bundle for each publisher."""
    if not file.attestations or not file.provenance:
        return None
    facts = msgspec.json.decode(file.provenance, type=list[ProvenanceFact])
    attestations = msgspec.json.decode(file.attestations, type=list[msgspec.Raw])
    bundles = [
        {
            "publisher": {"kind": fact.publisher_kind, "claims": None, "identity": fact.identity},
            "attestations": [attestation],
        }
        for fact, attestation in zip(facts, attestations, strict=True)
    ]
    return msgspec.json.encode({"version": 1, "attestation_bundles": bundles})
