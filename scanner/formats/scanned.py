"""What every format shows: one artifact, what was found in it, and the verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scanner.model import Inspection, Sha256Hex, Verdict

__all__ = ["Scanned", "visible"]


@dataclass(frozen=True, slots=True)
class Scanned:
    """One artifact that was scanned, or that could not be: then there is no inspection, and `failure` says why."""

    path: str
    sha256: Sha256Hex
    verdict: Verdict
    inspection: Inspection | None = None
    failure: str = ""


def visible(text: str) -> str:
    """Attacker text for a terminal: what does not print (controls, escapes, bidirectional marks) is spelled out."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
