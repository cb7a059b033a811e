"""The words of the scanner: findings, inspections, facts and verdicts, frozen, and their JSON.

Everything that crosses a process or is stored is one of these structs. `encode` and `decode` are the only way
to and from JSON; `decode` checks every type, because the sender may be a sandboxed child that hostile input
has taken over.
"""

from __future__ import annotations

from enum import StrEnum
from hashlib import sha256
from typing import Final, NewType, TypeVar

import msgspec

__all__ = [
    "ENGINE_VERSION",
    "RUNNING_ROLES",
    "ArtifactMetadata",
    "Confidence",
    "Exemption",
    "Finding",
    "Inspection",
    "Kind",
    "MemberFact",
    "MemberName",
    "Outcome",
    "ProvenanceFact",
    "Reason",
    "Role",
    "RuleId",
    "RulesetHash",
    "Severity",
    "Sha256Hex",
    "Step",
    "SubmissionFacts",
    "Verdict",
    "decode",
    "digest",
    "encode",
]

#: Part of the name of every inspection: raise it whenever the same bytes may give other findings.
ENGINE_VERSION: Final = "3"

Sha256Hex = NewType("Sha256Hex", str)
"""64 lower-case hexadecimal digits that came out of a hash function, never out of a form."""

MemberName = NewType("MemberName", str)
"""A member's path that has passed the archive's name rules (relative, `/`, no control characters)."""

RuleId = NewType("RuleId", str)
"""The stable id of a rule: lower case, words joined by hyphens (`decode-exec`)."""

RulesetHash = NewType("RulesetHash", str)
"""SHA-256 over every file of `rules/`: names one moment of all rules and of the policy."""


class Severity(StrEnum):
    """How bad it is, if the finding is what it looks like."""

    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Confidence(StrEnum):
    """How sure the rule is that the finding is what it looks like."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Kind(StrEnum):
    """What sort of evidence a finding is."""

    BEHAVIOUR = "behaviour"
    TEXT = "text"
    BINARY = "binary"
    PROVENANCE = "provenance"
    DRIFT = "drift"
    STRUCTURE = "structure"
    METADATA = "metadata"
    NAMES = "names"
    LIMITS = "limits"
    QUALITY = "quality"


class Role(StrEnum):
    """When a member runs."""

    BUILD = "build"
    INSTALL = "install"
    STARTUP = "startup"
    IMPORT = "import"
    COMMAND = "command"
    TEST = "test"
    NEVER = "never"


#: Roles of members that something installed can reach or execute.
RUNNING_ROLES: Final = frozenset({Role.BUILD, Role.INSTALL, Role.STARTUP, Role.IMPORT, Role.COMMAND})


class Outcome(StrEnum):
    """What a verdict says."""

    CLEAR = "clear"
    FLAGGED = "flagged"
    MALICIOUS = "malicious"
    UNSCANNABLE = "unscannable"


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One link of an evidence chain: a source, a transformation or a sink, and where it stands."""

    what: str
    member: str
    line: int | None = None
    snippet: str = ""


class Finding(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One fact, found by one rule at one place.

    `line` and `column` count from 1. `snippet` is attacker text of at most 200 characters. `layers` names the
    decoding steps between the member and the place (`("base64", "zlib")`), empty for the member itself.
    """

    rule: RuleId
    kind: Kind
    title: str
    severity: Severity
    confidence: Confidence
    role: Role = Role.NEVER
    member: str = ""
    line: int | None = None
    column: int | None = None
    snippet: str = ""
    technique: str = ""
    layers: tuple[str, ...] = ()
    chain: tuple[Step, ...] = ()


class MemberFact(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One member of an artifact: what later releases are compared with."""

    name: str
    sha256: Sha256Hex
    size: int
    role: Role


class ArtifactMetadata(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the artifact's own core metadata says, as far as assessing and showing need it."""

    name: str = ""
    version: str = ""
    summary: str = ""
    author: str = ""
    author_email: str = ""
    requires_python: str = ""
    requires_dist: tuple[str, ...] = ()
    project_urls: tuple[str, ...] = ()


class Inspection(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the scanner found in one artifact under one filename.

    A pure function of (bytes, filename, engine, ruleset); `sandbox_level` is added by the process that ran it.
    `capabilities` are the sorted names of what the installed code can do (`network`, `process`, `dynamic-code`,
    …), for the comparison with an earlier release.
    """

    sha256: Sha256Hex
    filename: str
    engine: str
    ruleset: RulesetHash
    findings: tuple[Finding, ...] = ()
    members: tuple[MemberFact, ...] = ()
    metadata: ArtifactMetadata = ArtifactMetadata()
    capabilities: tuple[str, ...] = ()
    sandbox_level: tuple[str, ...] = ()


class ProvenanceFact(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An attestation that was verified when the file was received."""

    filename: str
    predicate_type: str
    publisher_kind: str
    identity: str


class Exemption(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A rule that a person has switched off for one project, and why."""

    rule: RuleId
    reason: str


class SubmissionFacts(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything that a verdict depends on, beside the policy.

    `failed` names the files whose inspection ended in a failure of the scanner's child three times.
    `previous` holds the inspections of the latest published, unwithdrawn release (empty for a first release);
    `siblings` those of files of this release that are published already. `provenance` and `previous_provenance` are
    the verified attestations of these files and of the previous release's. `automatic` is false while the operator
    holds everything.
    """

    project: str
    version: str
    artifacts: tuple[Inspection, ...]
    failed: tuple[str, ...] = ()
    siblings: tuple[Inspection, ...] = ()
    previous: tuple[Inspection, ...] = ()
    previous_version: str = ""
    publishers: tuple[str, ...] = ()
    provenance: tuple[ProvenanceFact, ...] = ()
    previous_provenance: tuple[ProvenanceFact, ...] = ()
    exemptions: tuple[Exemption, ...] = ()
    rejected_before: bool = False
    automatic: bool = True


class Reason(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One line of a verdict's sum: a kind of evidence, its weight in log-odds, and a finding that shows it."""

    rule: RuleId
    kind: Kind
    title: str
    weight: float
    count: int = 1
    holds: bool = False
    filename: str = ""
    member: str = ""
    line: int | None = None


class Verdict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The assessment of one submission revision.

    `risk` is the sum of `reasons[*].weight`. `summary` is one sentence that a maintainer understands.
    `facts_digest` is the SHA-256 of the canonical JSON of the facts.
    """

    outcome: Outcome
    risk: float
    reasons: tuple[Reason, ...]
    summary: str
    engine: str
    ruleset: RulesetHash
    facts_digest: Sha256Hex


_T = TypeVar("_T")
_encoder = msgspec.json.Encoder(order="deterministic")


def encode(value: msgspec.Struct) -> bytes:
    """The value's canonical JSON: equal values give equal bytes."""
    return _encoder.encode(value)


def decode(data: bytes | str, kind: type[_T]) -> _T:
    """The `kind` that `data` holds.

    Raises:
        msgspec.DecodeError: `data` is not JSON.
        msgspec.ValidationError: it is JSON of another shape.
    """
    return msgspec.json.decode(data, type=kind)


def digest(value: msgspec.Struct) -> Sha256Hex:
    """The SHA-256 of the value's canonical JSON."""
    return Sha256Hex(sha256(encode(value)).hexdigest())
