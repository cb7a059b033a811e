"""Every opener, and the one call that applies them to a member."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from scanner.analyzers.agents import agents
from scanner.analyzers.bytecode import bytecode
from scanner.analyzers.carriers import carriers
from scanner.analyzers.natives import natives
from scanner.analyzers.nested import nested
from scanner.analyzers.notebooks import notebooks
from scanner.analyzers.pickles import pickles
from scanner.analyzers.scripts import scripts

if TYPE_CHECKING:
    from scanner.analyzers.opening import Opener

__all__ = ["OPENERS"]

OPENERS: Final[tuple[Opener, ...]] = (nested, pickles, bytecode, carriers, scripts, notebooks, agents, natives)
