"""The plain search: projects in whose name or summary every word stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from packaging.utils import canonicalize_name
from sqlalchemy import and_, case, func, or_, select

from index.store.tables import Listing

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

__all__ = ["Found", "search"]

_PER_PAGE: Final = 20
_MOST_WORDS: Final = 8
_LONGEST: Final = 200
_LAST_PAGE: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One page of results."""

    rows: tuple[Listing, ...]
    total: int
    page: int
    pages: int


def search(session: Session, text: str, page: int) -> Found:
    """Visible projects that have every word of `text` (all projects, where it is empty), the best first."""
    words = text[:_LONGEST].lower().split()[:_MOST_WORDS]
    matches = and_(True, *(_has(word) for word in words))  # noqa: FBT003 # SQLAlchemy's neutral element
    total = session.scalar(select(func.count()).select_from(Listing).where(matches)) or 0
    pages = min(max(1, -(-total // _PER_PAGE)), _LAST_PAGE)
    page = min(max(page, 1), pages)
    query = select(Listing).where(matches).order_by(*_order(words)).offset((page - 1) * _PER_PAGE).limit(_PER_PAGE)
    return Found(rows=tuple(session.scalars(query)), total=total, page=page, pages=pages)


def _has(word: str) -> ColumnElement[bool]:
    return or_(
        Listing.project.contains(canonicalize_name(word), autoescape=True),
        func.lower(Listing.summary).contains(word, autoescape=True),
    )


def _order(words: list[str]) -> tuple[ColumnElement[int] | ColumnElement[str], ...]:
    """The project of that very name, names that begin with it, names that have it, then summaries."""
    name = canonicalize_name(" ".join(words).replace(" ", "-"))
    rank = case(
        (Listing.project == name, 0),
        (Listing.project.startswith(name, autoescape=True), 1),
        (Listing.project.contains(name, autoescape=True), 2),
        else_=3,
    )
    return rank, Listing.project.expression
