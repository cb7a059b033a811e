"""Proving once more who one is, before what cannot be undone or gives power away."""

from __future__ import annotations

import time
from typing import Final

from flask import session

__all__ = ["PROOF_SECONDS", "has_proved_lately", "note_proof"]

#: So long a sign-in, or a proof, is good enough for what is asked for.
PROOF_SECONDS: Final = 600

_PROVED_AT: Final = "proved_at"


def note_proof() -> None:
    """Whoever is signed in has just given all factors that they have."""
    session[_PROVED_AT] = int(time.time())


def has_proved_lately() -> bool:
    """Whether whoever is signed in has given all factors that they have within the last ten minutes."""
    return 0 <= time.time() - int(session.get(_PROVED_AT, 0)) <= PROOF_SECONDS
