"""`pratique scan`: what the index would find, said about files on this disk."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

import click

from scanner.assess import assess
from scanner.formats import Scanned, json_line, sarif, text
from scanner.model import Inspection, Outcome, Sha256Hex, SubmissionFacts
from scanner.ruleset import Ruleset, RulesetBroken
from scanner.sandbox import InspectionFailed, Sandbox, SandboxUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

__all__ = ["scan"]

_COLOURS: Final = {
    Outcome.CLEAR: "green",
    Outcome.FLAGGED: "yellow",
    Outcome.MALICIOUS: "red",
    Outcome.UNSCANNABLE: "magenta",
}
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


class _WrongUse(click.UsageError):
    """Wrong options or arguments: `EX_USAGE` of sysexits.h."""

    exit_code = 64


class _Command(click.Command):
    """A command whose wrong use has an exit code of its own: 1 and 2 say something about artifacts."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            raise _WrongUse(error.format_message(), ctx) from error


@click.command(cls=_Command)
@click.argument("paths", nargs=-1, required=True, type=_FILE)
@click.option("--format", "format_", type=click.Choice(["text", "json", "sarif"]), default="text", show_default=True)
@click.option("--previous", multiple=True, type=_FILE, help="A file of the release before, to compare with.")
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write here instead of to the terminal."
)
def scan(paths: tuple[Path, ...], format_: str, previous: tuple[Path, ...], output: Path | None) -> None:
    """Inspect wheels and sdists without installing, importing or unpacking them.

    Exit status: 0 when all are clear, 1 when there is something to look at, 2 when something could not be scanned and
    nothing else is to look at, 64 for wrong use.
    """
    try:
        ruleset = Ruleset.load()
        with Sandbox() as sandbox:
            before = [_previous(sandbox, path) for path in previous]
            seen = list(_inspected(sandbox, paths))
    except (RulesetBroken, SandboxUnavailable) as error:
        _give_up(f"Nothing was scanned: {error}")
    scanned = _judged(seen, before, ruleset)
    _write(_rendered(scanned, format_, ruleset, colour=output is None), output)
    sys.exit(_status(scanned))


def _previous(sandbox: Sandbox, path: Path) -> Inspection:
    try:
        return sandbox.inspect(path, path.name)
    except InspectionFailed as error:
        _give_up(f"The previous release {path} could not be inspected: {error}")


def _give_up(message: str) -> NoReturn:
    click.echo(message, err=True)
    sys.exit(2)


def _inspected(sandbox: Sandbox, paths: Sequence[Path]) -> Iterator[tuple[Path, Inspection | InspectionFailed]]:
    """Each file with its inspection, or with why there is none."""
    with _progress(len(paths)) as advance:
        for path in paths:
            try:
                yield path, sandbox.inspect(path, path.name)
            except InspectionFailed as error:
                yield path, error
            advance(path.name)


@contextmanager
def _progress(total: int) -> Iterator[Callable[[str], None]]:
    """A bar on the terminal where there is more than one file to wait for; it goes to standard error."""
    if total <= 1 or not sys.stderr.isatty():
        yield lambda _name: None
        return
    # Slow to import, and only for people who wait.
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total)
        yield lambda _name: bar.advance(task)


def _judged(
    seen: Iterable[tuple[Path, Inspection | InspectionFailed]], before: Sequence[Inspection], ruleset: Ruleset
) -> list[Scanned]:
    seen = list(seen)
    found = [result for _, result in seen if isinstance(result, Inspection)]
    scanned = []
    for path, result in seen:
        if isinstance(result, Inspection):
            verdict = assess(_facts(result, found, before), ruleset)
            scanned.append(Scanned(str(path), result.sha256, verdict, result))
        else:
            facts = SubmissionFacts(project=path.name, version="", artifacts=(), failed=(path.name,))
            scanned.append(Scanned(str(path), _sha256(path), assess(facts, ruleset), failure=str(result)))
    return scanned


def _facts(inspection: Inspection, found: Sequence[Inspection], before: Sequence[Inspection]) -> SubmissionFacts:
    """The facts of one file; the other files of the same release that are scanned with it are its siblings."""
    own = inspection.metadata
    siblings = tuple(
        other
        for other in found
        if other is not inspection and (other.metadata.name, other.metadata.version) == (own.name, own.version)
    )
    return SubmissionFacts(
        project=own.name or inspection.filename,
        version=own.version,
        artifacts=(inspection,),
        siblings=siblings if own.name else (),
        previous=tuple(before),
    )


def _sha256(path: Path) -> Sha256Hex:
    with path.open("rb") as handle:
        digest = sha256()
        while chunk := handle.read(1 << 20):
            digest.update(chunk)
    return Sha256Hex(digest.hexdigest())


def _rendered(scanned: list[Scanned], format_: str, ruleset: Ruleset, *, colour: bool) -> str:
    if format_ == "sarif":
        return sarif(scanned, ruleset)
    if format_ == "json":
        return "".join(f"{json_line(one)}\n" for one in scanned)
    paint = _paint if colour and sys.stdout.isatty() and "NO_COLOR" not in os.environ else _plain
    return "\n".join(text(one, ruleset.policy, paint) for one in scanned)


def _paint(word: str, outcome: Outcome) -> str:
    return click.style(word, fg=_COLOURS[outcome], bold=True)


def _plain(word: str, _outcome: Outcome) -> str:
    return word


def _write(rendered: str, output: Path | None) -> None:
    if output is None:
        click.echo(rendered, nl=False)
        return
    try:
        output.write_text(rendered, encoding="utf-8")
    except OSError as error:
        _give_up(f"The report could not be written to {output}: {error}")


def _status(scanned: Iterable[Scanned]) -> int:
    outcomes = {one.verdict.outcome for one in scanned}
    if outcomes & {Outcome.FLAGGED, Outcome.MALICIOUS}:
        return 1
    return 2 if Outcome.UNSCANNABLE in outcomes else 0
