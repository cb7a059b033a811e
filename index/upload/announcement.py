"""After the commit: the workers and the log hear of a file. Nothing of that can fail an upload."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

import structlog

if TYPE_CHECKING:
    from index.hold.intake import Receipt
    from index.services import Services

__all__ = ["announce"]

_log: Final = structlog.get_logger()


def announce(services: Services, receipt: Receipt, filename: str) -> None:
    """The workers and the log hear of it, if they can hear. The keeper finds what nobody heard of."""
    with suppress(Exception):  # a log that cannot be written
        structlog.contextvars.bind_contextvars(submission=receipt.submission_id)
        _log.info("file received", filename=filename, state=str(receipt.state), duplicate=receipt.duplicate)
    try:
        services.ring()
    except Exception:  # noqa: BLE001 # logged; whatever it is, the upload has succeeded
        with suppress(Exception):
            _log.exception("the doorbell is broken; the keeper will find the work")
