"""Content negotiation of the Simple API (PEP 691): which of our three types a request gets."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
_NAMES = {
    **{kind.value: kind for kind in SimpleType},
    "application/vnd.pypi.simple.latest+html": SimpleType.HTML,
    "application/vnd.pypi.simple.latest+json": SimpleType.JSON,
}


def choose(accept: MIMEAccept, wanted: str | None = None) -> SimpleType | None:
    """The best type for an Accept header, or for `?format=`; HTML when nothing is asked, None when nothing fits."""
    if wanted is not None:
        return _NAMES.get(wanted)
    if not accept:
        return SimpleType.TEXT
    best = accept.best_match(list(_NAMES))
    return _NAMES[best] if best else None
