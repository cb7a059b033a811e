"""`pratique scan`: what the index would find, said about files on this disk."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click

from pratique.commands.scan_requirements import Pinned, RequirementsRefused, read_requirements
from pratique.commands.scan_targets import NothingToScan, Target, targets
from scanner.assess import assess
from scanner.cache import Cache, CacheUnusable
from scanner.formats import Scanned, json_line, sarif, texts
from scanner.model import Inspection, Outcome, Sha256Hex, SubmissionFacts
from scanner.ruleset import Ruleset, RulesetBroken
from scanner.sandbox import CachingSandbox, InspectionFailed, Sandbox, SandboxUnavailable, hash_of

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
_MOST_JOBS: Final = 4


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
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path, allow_dash=True))
@click.option("--format", "format_", type=click.Choice(["text", "json", "sarif"]), default="text", show_default=True)
@click.option(
    "--requirements", "-r", multiple=True, type=_FILE, help="Scan what this file pins; every line needs its hashes."
)
@click.option("--index-url", default="", help="Index for --requirements; the one that pip uses when not given.")
@click.option("--all-platforms", is_flag=True, help="Every file that --requirements lists, not only this platform's.")
@click.option("--previous", multiple=True, type=_FILE, help="A file of the release before, to compare with.")
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write here instead of to the terminal."
)
@click.option("--jobs", "-j", type=click.IntRange(1, 64), help="Inspections at once; as many as cores, at most 4.")
@click.option("--no-cache", is_flag=True, help="Inspect everything anew, and remember nothing.")
def scan(
    paths: tuple[Path, ...], format_: str, previous: tuple[Path, ...], output: Path | None, **options: Any
) -> None:
    """Inspect wheels and sdists without installing, importing or unpacking them.

    PATHS are files, folders (everything below that looks like a distribution), or - for a list of paths on standard
    input, one on each line. What was inspected before, by the same rules, is taken from a cache.

    Exit status: 0 when all are clear, 1 when there is something to look at, 2 when something could not be scanned and
    nothing else is to look at, 64 for wrong use.
    """
    wanted = _wanted(paths, options["requirements"])
    try:
        ruleset = Ruleset.load()
        with TemporaryDirectory() as folder, _opened(ruleset, use_cache=not options["no_cache"]) as sandbox:
            fetched, missing = _fetched(options, Path(folder))
            before = [_previous(sandbox, path) for path in previous]
            seen = list(_inspected(sandbox, [*wanted, *fetched], before, options["jobs"]))
            scanned = [*_judged(seen, before, ruleset), *(_not_there(*one, ruleset) for one in missing)]
    except (RulesetBroken, SandboxUnavailable) as error:
        _give_up(f"Nothing was scanned: {error}")
    _write(_rendered(scanned, format_, ruleset, colour=output is None), output)
    sys.exit(_status(scanned))


def _wanted(paths: Sequence[Path], requirements: Sequence[Path]) -> list[Target]:
    if not paths and not requirements:
        raise _WrongUse("Nothing to scan: expected files, folders, - or --requirements FILE.")
    try:
        return targets(paths, map(os.fsdecode, sys.stdin.buffer))
    except NothingToScan as error:
        raise _WrongUse(str(error)) from error


@contextmanager
def _opened(ruleset: Ruleset, *, use_cache: bool) -> Iterator[CachingSandbox]:
    """A sandbox that is started when it is needed."""
    cache = None
    if use_cache:
        home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        try:
            cache = Cache(home / "pratique" / "inspections")
        except CacheUnusable as error:
            click.echo(f"Scanning without a cache: {error}", err=True)
    sandbox = CachingSandbox(Sandbox, cache, ruleset.hash)
    try:
        yield sandbox
    finally:
        sandbox.close()


def _fetched(options: dict[str, Any], folder: Path) -> tuple[list[Target], list[tuple[Pinned, str]]]:
    """The files that requirements stand for, and the requirements that could not be fetched, with the reason."""
    if not options["requirements"]:
        return [], []
    from pratique.commands.scan_fetching import CannotFetch, Fetcher

    found: list[Target] = []
    missing: list[tuple[Pinned, str]] = []
    for file in options["requirements"]:
        try:
            wanted = read_requirements(file.read_text(encoding="utf-8"))
        except (RequirementsRefused, OSError, ValueError) as error:
            raise _WrongUse(f"{file}: {error}") from error
        fetcher = Fetcher(folder, options["index_url"] or wanted.index, everything=options["all_platforms"])
        for pinned in wanted.pinned:
            try:
                found += [Target(path, path.name) for path in fetcher.fetch(pinned)]
            except CannotFetch as error:
                missing.append((pinned, f"not fetched, and so not scanned: {error}"))
    return found, missing


def _previous(sandbox: CachingSandbox, path: Path) -> Inspection:
    try:
        return sandbox.inspect(path, path.name)
    except InspectionFailed as error:
        _give_up(f"The previous release {path} could not be inspected: {error}")


def _give_up(message: str) -> NoReturn:
    click.echo(message, err=True)
    sys.exit(2)


def _inspected(
    sandbox: CachingSandbox, wanted: Sequence[Target], before: Sequence[Inspection], jobs: int | None
) -> Iterator[tuple[Target, Inspection | InspectionFailed]]:
    """Each file with its inspection, or with why there is none, in their order."""
    inspect = partial(_one, sandbox, before)
    with _progress(len(wanted)) as advance, ThreadPoolExecutor(jobs or min(_MOST_JOBS, os.cpu_count() or 1)) as pool:
        for target, result in zip(wanted, pool.map(inspect, wanted), strict=True):
            yield target, result
            advance(target.shown)


def _one(sandbox: CachingSandbox, before: Sequence[Inspection], target: Target) -> Inspection | InspectionFailed:
    """A file of the release before, of the same kind, may speak for the members that did not change."""
    name = target.path.name
    base = next((old.sha256 for old in before if old.filename.endswith(".whl") == name.endswith(".whl")), None)
    try:
        return sandbox.inspect(target.path, name, base=base)
    except InspectionFailed as error:
        return error


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
    seen: Sequence[tuple[Target, Inspection | InspectionFailed]], before: Sequence[Inspection], ruleset: Ruleset
) -> Iterator[Scanned]:
    found = [result for _, result in seen if isinstance(result, Inspection)]
    for target, result in seen:
        if isinstance(result, Inspection):
            verdict = assess(_facts(result, found, before), ruleset)
            yield Scanned(target.shown, result.sha256, verdict, result)
        else:
            yield _failed(target.shown, target.path.name, hash_of(target.path), str(result), ruleset)


def _not_there(pinned: Pinned, why: str, ruleset: Ruleset) -> Scanned:
    return _failed(str(pinned), str(pinned), Sha256Hex(min(pinned.hashes)), why, ruleset)


def _failed(shown: str, name: str, sha256: Sha256Hex, why: str, ruleset: Ruleset) -> Scanned:
    name = name.encode("utf-8", "backslashreplace").decode()  # names of files may be bytes that are no text
    facts = SubmissionFacts(project=name, version="", artifacts=(), failed=(name,))
    return Scanned(shown, sha256, assess(facts, ruleset), failure=why)


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


def _rendered(scanned: list[Scanned], format_: str, ruleset: Ruleset, *, colour: bool) -> str:
    if format_ == "sarif":
        return sarif(scanned, ruleset)
    if format_ == "json":
        return "".join(f"{json_line(one)}\n" for one in scanned)
    paint = _paint if colour and sys.stdout.isatty() and "NO_COLOR" not in os.environ else _plain
    return texts(scanned, ruleset.policy, paint)


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
