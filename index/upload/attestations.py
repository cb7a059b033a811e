"""Attestations that come with an upload: one that does not hold refuses the file (PEP 740)."""

from __future__ import annotations

from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import structlog

from index.upload.faults import Code, fault, refuse
from scanner.provenance import AttestationInvalid, TrustRoots, TrustRootsBroken, verify_attestations

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from index.upload.form import Content
    from scanner.archive import Fault

__all__ = ["attestation_faults"]

_log: Final = structlog.get_logger()


def attestation_faults(sent: str, content: Content, *, trusted_root: Path | None) -> Iterator[Fault]:
    """What is wrong with the JSON array of attestations that was sent with the file.

    Raises:
        UploadRefused: 503, because the operator's trusted keys cannot be read: what cannot be verified does not pass.
    """
    try:
        changed = trusted_root.stat().st_mtime_ns if trusted_root else 0
        verify_attestations(sent, content.filename, content.sha256, trust=_trust_roots(trusted_root, changed))
    except AttestationInvalid as invalid:
        yield fault(Code.ATTESTATIONS_INVALID, f"Invalid attestations supplied during upload: {invalid}.")
    except (TrustRootsBroken, OSError) as broken:
        _log.exception("attestations cannot be verified", trusted_root=str(trusted_root))
        raise refuse(
            Code.ATTESTATIONS_UNVERIFIABLE,
            "This index cannot verify attestations at the moment; its operator has to repair its trusted keys.",
            HTTPStatus.SERVICE_UNAVAILABLE,
        ) from broken


@lru_cache(maxsize=4)
def _trust_roots(path: Path | None, _changed: int) -> TrustRoots:
    """The keys, read once for each change of their file: making a verifier costs more than using it."""
    return TrustRoots.from_file(path) if path else TrustRoots.production()
