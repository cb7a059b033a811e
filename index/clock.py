"""The one place where the index reads the time. Functions take `now`; their callers ask here."""

from __future__ import annotations

from datetime import UTC, datetime

__all__ = ["utcnow"]


def utcnow() -> datetime:
    """The present, aware, in UTC."""
    return datetime.now(UTC)
