"""What the installed code of an artifact can do, in eight words, for the comparison with an earlier release."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from scanner.behaviour.patterns import COMMAND_PERSISTENCE, PERSISTENT_PLACE
from scanner.behaviour.reports import facts_of
from scanner.behaviour.values import CREDENTIAL, ENVIRONMENT, ENVIRONMENT_ALL
from scanner.behaviour.vocabulary import Effect
from scanner.model import RUNNING_ROLES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanner.behaviour.events import Event
    from scanner.view import ArtifactView

__all__ = ["capabilities"]

_BY_EFFECT: Final = {
    Effect.NETWORK: "network",
    Effect.DOWNLOAD: "network",
    Effect.RESOLVE: "network",
    Effect.PROCESS: "process",
    Effect.EXECUTE: "dynamic-code",
    Effect.DESERIALIZE: "dynamic-code",
    Effect.NATIVE: "native",
    Effect.WRITE: "filesystem-write",
    Effect.COPY: "filesystem-write",
    Effect.DELETE: "filesystem-write",
    Effect.REGISTRY: "persistence",
}


def capabilities(view: ArtifactView) -> tuple[str, ...]:
    """The sorted names of what code that runs can do."""
    found: set[str] = set()
    for facts in facts_of(view):
        if facts.member.role in RUNNING_ROLES:
            for event in facts.report.events:
                found.update(_of(event))
            if "environ" in facts.text or "getenv" in facts.text:
                found.add("environment")
    return tuple(sorted(found))


def _of(event: Event) -> Iterator[str]:
    try:
        if (name := _BY_EFFECT.get(Effect(event.what))) is not None:
            yield name
    except ValueError:
        return
    taint = event.value.taint
    if taint & CREDENTIAL:
        yield "credentials"
    if taint & (ENVIRONMENT | ENVIRONMENT_ALL):
        yield "environment"
    if event.what == Effect.WRITE and PERSISTENT_PLACE.search(event.text):
        yield "persistence"
    if event.what == Effect.PROCESS and COMMAND_PERSISTENCE.search(event.text):
        yield "persistence"
