"""`pratique config`: every setting, its value here, and what it does."""

from __future__ import annotations

import click

from index.settings import Settings
from pratique.opening import read_settings

__all__ = ["config"]

_SECRET = ("database_url", "broker_url", "mail_url", "upstream_url")


@click.command()
def config() -> None:
    """Print every setting with its value and meaning. Passwords in URLs are masked."""
    settings = read_settings()
    for name, field in Settings.model_fields.items():
        value = getattr(settings, name)
        shown = _masked(str(value)) if name in _SECRET else _plain(value)
        click.echo(f"# {field.description}\nPRATIQUE_{name.upper()}={shown}\n")


def _plain(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, tuple):
        return ",".join(str(part) for part in value)
    return str(value)


def _masked(url: str) -> str:
    scheme, found, rest = url.partition("://")
    account, at, host = rest.rpartition("@")
    user = account.partition(":")[0]
    return f"{scheme}{found}{user}:***{at}{host}" if at else url
