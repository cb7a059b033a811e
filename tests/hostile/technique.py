"""One technique of the list of known attacks: an inert artifact that has its shape, and its benign twin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scanner.model import ProvenanceFact
    from tests.fixtures.artifacts import Artifact

__all__ = ["Technique"]


@dataclass(frozen=True, slots=True)
class Technique:
    """Technique `number`: `artifact` must be flagged, `twin` must not.

    Both are judged after `previous`, which was attested as `attested_before` says; the artifact itself is as
    `attested` says, the twin as `twin_attested`. Where `content` is false, evidence of other kinds than behaviour,
    text and binary is enough. `refused` says that the archive itself is refused, as no release at all.
    """

    number: int
    name: str
    artifact: Artifact
    twin: Artifact
    previous: tuple[Artifact, ...] = ()
    attested_before: tuple[ProvenanceFact, ...] = ()
    attested: tuple[ProvenanceFact, ...] = ()
    twin_attested: tuple[ProvenanceFact, ...] = ()
    content: bool = True
    refused: bool = False
