"""A fence around an analyser: what breaks on hostile input becomes a finding, and nothing else breaks with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from scanner.model import Finding, Role

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from scanner.ruleset import Ruleset
    from scanner.view import MemberView

__all__ = ["failure", "fenced"]

_Found = TypeVar("_Found")


def fenced(
    name: str, start: Callable[[], Iterable[_Found]], ruleset: Ruleset, view: MemberView | None = None
) -> Iterator[_Found | Finding]:
    """What the analyser `name` finds; if it breaks, what it had found and the fact that it broke."""
    try:
        yield from start()
    except Exception as error:  # noqa: BLE001 # one analyser's end must not be the inspection's
        yield failure(name, error, ruleset, view)


def failure(name: str, error: Exception, ruleset: Ruleset, view: MemberView | None = None) -> Finding:
    """That the analyser `name` broke on the member, or on the artifact as a whole: then all of it may have run."""
    return ruleset.finding(
        "analysis-failed",
        role=view.role if view else Role.IMPORT,
        member=view.name if view else "",
        snippet=f"{name}: {type(error).__name__}",
        layers=view.layers if view else (),
    )
