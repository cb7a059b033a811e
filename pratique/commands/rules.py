"""`pratique rules`: check the rules of a folder, list them, and try them on a file."""

from __future__ import annotations

import sys
import sysconfig
import time
from pathlib import Path
from typing import Final

import click

from scanner.analyzers.text import Places
from scanner.formats.scanned import visible
from scanner.model import RuleId, Severity
from scanner.rulecheck import check_rules, count_rules, measure
from scanner.ruleset import DEFAULT_RULES, MatchTimeout, Ruleset, RulesetBroken

__all__ = ["rules"]

_TIMEOUT_SECONDS: Final = 60
_SPEED_BYTES: Final = 8_000_000
_folder = click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=DEFAULT_RULES,
    help="The rules to use; those of this version when left out.",
)


@click.group()
def rules() -> None:
    """The rules by which uploads are inspected."""


@rules.command()
@_folder
def check(folder: Path) -> None:
    """Compile, lint and test the rules. Exit 1 lists what is wrong."""
    report = check_rules(folder)
    for problem in report.problems:
        click.echo(visible(problem))
    if report.problems:
        click.echo(f"{len(report.problems)} problems. These rules cannot become active.", err=True)
        sys.exit(1)
    click.echo(f"{report.rules} rules, {report.cases} tests, no problem.")


@rules.command("list")
@_folder
def list_(folder: Path) -> None:
    """One line per rule: id, kind, severity, confidence and title, separated by tabs."""
    for _, info in sorted(_load(folder).rules.items()):
        click.echo(f"{info.id}\t{info.kind}\t{info.severity}\t{info.confidence}\t{info.title}")


@rules.command()
@click.argument("rule")
@_folder
def show(rule: str, folder: Path) -> None:
    """Everything that RULE says of itself."""
    ruleset = _load(folder)
    info = ruleset.rules.get(RuleId(rule))
    if info is None:
        click.echo(f"No rule has the id {visible(rule)!r}; `pratique rules list` shows all ids.", err=True)
        sys.exit(1)
    facts = {
        "kind": info.kind,
        "severity": info.severity,
        "confidence": info.confidence,
        "technique": info.technique,
        "roles": ", ".join(info.roles),
        "members": ", ".join(info.members),
        "reference": info.reference,
        "false positives": info.false_positives,
    }
    click.echo(f"{info.id}: {info.title}\n\n{info.meaning}\n")
    for name, value in facts.items():
        if value:
            click.echo(f"{name:16}{value}")


@rules.command()
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_folder
def test(path: Path, folder: Path) -> None:
    """Which YARA rules hit the bytes of PATH, and where. Roles and member names are not asked here."""
    ruleset = _load(folder)
    data = path.read_bytes()
    try:
        matches = ruleset.match(data, timeout_seconds=_TIMEOUT_SECONDS)
    except MatchTimeout as error:
        click.echo(str(error), err=True)
        sys.exit(1)
    places = Places(data)
    for match in matches:
        place = places.of(match)
        where = f"{place.line}:{place.column}" if place.line else f"byte {match.offset}"
        click.echo(f"{match.rule}\t{ruleset.rules[match.rule].severity}\t{where}\t{visible(place.snippet)}")
    if not matches:
        click.echo("No rule hits.", err=True)


@rules.command()
@_folder
@click.option("--speed", is_flag=True, help="Also measure how fast YARA is on the source of Python itself.")
def stats(folder: Path, *, speed: bool) -> None:
    """How many rules there are, by kind and severity."""
    ruleset = _load(folder)
    click.echo("\t".join(("kind", *Severity, "all")))
    for kind, counts in sorted(count_rules(ruleset).items()):
        click.echo("\t".join((kind, *(str(counts[severity]) for severity in Severity), str(counts.total()))))
    click.echo(f"ruleset {ruleset.hash}")
    if speed:
        click.echo(f"YARA: {measure(ruleset, _python_source(), timer=time.process_time, rounds=3):.0f} MB/s of a core")


def _python_source() -> bytes:
    """Some megabytes of the standard library's own source."""
    library = Path(sysconfig.get_path("stdlib"))
    found = bytearray()
    for path in sorted(library.rglob("*.py")):
        if len(found) >= _SPEED_BYTES:
            break
        found += path.read_bytes()
    return bytes(found)


def _load(folder: Path) -> Ruleset:
    try:
        return Ruleset.load(folder)
    except RulesetBroken as error:
        for line in str(error).splitlines():
            click.echo(visible(line), err=True)
        sys.exit(1)
