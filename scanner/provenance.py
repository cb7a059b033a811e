"""Attestations of PEP 740, verified offline: what was signed, by whom, and that the public log has seen it.

`sigstore` does the cryptography, `pypi_attestations` the wire format; the checks of what the statement says are
ours. Both are imported only when there is something to verify: they cost 400 ms and 60 MB.

Nothing here asks the network or reads a cache below HOME. The keys come from the file that the installed
`sigstore` brings, or from one that the operator names (an own Sigstore instance, or newer keys).
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import msgspec
from packaging.utils import parse_sdist_filename, parse_wheel_filename

from scanner.identity import Identity, IdentityUnknown, identity_of
from scanner.model import ProvenanceFact

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cryptography.x509 import Certificate
    from pypi_attestations import Attestation
    from sigstore.verify import Verifier

__all__ = ["PREDICATES", "AttestationInvalid", "TrustRoots", "TrustRootsBroken", "verify_attestations"]

#: The kinds of statement that an index accepts (PEP 740, "Attestation types").
PREDICATES: Final = frozenset({"https://docs.pypi.org/attestations/publish/v1", "https://slsa.dev/provenance/v1"})

_STATEMENT: Final = "https://in-toto.io/Statement/v1"
_PAYLOAD: Final = "application/vnd.in-toto+json"
_LONGEST_MESSAGE: Final = 500
_LONGEST_JSON: Final = 1024 * 1024
_LONGEST_FILENAME: Final = 255
_MOST_TAGS: Final = 200
_MOST_LOG_ENTRIES: Final = 4


class AttestationInvalid(Exception):
    """An attestation does not hold for this file; the message, one printable line, says which one and why."""

    def __init__(self, message: str) -> None:
        # What the libraries say runs over several lines and repeats what was sent.
        line = " ".join(message.split())[:_LONGEST_MESSAGE]
        super().__init__("".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line))


class TrustRootsBroken(Exception):
    """The file of trusted keys cannot be used; the operator has to replace it."""


@dataclass(frozen=True)
class TrustRoots:
    """The keys whose signatures are believed: certificate authorities and transparency logs of one Sigstore."""

    source: str
    """Where they come from, for messages."""
    read: Callable[[], bytes] = field(repr=False)

    @classmethod
    def production(cls) -> TrustRoots:
        """The public Sigstore instance, as the installed `sigstore` knows it."""
        return cls("the public Sigstore instance", _packaged_root)

    @classmethod
    def from_file(cls, path: Path) -> TrustRoots:
        """The instance that the `trusted_root.json` at `path` describes."""
        return cls(str(path), path.read_bytes)

    @cached_property
    def verifier(self) -> Verifier:
        """What verifies with these keys; made once.

        Raises:
            TrustRootsBroken: the file is missing or malformed.
        """
        from sigstore.models import TrustedRoot  # noqa: PLC0415 # costly, see the module's docstring
        from sigstore.verify import Verifier  # noqa: PLC0415 # as above
        from sigstore_models.trustroot.v1 import TrustedRoot as Content  # noqa: PLC0415 # as above

        try:
            return Verifier(trusted_root=TrustedRoot(Content.from_json(self.read())))
        except Exception as error:
            raise TrustRootsBroken(
                f"{self.source}: not a Sigstore trusted root ({type(error).__name__}: {error})"
            ) from error


class _Digests(msgspec.Struct, frozen=True):
    sha256: str


class _Subject(msgspec.Struct, frozen=True):
    name: str
    digest: _Digests


class _Statement(msgspec.Struct, frozen=True):
    """The fields of an in-toto statement that matter here; what a predicate says is a claim of the publisher."""

    type: str = msgspec.field(name="_type")
    subject: list[_Subject]
    predicate_type: str = msgspec.field(name="predicateType")


@dataclass(slots=True)
class _IdentityOfSigner:
    """A policy for `sigstore`: every identity that is understood passes, and is remembered."""

    found: Identity | None = None

    def verify(self, cert: Certificate) -> None:
        self.found = identity_of(cert)


def verify_attestations(
    attestations_json: bytes | str, filename: str, sha256: str, *, trust: TrustRoots
) -> tuple[ProvenanceFact, ...]:
    """One fact for each attestation in the JSON array, in its order; all of them hold for this file (PEP 740).

    Raises:
        AttestationInvalid: one does not hold, or the array is empty, malformed or has a predicate type twice.
        TrustRootsBroken: the trusted keys cannot be read, so nothing can be verified.
    """
    array = _parsed(attestations_json, "the attestations")
    if not isinstance(array, list) or not 0 < len(array) <= len(PREDICATES):
        raise AttestationInvalid(
            f"the attestations are {_shape(array)}; expected an array of 1 to {len(PREDICATES)}, one for each type"
        )
    verifier = trust.verifier
    facts: list[ProvenanceFact] = []
    for number, element in enumerate(array, start=1):
        try:
            fact = _verified(element, filename, sha256, verifier)
        except AttestationInvalid as error:
            raise AttestationInvalid(f"attestation {number}: {error}") from error
        except Exception as error:
            # The libraries let out what their own parsers raise: pydantic's, cryptography's, KeyError.
            raise AttestationInvalid(f"attestation {number}: {type(error).__name__}: {error}") from error
        if fact.predicate_type in {other.predicate_type for other in facts}:
            raise AttestationInvalid(f"attestation {number}: a second one of type {fact.predicate_type}")
        facts.append(fact)
    return tuple(facts)


def _verified(element: object, filename: str, sha256: str, verifier: Verifier) -> ProvenanceFact:
    """The fact that one attestation states.

    Raises:
        AttestationInvalid: it does not hold.
        Exception: it does not hold, in the words of the libraries.
    """
    from pypi_attestations import Attestation  # noqa: PLC0415 # costly, see the module's docstring

    if not isinstance(element, dict):
        raise AttestationInvalid(f"it is {_shape(element)}; expected an object")
    attestation = Attestation.model_validate(element)
    entries = attestation.verification_material.transparency_entries
    if len(entries) > _MOST_LOG_ENTRIES:
        raise AttestationInvalid(f"{len(entries)} transparency log entries; expected at most {_MOST_LOG_ENTRIES}")
    policy = _IdentityOfSigner()
    # A reader may look at any of the entries, so each must be what it claims to be.
    for entry in entries:
        _check_signature(_with_entry(attestation, entry), verifier, policy)
    predicate_type = _check_statement(attestation.envelope.statement, filename, sha256)
    if policy.found is None:
        raise AttestationInvalid("its signer was not identified")
    return ProvenanceFact(filename, predicate_type, policy.found.kind, policy.found.name)


def _with_entry(attestation: Attestation, entry: object) -> Attestation:
    material = attestation.verification_material.model_copy(update={"transparency_entries": [entry]})
    return attestation.model_copy(update={"verification_material": material})


def _check_signature(attestation: Attestation, verifier: Verifier, policy: _IdentityOfSigner) -> None:
    """Nothing happens when the envelope is signed by a certified key, as the log has seen.

    Raises:
        AttestationInvalid: it is not.
    """
    from sigstore.errors import Error  # noqa: PLC0415 # costly, see the module's docstring

    try:
        payload_type, payload = verifier.verify_dsse(attestation.to_bundle(), policy)
    except (Error, IdentityUnknown) as error:
        raise AttestationInvalid(str(error)) from error
    if payload_type != _PAYLOAD or payload != attestation.envelope.statement:
        raise AttestationInvalid(f"the payload is {payload_type}; expected the statement as {_PAYLOAD}")


def _check_statement(content: bytes, filename: str, sha256: str) -> str:
    """The statement's predicate type; it is about this file and nothing else.

    Raises:
        AttestationInvalid: it is about another file, about several, or of an unknown type.
    """
    try:
        statement = msgspec.convert(_parsed(content, "the statement"), _Statement)
    except msgspec.ValidationError as error:
        raise AttestationInvalid(f"the statement is malformed: {error}") from error
    if statement.type != _STATEMENT:
        raise AttestationInvalid(f"the statement's type is {statement.type!r}; expected {_STATEMENT}")
    if len(statement.subject) != 1:
        raise AttestationInvalid(f"the statement has {len(statement.subject)} subjects; expected exactly one")
    subject = statement.subject[0]
    if subject.name != filename and _parsed_name(subject.name) != _parsed_name(filename):
        raise AttestationInvalid(f"the statement is about {subject.name!r}; expected {filename!r}")
    if subject.digest.sha256 != sha256:
        raise AttestationInvalid(f"the statement is about SHA-256 {subject.digest.sha256!r}; the file has {sha256}")
    if statement.predicate_type not in PREDICATES:
        raise AttestationInvalid(
            f"the predicate type is {statement.predicate_type!r}; expected one of {', '.join(sorted(PREDICATES))}"
        )
    return statement.predicate_type


def _parsed_name(filename: str) -> object:
    """What a distribution's filename means: `Demo-1.0.0.tar.gz` and `demo-1.0.tar.gz` are the same file.

    Raises:
        AttestationInvalid: it is no filename of a wheel or sdist.
    """
    tags = math.prod(part.count(".") + 1 for part in filename.removesuffix(".whl").split("-")[-3:])
    if len(filename) > _LONGEST_FILENAME or tags > _MOST_TAGS:
        raise AttestationInvalid(f"a filename of {len(filename)} characters and {tags} tags is too long")
    try:
        if filename.endswith(".whl"):
            return parse_wheel_filename(filename)
        return parse_sdist_filename(filename)
    except ValueError as error:
        raise AttestationInvalid(f"the statement is about {filename!r}, no wheel or sdist: {error}") from error


def _parsed(content: bytes | str, what: str) -> object:
    """The JSON in `content`, in which no object names a key twice.

    Raises:
        AttestationInvalid: it is too long, too deep, no JSON, or says something twice.
    """
    if len(content) > _LONGEST_JSON:
        raise AttestationInvalid(f"{what}: {len(content)} bytes; expected at most {_LONGEST_JSON}")
    try:
        text = content.decode("utf-8") if isinstance(content, bytes) else content
        msgspec.json.decode(text)  # what reads it once it is stored; it knows no lone surrogate
        return json.loads(text, object_pairs_hook=_object, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise AttestationInvalid(f"{what}: no JSON that can be read ({error})") from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # Two readers of one document may each take another of two values.
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("an object names a key twice")
    return made


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _shape(value: object) -> str:
    return f"an array of {len(value)}" if isinstance(value, list) else f"a JSON {type(value).__name__}"


def _packaged_root() -> bytes:
    """The trusted root of the public instance, from the installed `sigstore` package itself.

    Its own loader copies the file below HOME and then trusts the copy, so it is not asked.
    """
    from importlib.resources import files  # noqa: PLC0415 # only when there is something to verify

    store = files("sigstore._store").joinpath("https%3A%2F%2Ftuf-repo-cdn.sigstore.dev")
    return store.joinpath("trusted_root.json").read_bytes()
