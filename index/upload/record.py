"""A refused upload leaves one thing behind: an entry in the log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import structlog

from index.audit.log import Event, append
from scanner.archive import shown

if TYPE_CHECKING:
    from datetime import datetime

    from index.services import Services
    from index.upload.auth import Uploader
    from index.upload.faults import UploadRefused
    from index.upload.form import UploadForm

__all__ = ["record_refusal"]

_log: Final = structlog.get_logger()

_FILENAME: Final = 200  # of 300 characters that a subject may have
_CODE: Final = 64


def record_refusal(
    services: Services, form: UploadForm, uploader: Uploader, refusal: UploadRefused, *, now: datetime
) -> None:
    """The log says who tried to upload which bytes under which name, and the first code of the refusal.

    A log that cannot be written changes nothing for the uploader: the answer is a refusal anyway.
    """
    event = Event(
        actor=uploader.actor,
        action="upload.refused",
        subject=f"file:{shown(form.content.filename, _FILENAME)[1:-1][:_FILENAME]}",
        new=refusal.faults[0].code[:_CODE],
        evidence=form.content.sha256,
    )
    try:
        services.database.write_together(lambda session: append(session, event, now=now))
    except Exception:  # noqa: BLE001 # logged; whatever it is, the uploader hears of the refusal
        _log.exception("a refused upload could not be recorded")
