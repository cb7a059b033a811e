"""A release's description as HTML: rendered once, in a child with limits, and kept by the digest of its source."""

from __future__ import annotations

import subprocess
import sys
from hashlib import sha256
from threading import Semaphore
from typing import TYPE_CHECKING, Final

import structlog

from index.store.tables import RenderedDescription

if TYPE_CHECKING:
    from datetime import datetime

    from index.publish.describing import Source
    from index.services import Services

__all__ = ["LARGEST_SOURCE", "description_html"]

#: A longer one is shown as plain text.
LARGEST_SOURCE: Final = 200 * 1024

#: Part of the digest: raise it when the same source comes out in another form.
_FORM: Final = "1"
_WALL_SECONDS: Final = 15
_PATIENCE_SECONDS: Final = 1
_LARGEST_HTML: Final = 2 * 1024 * 1024
_CHILD: Final = (sys.executable, "-I", "-m", "index.publish.describing")

#: One child at a time in each process: a crawler must not take the whole machine.
_one_child: Final = Semaphore(1)
_log: Final = structlog.get_logger()


class _TookTooLong(Exception):
    """The machine was too busy: it may go better next time."""


def description_html(services: Services, source: Source, *, now: datetime) -> str | None:
    """Safe HTML of the description: no links, images, attributes or scripts; None where it is to be shown as text."""
    if source.is_plain or not source.text.strip() or len(source.text.encode()) > LARGEST_SOURCE:
        return None
    digest = sha256(f"{_FORM}\0{source.content_type}\0{source.text}".encode()).hexdigest()
    with services.database.read() as session:
        kept = session.get(RenderedDescription, digest)
    if kept is not None:
        return kept.html
    try:
        html = _render(source)
    except _TookTooLong:
        return None
    with services.database.write() as session:
        session.merge(RenderedDescription(digest=digest, html=html, created_at=now))
    return html


def _render(source: Source) -> str | None:
    """The HTML, or None where the source cannot be rendered within the limits.

    Raises:
        _TookTooLong: it may be able to at another time.
    """
    if not _one_child.acquire(timeout=_PATIENCE_SECONDS):
        raise _TookTooLong
    try:
        done = subprocess.run(  # noqa: S603 # our own module; the source goes in by its standard input
            _CHILD, input=source.encoded(), capture_output=True, timeout=_WALL_SECONDS, check=False, env={}
        )
    except subprocess.TimeoutExpired as error:
        raise _TookTooLong from error
    finally:
        _one_child.release()
    if done.returncode or len(done.stdout) > _LARGEST_HTML:
        _log.info("a description could not be rendered", status=done.returncode, size=len(done.stdout))
        return None
    return done.stdout.decode("utf-8", "replace") or None
