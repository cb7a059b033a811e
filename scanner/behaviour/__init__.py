"""Python semantics: names resolved, constants folded, values followed from sources to sinks."""

from __future__ import annotations

from scanner.behaviour.abilities import capabilities
from scanner.behaviour.chains import hits
from scanner.behaviour.facts import Facts, Hit
from scanner.behaviour.layering import layers_of
from scanner.behaviour.reports import facts_of

__all__ = ["Facts", "Hit", "capabilities", "facts_of", "hits", "layers_of"]
