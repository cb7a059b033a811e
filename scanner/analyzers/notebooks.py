"""Notebooks: their code cells become a layer of Python, their shell lines a layer of shell."""

from __future__ import annotations

import json
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from scanner.model import RUNNING_ROLES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanner.analyzers.opening import Opening
    from scanner.model import Finding
    from scanner.view import MemberView

__all__ = ["notebooks"]

_SUFFIX: Final = ".ipynb"
#: Larger notebooks are matched as text only. Most of a large notebook is pictures.
_MOST: Final = 24 * 1024 * 1024
_MOST_CODE: Final = 1024 * 1024
_PYTHON_MAGICS: Final = ("time", "timeit", "capture", "prun", "python", "python3", "py")
_SHELL_MAGICS: Final = ("bash", "sh", "script", "cmd", "system")


def notebooks(view: MemberView, opening: Opening) -> Iterator[Finding | MemberView]:
    """The cells' Python without IPython's own syntax, and the commands that they give to a shell."""
    name = view.layers[-1] if view.layers else view.name
    if PurePosixPath(name).suffix.lower() != _SUFFIX:
        return
    if len(view.data) > _MOST:
        if opening.role(view) in RUNNING_ROLES:
            yield opening.found("notebook-unread", view, f"{len(view.data)} bytes; at most {_MOST} are read")
        return
    try:
        document = json.loads(view.data)
    except (ValueError, RecursionError):
        if opening.role(view) in RUNNING_ROLES:
            yield opening.found("notebook-unread", view, "not valid JSON")
        return
    code, shell = _split(document)
    for step, lines in (("cells", code), ("shell lines", shell)):
        text = "\n".join(lines).encode("utf-8", "replace")[:_MOST_CODE]
        if text.strip() and opening.affords(opening.role(view), len(text)):
            yield opening.layer(view, step, text + b"\n", is_python=step == "cells")


def _split(document: object) -> tuple[list[str], list[str]]:
    code: list[str] = []
    shell: list[str] = []
    for source in _sources(document):
        lines = source.splitlines()
        first = lines[0].strip() if lines else ""
        if first.startswith("%%"):
            magic = first[2:].split(" ")[0]
            lines = lines[1:]
            if magic in _SHELL_MAGICS:
                shell += lines
                continue
            if magic not in _PYTHON_MAGICS:
                continue
        for line in lines:
            stripped = line.strip()
            indent = line[: len(line) - len(line.lstrip())]
            if stripped.startswith(("!", "%sx", "%system")):
                shell.append(stripped.lstrip("!"))
                code.append(f"{indent}pass")
            elif stripped.startswith("%") or stripped.endswith("?"):
                code.append(f"{indent}pass")
            else:
                code.append(line)
    return code, shell


def _sources(document: object) -> Iterator[str]:
    """The source of each code cell, in notebooks of format 4 and 3."""
    if not isinstance(document, dict):
        return
    sheets = document.get("worksheets")
    holders = [document, *(sheets if isinstance(sheets, list) else [])]
    for holder in holders:
        cells = holder.get("cells") if isinstance(holder, dict) else None
        for cell in cells if isinstance(cells, list) else ():
            if not isinstance(cell, dict) or cell.get("cell_type") != "code":
                continue
            source = cell.get("source", cell.get("input", ""))
            if isinstance(source, list):
                yield "".join(part for part in source if isinstance(part, str))
            elif isinstance(source, str):
                yield source
