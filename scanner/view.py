"""How an analyser sees an artifact, and what an analyser is.

`inspect` walks the archive once and builds these views; analysers read them and yield findings. A view is
lazy: decoding and parsing happen when the first analyser asks, once.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from scanner.model import ArtifactMetadata, Finding, MemberName, Role, Sha256Hex
from scanner.source import DecodedSource, SourceTooDense, SourceUnreadable, decode_source
from scanner.syntax import TooDense, parse

if TYPE_CHECKING:
    import ast

    from scanner.archive import PackedMember
    from scanner.ruleset import Ruleset

__all__ = ["ArtifactAnalyzer", "ArtifactView", "MemberAnalyzer", "MemberView", "forget_trees"]


@dataclass(frozen=True, eq=False)
class MemberView:
    """One member, or one decoded layer of a member (then `layers` says how it was reached)."""

    name: MemberName
    held: bytes | PackedMember
    """The bytes; of a member that was known without them, what they can be unpacked from."""
    sha256: Sha256Hex
    role: Role
    layers: tuple[str, ...] = ()
    is_python: bool = False

    @cached_property
    def data(self) -> bytes:
        """The bytes.

        Raises:
            ValueError: they were not unpacked before, and are not what is known of them.
        """
        if isinstance(self.held, bytes):
            return self.held
        data = self.held.data
        if sha256(data).hexdigest() != self.sha256:
            raise ValueError(f"{self.name} unpacks to something else than before")
        return data

    @property
    def size(self) -> int:
        """How many bytes there are."""
        return len(self.held) if isinstance(self.held, bytes) else self.held.size

    @cached_property
    def source(self) -> DecodedSource:
        """The text of a Python member, by PEP 263.

        Raises:
            SourceUnreadable: it cannot be decoded.
        """
        return decode_source(self.data)

    @property
    def tree(self) -> ast.Module:
        """The syntax tree of a Python member. The trees used last are kept, older ones are parsed again when asked for.

        Raises:
            SourceUnreadable: it is too large to parse safely, or Python cannot parse it.
        """
        return _recent.tree(self)


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


class _RecentTrees:
    """The syntax trees of the sources used last: a tree takes fifty times the memory of its source."""

    _MOST: Final = 2 * 1024 * 1024

    def __init__(self) -> None:
        self._trees: OrderedDict[Sha256Hex, tuple[ast.Module | SourceUnreadable, int]] = OrderedDict()
        self._size = 0

    def tree(self, view: MemberView) -> ast.Module:
        known = self._trees.get(view.sha256)
        if known is None:
            known = _parsed(view), len(view.data)
            self._trees[view.sha256] = known
            self._size += known[1]
            while self._size > self._MOST and len(self._trees) > 1:
                self._size -= self._trees.popitem(last=False)[1][1]
        else:
            self._trees.move_to_end(view.sha256)
        if isinstance(known[0], SourceUnreadable):
            raise type(known[0])(*known[0].args, line=known[0].line)
        return known[0]

    def forget(self) -> int:
        size = self._size
        self._trees.clear()
        self._size = 0
        return size


_recent = _RecentTrees()


def forget_trees() -> int:
    """No syntax tree is kept, and whoever asks for one gets it parsed anew; how much source they were made of."""
    return _recent.forget()


def _parsed(view: MemberView) -> ast.Module | SourceUnreadable:
    try:
        return parse(view.source.text)
    except SourceUnreadable as error:
        return SourceUnreadable(*error.args, line=error.line)
    except TooDense as error:
        return SourceTooDense(str(error))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = error.lineno if isinstance(error, SyntaxError) else None
        return SourceUnreadable(f"{type(error).__name__}: {error}", line=line)


MemberAnalyzer = Callable[[MemberView, "Ruleset"], Iterator[Finding]]
"""Looks at one member (or decoded layer) alone."""

ArtifactAnalyzer = Callable[[ArtifactView, "Ruleset"], Iterator[Finding]]
"""Looks at the members together."""
