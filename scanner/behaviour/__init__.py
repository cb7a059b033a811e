"""Python semantics: names resolved, constants folded, values followed from sources to sinks."""

from __future__ import annotations

from scanner.behaviour.abilities import capabilities
from scanner.behaviour.chains import hits
from scanner.behaviour.facts import Facts, Hit
from scanner.behaviour.layering import layers_of
from scanner.behaviour.reports import alone, facts_of, walked_again
from scanner.behaviour.skeletons import Skeleton, numbered, reduced

__all__ = [
    "Facts",
    "Hit",
    "Skeleton",
    "alone",
    "capabilities",
    "facts_of",
    "hits",
    "layers_of",
    "numbered",
    "reduced",
    "walked_again",
]
