"""The `pratique` command. Each subcommand is imported when it is called, so that `pratique scan` starts quickly."""

from __future__ import annotations

from importlib import import_module
from typing import Final

import click

__all__ = ["main"]

#: Subcommand → the module and the name of its click command.
_COMMANDS: Final = {
    "config": ("pratique.commands.config", "config"),
    "doctor": ("pratique.commands.doctor", "doctor"),
    "import": ("pratique.commands.importing", "import_"),
    "keeper": ("pratique.commands.processes", "keeper"),
    "log": ("pratique.commands.log", "log"),
    "migrate": ("pratique.commands.processes", "migrate"),
    "namespace": ("pratique.commands.namespace", "namespace"),
    "rules": ("pratique.commands.rules", "rules"),
    "scan": ("pratique.commands.scan", "scan"),
    "serve": ("pratique.commands.serve", "serve"),
    "status": ("pratique.commands.status", "status"),
    "token": ("pratique.commands.token", "token"),
    "user": ("pratique.commands.user", "user"),
}


class _Lazy(click.Group):
    """A group that knows its commands by name and imports only the one that runs."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 # click's interface
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 # as above
        if cmd_name not in _COMMANDS:
            return None
        module, name = _COMMANDS[cmd_name]
        command = getattr(import_module(module), name)
        if not isinstance(command, click.Command):
            raise TypeError(f"{module}.{name} is {command!r}, expected a click command")
        return command


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="pratique")
def main() -> None:
    """A package index for Python that lets nothing out before it has been inspected."""
