"""`docs/upload-errors.md` as a page, so that the links in a refusal lead somewhere."""

from __future__ import annotations

import re
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Final

__all__ = ["errors_page", "to_html"]

_NAME: Final = "upload-errors.md"
#: Beside this module in an installed package (the wheel is told so in `pyproject.toml`), in `docs` in a checkout.
_PLACES: Final = (Path(__file__).resolve().parent / _NAME, Path(__file__).resolve().parents[2] / "docs" / _NAME)

_HEADING: Final = re.compile(r'(#{1,3}) (?:<a id="([a-z0-9-]+)"></a>)?(.*)', re.DOTALL)
_CODE: Final = re.compile(r"`([^`]*)`")


@lru_cache(maxsize=1)
def errors_page() -> bytes | None:
    """The page, or None where the documentation is not installed."""
    place = next((place for place in _PLACES if place.is_file()), None)
    if place is None:
        return None
    source = place.read_text("utf-8")
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Why an upload was refused - Pratique</title>\n</head>\n<body>\n<main>\n{to_html(source)}"
        "</main>\n</body>\n</html>\n"
    ).encode()


def to_html(markdown: str) -> str:
    """Headings, paragraphs and `code`: all the Markdown that the page needs. Everything else is text."""
    return "".join(_block(block) for block in re.split(r"\n{2,}", markdown.strip()))


def _block(block: str) -> str:
    if heading := _HEADING.fullmatch(block):
        level, anchor, text = len(heading[1]), heading[2], heading[3]
        attribute = f' id="{anchor}"' if anchor else ""
        return f"<h{level}{attribute}>{_inline(text)}</h{level}>\n"
    return f"<p>{_inline(block)}</p>\n"


def _inline(text: str) -> str:
    return _CODE.sub(r"<code>\1</code>", escape(text, quote=False))
