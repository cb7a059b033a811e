"""The documents of the Simple API 1.4 and 1.5, of PEP 740 and of the JSON API, written down from their specifications.

Keys that begin with an underscore are private to an index (PEP 691), and nothing else may stand beside these.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

Sha256 = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{64}\Z")]
Time = Annotated[str, msgspec.Meta(pattern=r"\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z\Z")]
NormalName = Annotated[str, msgspec.Meta(pattern=r"\A[a-z0-9]+(-[a-z0-9]+)*\Z")]
Text = Annotated[str, msgspec.Meta(min_length=1)]


class Meta(msgspec.Struct, forbid_unknown_fields=True):
    """PEP 629, and the serial of the mirroring API."""

    api_version: Literal["1.4"] = msgspec.field(name="api-version")
    last_serial: int = msgspec.field(name="_last-serial")


class Status(msgspec.Struct, forbid_unknown_fields=True):
    """PEP 792."""

    status: Literal["active", "archived", "deprecated", "quarantined"]
    reason: Text | None = None


class Hashes(msgspec.Struct, forbid_unknown_fields=True):
    """PEP 691: at least one secure algorithm."""

    sha256: Sha256


class File(msgspec.Struct, forbid_unknown_fields=True):
    """PEP 691, 700, 592, 658/714, 740."""

    filename: Text
    url: Text
    hashes: Hashes
    size: Annotated[int, msgspec.Meta(ge=0)]
    upload_time: Time = msgspec.field(name="upload-time")
    yanked: bool | Text
    core_metadata: bool | Hashes = msgspec.field(name="core-metadata")
    dist_info_metadata: bool | Hashes = msgspec.field(name="dist-info-metadata")
    provenance: Text | None
    requires_python: Text | msgspec.UnsetType = msgspec.field(name="requires-python", default=msgspec.UNSET)


class Detail(msgspec.Struct, forbid_unknown_fields=True):
    """`/simple/NAME/`."""

    meta: Meta
    name: NormalName
    project_status: Status = msgspec.field(name="project-status")
    versions: list[Text]
    files: list[File]


class Listed(msgspec.Struct, forbid_unknown_fields=True):
    """One project of the list."""

    name: Text


class ProjectList(msgspec.Struct, forbid_unknown_fields=True):
    """`/simple/`."""

    meta: Meta
    projects: list[Listed]


class MetaWithNamespaces(msgspec.Struct, forbid_unknown_fields=True):
    """As :class:`Meta`, where PEP 752 is supported."""

    api_version: Literal["1.5"] = msgspec.field(name="api-version")
    last_serial: int = msgspec.field(name="_last-serial")


class Namespace(msgspec.Struct, forbid_unknown_fields=True):
    """PEP 752, in the project detail."""

    name: NormalName
    owned: bool


class DetailWithNamespaces(msgspec.Struct, forbid_unknown_fields=True):
    """`/simple/NAME/` of API 1.5: the key is there, null or not empty."""

    meta: MetaWithNamespaces
    name: NormalName
    project_status: Status = msgspec.field(name="project-status")
    versions: list[Text]
    files: list[File]
    namespaces: Annotated[list[Namespace], msgspec.Meta(min_length=1)] | None


class ProjectListWithNamespaces(msgspec.Struct, forbid_unknown_fields=True):
    """`/simple/` of API 1.5."""

    meta: MetaWithNamespaces
    projects: list[Listed]


class NamespaceListed(msgspec.Struct, forbid_unknown_fields=True):
    """One of `/namespaces`."""

    name: NormalName


class NamespaceDetail(msgspec.Struct, forbid_unknown_fields=True):
    """`/namespace/NAME`."""

    name: NormalName
    parent: NormalName | None
    children: list[NormalName]
    owner: Text | msgspec.UnsetType = msgspec.UNSET


class GitHub(msgspec.Struct, forbid_unknown_fields=True, tag_field="kind", tag="GitHub"):
    """A publisher; `claims` is mandatory, and may be null."""

    claims: dict[str, str] | None
    repository: Annotated[str, msgspec.Meta(pattern=r"\A[^/:]+/[^/:]+\Z")]
    workflow: Text


class GitLab(msgspec.Struct, forbid_unknown_fields=True, tag_field="kind", tag="GitLab"):
    """See :class:`GitHub`."""

    claims: dict[str, str] | None
    repository: Annotated[str, msgspec.Meta(pattern=r"\A[^/:]+(/[^/:]+)+\Z")]
    workflow_filepath: Text


class Google(msgspec.Struct, forbid_unknown_fields=True, tag_field="kind", tag="Google"):
    """See :class:`GitHub`."""

    claims: dict[str, str] | None
    email: Annotated[str, msgspec.Meta(pattern=r"\A[^@]+@[^@]+\Z")]


class Bundle(msgspec.Struct, forbid_unknown_fields=True):
    """What one publisher attests."""

    publisher: GitHub | GitLab | Google
    attestations: Annotated[list[dict[str, object]], msgspec.Meta(min_length=1)]


class Provenance(msgspec.Struct, forbid_unknown_fields=True):
    """The provenance object."""

    version: Literal[1]
    attestation_bundles: Annotated[list[Bundle], msgspec.Meta(min_length=1)]


class Digests(msgspec.Struct, forbid_unknown_fields=True):
    """Of the JSON API; MD5 is left out."""

    sha256: Sha256
    blake2b_256: Sha256


class FactsFile(msgspec.Struct, forbid_unknown_fields=True):
    """A file in the JSON API."""

    filename: Text
    packagetype: Literal["bdist_wheel", "sdist"]
    python_version: Text
    url: Annotated[str, msgspec.Meta(pattern=r"\Ahttps?://")]
    digests: Digests
    core_metadata: Hashes = msgspec.field(name="core-metadata")
    size: Annotated[int, msgspec.Meta(ge=0)]
    requires_python: Text | None
    upload_time: Annotated[str, msgspec.Meta(pattern=r"\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\Z")]
    upload_time_iso_8601: Time
    yanked: bool
    yanked_reason: Text | None
    comment_text: str
    downloads: Literal[-1]
    has_sig: Literal[False]


class NoDownloads(msgspec.Struct, forbid_unknown_fields=True):
    """Deprecated, and always so."""

    last_day: Literal[-1]
    last_month: Literal[-1]
    last_week: Literal[-1]


class Info(msgspec.Struct, forbid_unknown_fields=True):
    """What a release says of itself, in the JSON API."""

    name: Text
    version: Text
    summary: str
    author: str | None
    author_email: str | None
    maintainer: str | None
    maintainer_email: str | None
    license: str | None
    license_expression: str | None
    license_files: list[Text] | None
    classifiers: list[Text]
    description: str
    description_content_type: str | None
    keywords: str
    home_page: str
    download_url: str | None
    project_urls: dict[str, str] | None
    requires_dist: list[Text] | None
    requires_python: Text | None
    provides_extra: list[Text] | None
    dynamic: list[Text] | None
    platform: str
    package_url: Text
    project_url: Text
    release_url: Text
    yanked: bool
    yanked_reason: Text | None
    downloads: NoDownloads
    docs_url: None
    bugtrack_url: None


class ReleaseFacts(msgspec.Struct, forbid_unknown_fields=True):
    """`/pypi/NAME/VERSION/json`."""

    info: Info
    urls: Annotated[list[FactsFile], msgspec.Meta(min_length=1)]
    vulnerabilities: list[None]
    last_serial: Annotated[int, msgspec.Meta(ge=1)]


class ProjectFacts(msgspec.Struct, forbid_unknown_fields=True):
    """`/pypi/NAME/json`."""

    info: Info
    urls: Annotated[list[FactsFile], msgspec.Meta(min_length=1)]
    vulnerabilities: list[None]
    last_serial: Annotated[int, msgspec.Meta(ge=1)]
    releases: dict[str, list[FactsFile]]
