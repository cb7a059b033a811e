"""How each process of the front door opens: settings from the environment, logging, services."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click
from pydantic import ValidationError

from index.settings import Settings

if TYPE_CHECKING:
    from index.services import Services

__all__ = ["open_services", "read_settings"]


def read_settings() -> Settings:
    """The settings of the environment; ends the process with status 64 and one line for each fault otherwise."""
    try:
        return Settings()
    except ValidationError as error:
        for fault in error.errors():
            name = "_".join(str(part) for part in fault["loc"]).upper()
            click.echo(f"PRATIQUE_{name} is {fault['input']!r}: {fault['msg']}", err=True)
        sys.exit(64)


def open_services(process: str) -> Services:
    """Logging is set up and the services stand on what the settings name, with a doorbell that rings the workers."""
    from index.hold.queue import doorbell, make_celery
    from index.logs import configure_logging
    from index.services import Services

    settings = read_settings()
    configure_logging(settings, process)
    services = Services.open(settings)
    services.ring = doorbell(make_celery(settings))
    return services
