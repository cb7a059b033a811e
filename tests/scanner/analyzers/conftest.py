"""What the tests of openers share: opening one member as `inspect` does, layers included."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

from scanner.analyzers.openers import OPENERS
from scanner.analyzers.opening import Opening, Surroundings
from scanner.model import Finding, Role
from tests.fixtures.views import artifact, plain_ruleset

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from scanner.analyzers.opening import Opener
    from scanner.view import MemberView


class Opened(NamedTuple):
    """What the openers made of an artifact."""

    findings: list[Finding]
    layers: list[MemberView]

    @property
    def rules(self) -> list[str]:
        return sorted({finding.rule for finding in self.findings})

    def layer(self, *steps: str) -> bytes:
        (found,) = [layer.data for layer in self.layers if layer.layers == steps]
        return found


def _opened(
    members: Mapping[str, bytes | str],
    *,
    filename: str = "x-1-py3-none-any.whl",
    roles: Mapping[str, Role] | None = None,
    only: Opener | None = None,
) -> Opened:
    """All that lies in the members, to all depths; members that are no Python are `never` unless said otherwise."""
    given = {name: Role.IMPORT if name.endswith(".py") else Role.NEVER for name in members} | dict(roles or {})
    view = artifact(filename, members, roles=given)
    opening = Opening(plain_ruleset(), Surroundings(view))
    opened = Opened([], [])
    waiting = list(view.members.values())
    while waiting:
        member = waiting.pop()
        for opener in [only] if only else OPENERS:
            for inner in opener(member, opening):
                if isinstance(inner, Finding):
                    opened.findings.append(inner)
                else:
                    opened.layers.append(inner)
                    waiting.append(inner)
    return opened


@pytest.fixture
def opened() -> Callable[..., Opened]:
    return _opened
