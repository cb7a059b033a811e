"""Facts of published files for programs: the JSON API's documents and the provenance object of PEP 740."""

from __future__ import annotations

from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import msgspec
from packaging.metadata import parse_email
from packaging.version import InvalidVersion, Version

from scanner.model import ProvenanceFact

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from index.publish.visible import VisibleFile
    from index.store.tables import File

__all__ = [
    "newest_file",
    "newest_shown",
    "project_facts",
    "provenance",
    "publishers_of",
    "sorted_versions",
    "summary_of",
]

_LONGEST_SUMMARY: Final = 512

#: What the JSON API has under the names that `packaging` gives the fields, null where the metadata do not have it.
_FIELDS: Final = (
    *("author", "author_email", "maintainer", "maintainer_email", "license", "license_expression", "license_files"),
    *("project_urls", "requires_dist", "provides_extra", "dynamic", "description_content_type", "download_url"),
)


def project_facts(files: Sequence[File], *, version: str | None, public_url: str, serial: int) -> bytes | None:
    """The JSON document of the newest release, or of `version`; None when no file of it is published."""
    releases = _by_release(files)
    chosen = _newest(releases) if version is None else _same(version, releases)
    if chosen is None:
        return None
    urls = {release: [_file(file, public_url) for file in entries] for release, entries in releases.items()}
    info = _info(releases, chosen, public_url)
    document: dict[str, Any] = {"info": info, "urls": urls[chosen], "vulnerabilities": [], "last_serial": serial}
    if version is None:
        document["releases"] = urls
    return msgspec.json.encode(document)


def newest_file(files: Sequence[File]) -> File | None:
    """The first file of the newest final release that is not yanked; else of the newest of what there is."""
    releases = _by_release(files)
    newest = _newest(releases)
    return None if newest is None else releases[newest][0]


def newest_shown(files: Sequence[VisibleFile], versions: Sequence[str]) -> VisibleFile | None:
    """As `newest_file`; `versions` are those of the files, the oldest first."""
    alive = {file.version for file in files if not file.yanked}
    finals = {version for version in versions if not parsed_version(version).is_prerelease}
    newest = max(reversed(versions), key=lambda version: (version in alive, version in finals), default=None)
    return next((file for file in files if file.version == newest), None)


def sorted_versions(files: Sequence[VisibleFile]) -> list[str]:
    """The versions of the files, the oldest first."""
    return sorted(dict.fromkeys(file.version for file in files), key=parsed_version)


@lru_cache(maxsize=16384)
def parsed_version(version: str) -> Version:
    """The version, parsed once: a project of thousands sorts them again for each new one."""
    return Version(version)


def summary_of(file: File) -> str:
    """The summary in the file's metadata, on one line of bounded length."""
    raw, _ = parse_email(file.metadata_bytes)
    return " ".join(raw.get("summary", "").split())[:_LONGEST_SUMMARY]


def _by_release(files: Sequence[File]) -> dict[str, list[File]]:
    releases: dict[str, list[File]] = {}
    for file in files:
        releases.setdefault(file.submission.release.version, []).append(file)
    return releases


def _newest(releases: Mapping[str, Sequence[File]]) -> str | None:
    """The newest final release that is not yanked; else the newest of what there is."""

    def rank(release: str) -> tuple[bool, bool, Version]:
        parsed = parsed_version(release)
        return any(not file.yanked for file in releases[release]), not parsed.is_prerelease, parsed

    return max(releases, key=rank, default=None)


def _same(version: str, releases: dict[str, list[File]]) -> str | None:
    try:
        wanted = Version(version)
    except InvalidVersion:
        return None
    return next((release for release in releases if Version(release) == wanted), None)


def _info(releases: dict[str, list[File]], chosen: str, public_url: str) -> dict[str, Any]:
    """The keys of the JSON API, as the release's own metadata fill them; those of other kinds of index are empty."""
    file, files = releases[chosen][0], releases[chosen]
    raw, _ = parse_email(file.metadata_bytes)
    project = file.submission.release.project
    page = f"{public_url}/project/{project.name}/"
    yanked = all(one.yanked for one in files)
    info: dict[str, Any] = {key: raw.get(key) for key in _FIELDS}
    return info | {
        "name": project.display_name,
        "version": chosen,
        "summary": raw.get("summary", ""),
        "classifiers": raw.get("classifiers", []),
        "description": raw.get("description", ""),
        "keywords": ",".join(raw.get("keywords", [])),
        "requires_python": file.requires_python or None,
        "home_page": raw.get("home_page", ""),
        "platform": ",".join(raw.get("platforms", [])),
        "package_url": page,
        "project_url": page,
        "release_url": f"{page}{quote(chosen)}/",
        "yanked": yanked,
        "yanked_reason": next((one.yanked_reason for one in files if one.yanked_reason), None) if yanked else None,
        "downloads": {"last_day": -1, "last_month": -1, "last_week": -1},  # as everywhere: not to be had here
        "docs_url": None,
        "bugtrack_url": None,
    }


def _file(file: File, public_url: str) -> dict[str, Any]:
    published_at = _published_at(file)
    return {
        "filename": file.filename,
        "packagetype": file.packagetype,
        "python_version": _python_version(file),
        "url": f"{public_url}/files/{file.sha256}/{quote(file.filename)}",
        "digests": {"sha256": file.sha256, "blake2b_256": file.artifact.blake2_256},
        "core-metadata": {"sha256": file.metadata_sha256},
        "size": file.artifact.size,
        "requires_python": file.requires_python or None,
        "upload_time": published_at.strftime("%Y-%m-%dT%H:%M:%S"),
        "upload_time_iso_8601": published_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "yanked": file.yanked,
        "yanked_reason": file.yanked_reason or None,
        "comment_text": "",
        "downloads": -1,
        "has_sig": False,
    }


def _published_at(file: File) -> datetime:
    if file.submission.published_at is None:
        raise ValueError(f"file {file.filename} is visible without a time of publication")
    return file.submission.published_at


def _python_version(file: File) -> str:
    """The tag of a wheel's interpreters, as it stands in the filename; `source` for an sdist."""
    return file.filename.removesuffix(".whl").split("-")[-3] if file.packagetype == "bdist_wheel" else "source"


def publishers_of(file: File) -> list[ProvenanceFact]:
    """What verifying each of the file's attestations told, in their order."""
    return msgspec.json.decode(file.provenance, type=list[ProvenanceFact]) if file.provenance else []


def provenance(file: File) -> bytes | None:
    """The file's provenance object (PEP 740), or None without attestations: one bundle for each publisher."""
    facts = publishers_of(file)
    if not file.attestations or not facts:
        return None
    attestations = msgspec.json.decode(file.attestations, type=list[msgspec.Raw])
    pairs = sorted(zip(facts, attestations, strict=True), key=lambda pair: _publisher_key(pair[0]))
    bundles = [
        {"publisher": _publisher(*key), "attestations": [attestation for _, attestation in group]}
        for key, group in groupby(pairs, key=lambda pair: _publisher_key(pair[0]))
    ]
    return msgspec.json.encode({"version": 1, "attestation_bundles": bundles})


def _publisher_key(fact: ProvenanceFact) -> tuple[str, str]:
    return fact.publisher_kind, fact.identity


def _publisher(kind: str, identity: str) -> dict[str, Any]:
    """The publisher object: `kind` and `claims`, and the keys that its kind has."""
    publisher: dict[str, Any] = {"kind": kind, "claims": None}
    repository, _, workflow = identity.partition(":")
    if kind == "GitHub":
        return publisher | {"repository": repository, "workflow": workflow}
    if kind == "GitLab":
        return publisher | {"repository": repository, "workflow_filepath": workflow}
    if kind == "Google":
        return publisher | {"email": identity}
    return publisher | {"identity": identity}
