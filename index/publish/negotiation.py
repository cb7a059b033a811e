"""Content negotiation of the Simple API (PEP 691): which of our three types a request gets."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from werkzeug.datastructures import MIMEAccept

__all__ = ["SimpleType", "choose"]


class SimpleType(StrEnum):
    """The types that we serve; the first one wins a tie."""

    TEXT = "text/html"
    HTML = "application/vnd.pypi.simple.v1+html"
    JSON = "application/vnd.pypi.simple.v1+json"

    @property
    def content_type(self) -> str:
        """The Content-Type header of a page of this type."""
        return f"{self}; charset=utf-8" if self is SimpleType.TEXT else str(self)


#: `latest` is asked for, the real version is answered.
_LATEST: Final = {
    "application/vnd.pypi.simple.latest+html": SimpleType.HTML,
    "application/vnd.pypi.simple.latest+json": SimpleType.JSON,
}
_NAMES: Final = {**{kind.value: kind for kind in SimpleType}, **_LATEST}


def choose(accept: MIMEAccept, wanted: str | None = None) -> SimpleType | None:
    """The best type for an Accept header, or for `?format=`; HTML when nothing is asked, None when nothing fits.

    As RFC 9110, section 12.5.1 says, a type's quality is that of the most specific range that matches it, so that
    `text/html;q=0, */*` forbids `text/html`. Of equal qualities, that of the more specific range wins. Parameters are
    passed over: no type of ours has one that a client could want otherwise.
    """
    if wanted is not None:
        return _NAMES.get(wanted)
    if not accept:
        return SimpleType.TEXT
    asked: dict[str, float] = {}
    for value, quality in accept:
        name = value.partition(";")[0].strip().lower()
        asked[name] = max(quality, asked.get(name, 0.0))
    ranks = {kind: _rank(kind, asked) for kind in SimpleType}
    best = max(ranks, key=lambda kind: ranks[kind])
    return best if ranks[best][0] > 0 else None


def _rank(kind: SimpleType, asked: Mapping[str, float]) -> tuple[float, int]:
    """The quality of the type, and how specific the range is that says so."""
    ranges = (kind.value, f"{kind.value.partition('/')[0]}/*", "*/*")
    found = next(((asked[name], -place) for place, name in enumerate(ranges) if name in asked), (0.0, -len(ranges)))
    latest = [(asked[name], 0) for name, known in _LATEST.items() if known is kind and name in asked]
    return max([found, *latest])
