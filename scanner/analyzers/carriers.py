"""Pictures, sounds, fonts and documents that carry something else: behind their end, in comments, or throughout."""

from __future__ import annotations

import ast
import math
import re
from collections import Counter
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from scanner.analyzers.magic import content
from scanner.analyzers.opening import reads_as_python
from scanner.analyzers.readers.media import end_of, media_kind, texts_in
from scanner.layers import unfold
from scanner.model import RUNNING_ROLES, Role, Severity
from scanner.source import MAX_PARSE_BYTES
from scanner.syntax import parse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanner.analyzers.opening import Opening
    from scanner.model import Finding
    from scanner.view import MemberView

__all__ = ["carriers"]

_MEDIA: Final = frozenset(
    {".avi", ".bmp", ".eot", ".flac", ".gif", ".ico", ".jpeg", ".jpg", ".mp3", ".mp4", ".ogg", ".otf", ".pdf", ".png"}
    | {".tif", ".tiff", ".ttf", ".wav", ".webm", ".webp", ".woff", ".woff2"}
)
#: Formats of plain data in which nobody expects a program.
_DATA: Final = frozenset({".bin", ".csv", ".dat", ".db", ".ini", ".json", ".log", ".tmp", ".xml", ".yaml", ".yml"})
#: Statements that make a text a program and not an accident.
_STATEMENTS: Final = 3

_SMALLEST_TAIL: Final = 16
_SMALLEST_BLOB: Final = 2048
_ENTROPY_SAMPLE: Final = 64 * 1024
_ENTROPY: Final = 7.2
_BASE64: Final = re.compile(rb"[A-Za-z0-9+/_-]{200,}={0,2}")
_SCRIPT: Final = re.compile(
    rb"\b(?:powershell|IEX|Invoke-Expression|eval|exec|system|subprocess|child_process|WScript|curl|wget)\b|<\?php|#!/",
    re.IGNORECASE,
)
_LONGEST_STREAM: Final = 2 * 1024 * 1024
_LAYERS: Final = 12


def carriers(view: MemberView, opening: Opening) -> Iterator[Finding | MemberView]:
    """What a member carries that its format has no place for, and programs under the name of a medium."""
    suffix = PurePosixPath(view.name).suffix.lower() if not view.layers else ""
    kind = media_kind(view.data)
    if kind and not view.is_python:
        yield from _behind_the_end(view, opening)
        yield from _in_texts(view, opening)
        yield from _as_samples(kind, view, opening)
    elif suffix in _MEDIA or suffix in _DATA:
        yield from _mistaken(suffix, view, opening)


def _behind_the_end(view: MemberView, opening: Opening) -> Iterator[Finding | MemberView]:
    tail = end_of(view.data)
    if tail is None:
        return
    kind, end = tail
    rest = view.data[end:]
    if len(rest.lstrip(b"\0 \r\n\t\xff")) < _SMALLEST_TAIL:
        return
    what, severity = _judged(rest)
    if not what:
        return
    shown = f"{len(rest)} bytes behind the end of the {kind}: {what}"
    role = opening.hidden_role(view) if severity is not Severity.LOW else opening.role(view)
    yield opening.ruleset.finding(
        "data-behind-the-end", role=role, member=view.name, snippet=shown, layers=view.layers, severity=severity
    )
    yield from _layers(f"behind the end of the {kind}", rest, view, opening, role)


def _judged(rest: bytes) -> tuple[str, Severity]:
    """What the bytes are, and how bad it is that they are there. Empty where tools leave such bytes."""
    stripped = rest.lstrip(b"\0\r\n\t ")
    found = content(stripped)
    if found.native:
        return f"a program ({found.native})", Severity.CRITICAL
    if reads_as_python(stripped):
        return "Python", Severity.CRITICAL
    if found.archive or stripped.startswith((b"\x1f\x8b\x08", b"BZh", b"\xfd7zXZ")):
        return f"an archive ({found.archive or 'compressed'})", Severity.MEDIUM
    if b"\0" not in stripped[:4096] and _SCRIPT.search(stripped[:_ENTROPY_SAMPLE]):
        return "a script", Severity.CRITICAL
    if _BASE64.match(_joined(stripped[:4096])):
        return "base64", Severity.MEDIUM
    if len(rest) >= _SMALLEST_BLOB and not media_kind(stripped) and _entropy(rest[:_ENTROPY_SAMPLE]) >= _ENTROPY:
        return "data without structure", Severity.LOW
    return "", Severity.LOW


def _joined(text: bytes) -> bytes:
    """`text` without line breaks."""
    return text.translate(None, b"\r\n")


def _is_base64(text: bytes) -> bool:
    return _BASE64.fullmatch(_joined(text.strip())) is not None


def _entropy(sample: bytes) -> float:
    total = len(sample)
    return -sum(count / total * math.log2(count / total) for count in Counter(sample).values())


def _layers(step: str, data: bytes, view: MemberView, opening: Opening, role: Role) -> Iterator[MemberView]:
    """The data itself, and what it decodes to."""
    stripped = data.lstrip(b"\0\r\n\t ")
    if opening.affords(role, len(stripped)):
        yield opening.layer(view, step, stripped, role=role)
    for number, layer in enumerate(unfold(stripped[:_LONGEST_STREAM].strip(), 3)):
        if number < _LAYERS and opening.affords(role, len(layer.data)):
            yield opening.layer(view, " → ".join((step, *layer.steps)), layer.data, role=role)


def _in_texts(view: MemberView, opening: Opening) -> Iterator[Finding | MemberView]:
    """Drawing programs store their drawing encoded in the picture; only a program is news."""
    for place, text in texts_in(view.data):
        if len(text) < _SMALLEST_TAIL:
            continue
        python = reads_as_python(text)
        if not python and not _is_base64(text) and b"<?php" not in text:
            continue
        role = opening.hidden_role(view)
        layers = list(_layers(place, text, view, opening, role))
        if python or b"<?php" in text or any(layer.is_python or content(layer.data).native for layer in layers):
            yield opening.found("program-in-picture-text", view, f"{place}: {len(text)} bytes", role=role)
        yield from layers


def _as_samples(kind: str, view: MemberView, opening: Opening) -> Iterator[Finding | MemberView]:
    """Sounds whose samples are text: base64 has no silence in it."""
    if kind != "riff" or view.data[8:12] != b"WAVE":
        return
    at = view.data.find(b"data", 12, 4096)
    sample = view.data[at + 8 : at + 8 + 4096] if at > 0 else b""
    if len(sample) < 400 or not (_BASE64.match(_joined(sample)) or reads_as_python(view.data[at + 8 :])):  # noqa: PLR2004 # a sound
        return
    samples = view.data[at + 8 :]
    role = opening.hidden_role(view)
    yield opening.found("text-in-place-of-samples", view, repr(samples[:60])[2:-1], role=role)
    yield from _layers("samples", samples, view, opening, role)


def _mistaken(suffix: str, view: MemberView, opening: Opening) -> Iterator[Finding | MemberView]:
    """Python, or encoded text, under the name of something else."""
    data = view.data
    if not data or len(data) > MAX_PARSE_BYTES or b"\0" in data[:4096]:
        return
    media = suffix in _MEDIA
    statements = _statements(data) if view.is_python or reads_as_python(data) else 0
    if statements >= _STATEMENTS or (media and statements):
        aside = opening.around.is_aside(view.name)
        role = opening.role(view) if aside and not media else opening.hidden_role(view)
        yield opening.ruleset.finding(
            "program-under-another-name",
            role=role,
            member=view.name,
            snippet=f"Python with {statements} statements in a {suffix} file",
            layers=view.layers,
            severity=Severity.HIGH if media else Severity.LOW if aside else Severity.MEDIUM,
        )
        if not view.is_python:
            yield opening.layer(view, "Python", data, role=role, is_python=True)
    elif media and _is_base64(data):
        role = opening.hidden_role(view)
        yield opening.found("encoded-under-a-mediums-name", view, f"base64 in a {suffix} file", role=role)
        yield from _layers("text", data, view, opening, role)
    elif _is_base64(data) and opening.role(view) in RUNNING_ROLES:
        yield from _layers("text", data, view, opening, opening.role(view))


def _statements(data: bytes) -> int:
    """Statements of the Python source `data`: calls, imports, definitions and assignments, not mere words."""
    try:
        tree = parse(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return 0
    return sum(not isinstance(node, ast.Expr) or isinstance(node.value, ast.Call | ast.Await) for node in tree.body)
