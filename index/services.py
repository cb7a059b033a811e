"""What the rooms of the index share: settings, database, blobs and the ruleset's name, made once in each process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from flask import current_app

from index.store.database import Database
from index.store.opening import open_blobs
from scanner.ruleset import DEFAULT_RULES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from index.settings import Settings
    from index.store.blobs import BlobStore

__all__ = ["Services", "current_services"]


def _silent() -> None:
    """No doorbell: the keeper finds the work."""


@dataclass(slots=True)
class Services:
    """One process's hands. Flask keeps it in `app.extensions["pratique"]`."""

    settings: Settings
    database: Database
    blobs: BlobStore
    ring: Callable[[], None] = _silent
    """Says "there is work" to the workers, after a commit. Never raises; a lost message is found by the keeper."""

    @classmethod
    def open(cls, settings: Settings) -> Self:
        """Services on what the settings name."""
        blobs = open_blobs(
            settings.resolved_blobs_url, copies=settings.copies_folder, copies_bytes=settings.blob_copies_bytes
        )
        return cls(settings, Database(settings.resolved_database_url), blobs)

    @property
    def rules_folder(self) -> Path:
        """Where the rules lie."""
        return self.settings.rules or DEFAULT_RULES


def current_services() -> Services:
    """The services of the Flask application that handles this request."""
    services = current_app.extensions["pratique"]
    assert isinstance(services, Services)  # noqa: S101 # set once, in the composition of the application
    return services
