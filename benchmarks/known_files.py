"""Lines for `rules/known/`: the hashes of files that public releases of well-known projects hold.

    python -m benchmarks.known_files [--member PATTERN]... ARTIFACT... [--whole] [--into FILE]

The artifacts are fetched beforehand by an ordinary client, which verifies them. `--whole` lists each artifact as one
file: wheels that others carry along. Else its members are listed of which some rule says something and that match a
`--member` pattern. With `--into`, lines that the file lacks are added to it, in order. Nothing is unpacked or run.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scanner.archive import walk
from scanner.inspect import inspect
from scanner.known import read_known
from scanner.model import Kind
from scanner.ruleset import Ruleset

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = ["lines_of", "merged"]

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def lines_of(path: Path, patterns: Sequence[str], ruleset: Ruleset | None) -> Iterator[str]:
    """One line for each member to be known; for the artifact itself, where no ruleset says what is worth a line.

    Raises:
        ArchiveRefused: the artifact is not sound; then it is nothing that anybody should know.
    """
    data = path.read_bytes()
    project, version = path.name.removesuffix(".tar.gz").split("-")[:2]
    if ruleset is None:
        yield f"{sha256(data).hexdigest()}  {project} {version} {path.name}"
        return
    told = {f.member for f in inspect(data, path.name, ruleset).findings if f.kind is not Kind.QUALITY}
    for member in walk(data, path.name):
        if member.name in told and any(fnmatchcase(member.name, pattern) for pattern in patterns):
            yield f"{sha256(member.data).hexdigest()}  {project} {version} {member.name}"


def merged(text: str, lines: Iterable[str]) -> str:
    """The list with the lines that it lacks, sorted by project, version and member; a hash stands there once."""
    comments = [line for line in text.splitlines() if line.startswith("#")]
    found = {line[:64]: line for line in (*lines, *(old for old in text.splitlines() if old and old[0] != "#"))}
    return "\n".join([*comments, *sorted(found.values(), key=lambda line: line[66:])]) + "\n"


@click.command()
@click.argument("artifacts", nargs=-1, required=True, type=_FILE)
@click.option("--member", "patterns", multiple=True, default=["*"], help="Pattern of members' names.")
@click.option("--whole", is_flag=True, help="List each artifact as one file.")
@click.option("--into", type=click.Path(dir_okay=False, path_type=Path), help="A list in rules/known/ to add to.")
def main(artifacts: tuple[Path, ...], patterns: tuple[str, ...], into: Path | None, *, whole: bool) -> None:
    """Hash, and print or add."""
    ruleset = None if whole else Ruleset.load()
    lines = [line for path in artifacts for line in lines_of(path, patterns, ruleset)]
    if into is None:
        click.echo("\n".join(lines))
        return
    text = merged(into.read_text(encoding="utf-8") if into.exists() else "", lines)
    read_known(into.name, text)
    into.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
