"""How an analyser sees an artifact, and what an analyser is.

`inspect` walks the archive once and builds these views; analysers read them and yield findings. A view is
lazy: decoding and parsing happen when the first analyser asks, once.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from scanner.model import ArtifactMetadata, Finding, MemberName, Role, Sha256Hex
from scanner.source import DecodedSource, SourceUnreadable, decode_source

if TYPE_CHECKING:
    from scanner.ruleset import Ruleset

__all__ = ["ArtifactAnalyzer", "ArtifactView", "MemberAnalyzer", "MemberView"]


@dataclass(frozen=True, eq=False)
class MemberView:
    """One member, or one decoded layer of a member (then `layers` says how it was reached)."""

    name: MemberName
    data: bytes
    sha256: Sha256Hex
    role: Role
    layers: tuple[str, ...] = ()
    is_python: bool = False

    @cached_property
    def source(self) -> DecodedSource:
        """The text of a Python member, by PEP 263.

        Raises:
            SourceUnreadable: it cannot be decoded.
        """
        return decode_source(self.data)

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree of a Python member.

        Raises:
            SourceUnreadable: it is too large to parse safely, or Python cannot parse it.
        """
        text = self.source.text
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            line = error.lineno if isinstance(error, SyntaxError) else None
            raise SourceUnreadable(f"{type(error).__name__}: {error}", line=line) from error


@dataclass(frozen=True, eq=False)
class ArtifactView:
    """One artifact: its kind, its own metadata and its members in archive order."""

    filename: str
    is_wheel: bool
    metadata: ArtifactMetadata
    members: Mapping[MemberName, MemberView]
    roles: Mapping[MemberName, Role]
    extras: dict[str, object] = field(default_factory=dict)
    """What one artifact analyser leaves for the next, by analyser name."""


MemberAnalyzer = Callable[[MemberView, "Ruleset"], Iterator[Finding]]
"""Looks at one member (or decoded layer) alone."""

ArtifactAnalyzer = Callable[[ArtifactView, "Ruleset"], Iterator[Finding]]
"""Looks at the members together."""
