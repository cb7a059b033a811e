"""`pratique import`: the files of a folder or of another index, through the same checks and the same hold."""

from __future__ import annotations

import sys
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from scanner.formats.scanned import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from index.mirror.importing import Imported
    from index.mirror.shelves import Collection
    from index.services import Services
    from index.upload.auth import Uploader

__all__ = ["import_"]

_REFUSED: Final = 1
_FAILED: Final = 2


@click.command(name="import")
@click.argument("source")
@click.option("--as", "username", required=True, metavar="USER", help="Whose projects they become.")
@click.option(
    "--project", "projects", multiple=True, metavar="NAME", help="Only this one; may be given more than once."
)
@click.option(
    "--file-host",
    "hosts",
    multiple=True,
    metavar="HOST[:PORT]",
    help="A host beside SOURCE's own that its files may lie on; may be given more than once.",
)
def import_(source: str, username: str, projects: tuple[str, ...], hosts: tuple[str, ...]) -> None:
    """Import the files of SOURCE: a folder, or the Simple API of another index (http://…/simple/).

    Every file passes the checks of an upload and is held until it was inspected, in the background. What is here
    already is passed over, so an import that was broken off is simply begun again.

    \b
    Exit status:
      0  every file is here
      1  some were refused; each with its reasons is printed
      2  some could not be had, and may be later; or nothing could be begun
    """  # noqa: D301 # click's own mark for text that is not wrapped again
    from index.mirror.importing import import_all
    from pratique.opening import open_services

    services = open_services("import")
    try:
        importer = _importer(services, username)
        with _collection(services, source, projects, hosts) as collection:
            counted = _told(import_all(services, collection, importer))
    finally:
        services.database.dispose()
    for line in _summary(counted):
        click.echo(line)
    sys.exit(_FAILED if counted["failed"] else _REFUSED if counted["refused"] else 0)


def _importer(services: Services, username: str) -> Uploader:
    from index.accounts.people import find_user
    from index.accounts.permissions import Person
    from index.upload.auth import Uploader

    with services.database.read() as session:
        user = find_user(session, username)
        if user is None or not user.active:
            raise click.UsageError(f"There is no active user {username!r}; `pratique user list` shows all.")
        return Uploader(
            token_id=None, user=Person(user.id, user.username, frozenset(), second_factor=False), project=None
        )


@contextmanager
def _collection(services: Services, source: str, projects: Iterable[str], hosts: Iterable[str]) -> Iterator[Collection]:
    """What `source` names."""
    from packaging.utils import canonicalize_name

    from index.mirror.shelves import Folder, OtherIndex
    from index.mirror.source import Source, SourceClient
    from index.mirror.upstream import source_limits

    names = frozenset(canonicalize_name(name) for name in projects)
    file_bytes = services.settings.upload_max_bytes
    if "://" not in source:
        path = Path(source)
        if not path.is_dir():
            raise click.UsageError(f"SOURCE is {source!r}: expected a folder that exists, or http://…/simple/.")
        yield Folder(path, file_bytes, names)
        return
    try:
        place = Source.parse(source, hosts)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    client = SourceClient(place, source_limits(services.settings, file_bytes=file_bytes))
    try:
        yield OtherIndex(client, names)
    finally:
        client.close()


def _told(imported: Iterable[Imported]) -> Counter[str]:
    """How many files came, by what became of them and by the state of what was here; the others are told at once."""
    from rich.console import Console

    counted: Counter[str] = Counter()
    console = Console(stderr=True)
    with console.status("Looking at the source") as status:  # shown on a terminal only
        for one in imported:
            _count(counted, one)
            status.update(f"{counted['received']} received, {counted['present']} here already")
    return counted


def _count(counted: Counter[str], one: Imported) -> None:
    counted[one.came] += 1
    if one.state is not None:
        counted[f"{one.came} {one.state}"] += 1
    if one.why:
        click.echo(_line(f"{one.came}: {one.what}: {' '.join(one.why)}"))


def _summary(counted: Counter[str]) -> Iterator[str]:
    from index.notify.words import STATES
    from index.store.tables import SubmissionState

    states = [(STATES[state].lower(), counted[f"present {state}"]) for state in SubmissionState]
    here = ", ".join(f"{count} {state}" for state, count in states if count)
    yield f"{counted['received']} received; they are inspected in the background."
    yield f"{counted['present']} here already" + (f" ({here})." if here else ".")
    yield f"{counted['refused']} refused."
    if counted["failed"]:
        yield f"{counted['failed']} could not be had. Begin the same import again: what is here is passed over."


def _line(text: str) -> str:
    """One line that does nothing to a terminal: names of files are a stranger's text."""
    return visible(" ".join(text.split()))
