"""`pratique doctor`: whether this machine can inspect safely, and what is missing if it cannot."""

from __future__ import annotations

import platform
import sys
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pratique.opening import read_settings
from scanner.provenance import TrustRoots, TrustRootsBroken
from scanner.ruleset import DEFAULT_RULES, Ruleset, RulesetBroken
from scanner.sandbox import LAYERS, Sandbox, SandboxLimits, SandboxUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.settings import Settings
    from scanner.policy import Policy

__all__ = ["Check", "State", "checks", "doctor"]


class State(StrEnum):
    """How a check came out."""

    OK = "ok"
    ABSENT = "absent"
    """Not there, and policy does not ask for it."""
    FAILED = "failed"
    """Not there, and needed: nothing is published by itself, or nothing can be inspected at all."""


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the answer."""

    what: str
    state: State
    detail: str


@click.command()
def doctor() -> None:
    """Show which walls hold around an inspection here, and whether rules and keys load.

    Ends with 0 when all that the policy requires is there, with 1 when something is missing.
    """
    done = list(checks(read_settings()))
    _show(done)
    sys.exit(1 if any(check.state is State.FAILED for check in done) else 0)


def checks(settings: Settings) -> Iterator[Check]:
    """Every check, in the order in which one depends on the other."""
    yield Check("python", State.OK, f"{platform.python_implementation()} {platform.python_version()}")
    yield Check("platform", State.OK, f"{platform.system()} {platform.release()} {platform.machine()}")
    yield _keys(settings)
    folder = settings.rules or DEFAULT_RULES
    try:
        ruleset = Ruleset.load(folder)
    except RulesetBroken as error:
        yield Check("rules", State.FAILED, str(error))
        yield Check("sandbox", State.FAILED, "not tried, as it needs the rules")
        return
    yield Check("rules", State.OK, f"{ruleset.hash[:16]}, {len(ruleset.rules)} rules in {folder}")
    limits = SandboxLimits(wall_seconds=settings.inspection_seconds, memory_bytes=settings.inspection_bytes)
    try:
        with Sandbox(folder, limits=limits) as sandbox:
            yield Check("sandbox", State.OK, f"starts; {limits.wall_seconds:g} s and {limits.memory_bytes} bytes each")
            yield from _layers(sandbox, ruleset.policy)
    except SandboxUnavailable as error:
        yield Check("sandbox", State.FAILED, str(error))


def _keys(settings: Settings) -> Check:
    roots = TrustRoots.from_file(settings.trusted_root) if settings.trusted_root else TrustRoots.production()
    try:
        _ = roots.verifier
    except TrustRootsBroken as error:
        return Check("attestations", State.FAILED, str(error))
    return Check("attestations", State.OK, f"verified with the keys of {roots.source}")


def _layers(sandbox: Sandbox, policy: Policy) -> Iterator[Check]:
    """Each layer, then each thing that the policy requires."""
    for layer in LAYERS:
        if layer in sandbox.level:
            yield Check(f"layer {layer}", State.OK, "holds")
        else:
            yield Check(f"layer {layer}", State.ABSENT, sandbox.missing.get(layer, "not told why"))
    for choice in policy.required_sandbox:
        holding = [layer for layer in choice if layer in sandbox.level]
        state = State.OK if holding else State.FAILED
        detail = ", ".join(holding) or "none of them holds: nothing is published by itself"
        yield Check(f"requires {' or '.join(choice)}", state, detail)


def _show(done: list[Check]) -> None:
    """A table on a terminal; elsewhere a line for each check, its fields separated by tabs."""
    console = Console()
    if not console.is_terminal:
        for check in done:
            click.echo(f"{check.state.value}\t{check.what}\t{' '.join(check.detail.split())}")
        return
    colours = {State.OK: "green", State.ABSENT: "yellow", State.FAILED: "bold red"}
    table = Table("check", "state", "detail")
    for check in done:
        table.add_row(Text(check.what), Text(check.state.value, colours[check.state]), Text(check.detail))
    console.print(table)
