"""Decoded literals of Python members become members themselves, for every analyser to look at."""

from __future__ import annotations

import ast
import re
from hashlib import sha256
from itertools import chain
from typing import TYPE_CHECKING, Final

from scanner.behaviour.reports import facts_of
from scanner.behaviour.vocabulary import Effect
from scanner.layers import MAX_LAYER_BYTES, unfold
from scanner.model import Sha256Hex
from scanner.source import MAX_PARSE_BYTES
from scanner.syntax import parse
from scanner.view import MemberView

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanner.behaviour.facts import Facts
    from scanner.view import ArtifactView

__all__ = ["layers_of"]

_PYTHON_CODE: Final = re.compile(
    r"\bpython[\w.]{0,8}(?:\.exe)?[\"']?\s{1,4}(?:-[A-Zbuvxsi]{1,4}\s{1,4}){0,4}-c\s{1,4}(.{8,})"
    r"|\ufffc[\"']?\s{1,4}-c\s{1,4}(.{8,})",
    re.DOTALL | re.IGNORECASE,
)
_TOKEN: Final = re.compile(r"[A-Za-z0-9+/]{40,}={0,2}")
_TOKENS: Final = 8
_ACTING: Final = (ast.Call, ast.Import, ast.ImportFrom)


def layers_of(view: ArtifactView) -> Iterator[MemberView]:
    """What was decoded from literals of the artifact's Python members, each once.

    Layers below a layer that is Python itself are not in it: whoever looks at that layer asks again.
    """
    seen: set[str] = set()
    left = MAX_LAYER_BYTES
    for facts in facts_of(view):
        for steps, data in chain(_decoded(facts.report.blobs_and_literals), _in_commands(facts)):
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


def _in_commands(facts: Facts) -> Iterator[tuple[tuple[str, ...], bytes]]:
    """Programs that stand in commands: after `python -c`, or encoded for a shell."""
    for event in facts.events(Effect.PROCESS):
        words = event.text
        if (match := _PYTHON_CODE.search(words)) is not None:
            code = (match[1] or match[2]).strip()
            if code[:1] in "\"'" and code[:1] == code[-1:]:
                code = code[1:-1]
            code = code.replace('\\"', '"').replace("\\'", "'") if '\\"' in code or "\\'" in code else code
            yield ("python -c",), code.encode("utf-8", "surrogatepass")
        for token in list(_TOKEN.finditer(words))[:_TOKENS]:
            for layer in unfold(token[0]):
                yield layer.steps, layer.data


def acts_as_python(data: bytes) -> bool:
    """Whether `data` is Python source that calls or imports something."""
    if len(data) > MAX_PARSE_BYTES or b"\0" in data or not (b"(" in data or b"import" in data):
        return False
    try:
        tree = parse(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return any(isinstance(node, _ACTING) for node in ast.walk(tree))
