"""Fixtures that are texts: many small programs in one file, each under a line that begins with `===`."""

from __future__ import annotations

from pathlib import Path


def fixtures(filename: str, replaced: dict[str, str] | None = None) -> list[tuple[str, str]]:
    """The names and programs of a file beside this one, with what stands for long literals replaced."""
    text = Path(__file__).with_name(filename).read_text(encoding="utf-8")
    for placeholder, literal in (replaced or {}).items():
        text = text.replace(placeholder, literal)
    parts = text.split("\n=== ")[1:]
    return [(name, source.strip("\n") + "\n") for name, _, source in (part.partition("\n") for part in parts)]
