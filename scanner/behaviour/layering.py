"""Decoded literals of Python members become members themselves, for every analyser to look at."""

from __future__ import annotations

import ast
import warnings
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from scanner.behaviour.reports import facts_of
from scanner.layers import MAX_LAYER_BYTES, unfold
from scanner.model import Sha256Hex
from scanner.source import MAX_PARSE_BYTES
from scanner.view import MemberView

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanner.view import ArtifactView

__all__ = ["layers_of"]

_ACTING: Final = (ast.Call, ast.Import, ast.ImportFrom)


def layers_of(view: ArtifactView) -> Iterator[MemberView]:
    """What was decoded from literals of the artifact's Python members, each once.

    Layers below a layer that is Python itself are not in it: whoever looks at that layer asks again.
    """
    seen: set[str] = set()
    left = MAX_LAYER_BYTES
    for facts in facts_of(view):
        for steps, data in _decoded(facts.report.blobs_and_literals):
            digest = sha256(data).hexdigest()
            if digest in seen:
                continue
            seen.add(digest)
            left -= len(data)
            member = facts.member
            layers = (*member.layers, *steps)
            yield MemberView(member.name, data, Sha256Hex(digest), member.role, layers, acts_as_python(data))
            if left < 0:
                return  # the layer that broke the limit was handed out, so that whoever counts along can say so


def _decoded(sources: Iterator[tuple[tuple[str, ...], bytes, bool]]) -> Iterator[tuple[tuple[str, ...], bytes]]:
    """The decoded texts, and what lies below them that the code itself was not seen to decode."""
    for steps, data, decoded in sources:
        if decoded:
            yield steps, data
            if acts_as_python(data):
                continue
        for layer in unfold(data):
            yield steps + layer.steps, layer.data


def acts_as_python(data: bytes) -> bool:
    """Whether `data` is Python source that calls or imports something."""
    if len(data) > MAX_PARSE_BYTES or b"\0" in data or not (b"(" in data or b"import" in data):
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return any(isinstance(node, _ACTING) for node in ast.walk(tree))
