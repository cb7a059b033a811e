"""Attestations that come with an upload: one that does not hold refuses the file (PEP 740)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import msgspec
import structlog

from index.upload.faults import Code, fault, refuse
from scanner.provenance import AttestationInvalid, TrustRoots, TrustRootsBroken, verify_attestations

if TYPE_CHECKING:
    from pathlib import Path

    from index.upload.form import Content
    from scanner.archive import Fault

__all__ = ["Attested", "examine_attestations"]

_log: Final = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Attested:
    """The attestations of a file, as they were sent, and what verifying them told or found wrong."""

    sent: str | None = None
    """A JSON array."""
    provenance: str | None = None
    """A JSON array of :class:`scanner.model.ProvenanceFact`, one for each attestation."""
    faults: tuple[Fault, ...] = ()


def examine_attestations(sent: str | None, content: Content, *, trusted_root: Path | None) -> Attested:
    """What the attestations that were sent with the file say, or what is wrong with them.

    Raises:
        UploadRefused: 503, because the operator's trusted keys cannot be read: what cannot be verified does not pass.
    """
    if not sent:
        return Attested()
    try:
        changed = trusted_root.stat().st_mtime_ns if trusted_root else 0
        facts = verify_attestations(sent, content.filename, content.sha256, trust=_trust_roots(trusted_root, changed))
    except AttestationInvalid as invalid:
        message = f"Invalid attestations supplied during upload: {invalid}."
        return Attested(faults=(fault(Code.ATTESTATIONS_INVALID, message),))
    except (TrustRootsBroken, OSError) as broken:
        _log.exception("attestations cannot be verified", trusted_root=str(trusted_root))
        raise refuse(
            Code.ATTESTATIONS_UNVERIFIABLE,
            "This index cannot verify attestations at the moment; its operator has to repair its trusted keys.",
            HTTPStatus.SERVICE_UNAVAILABLE,
        ) from broken
    return Attested(sent, msgspec.json.encode(facts).decode())


@lru_cache(maxsize=4)
def _trust_roots(path: Path | None, _changed: int) -> TrustRoots:
    """The keys, read once for each change of their file: making a verifier costs more than using it."""
    return TrustRoots.from_file(path) if path else TrustRoots.production()
