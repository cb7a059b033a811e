from __future__ import annotations

import ast
from hashlib import sha256
from typing import TYPE_CHECKING, Protocol

import pytest

from scanner.analyzers.behaviour import behaviour
from scanner.behaviour.module import walk
from scanner.model import ArtifactMetadata, MemberName, Role, Sha256Hex
from scanner.roles import roles
from scanner.ruleset import Ruleset
from scanner.view import ArtifactView, MemberView

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from scanner.behaviour.events import ModuleReport
    from scanner.model import Finding


class Found(Protocol):
    def __call__(self, source: str | Mapping[str, str], *, role: Role = Role.IMPORT) -> list[Finding]: ...


@pytest.fixture(scope="session")
def ruleset() -> Ruleset:
    return Ruleset.load()


@pytest.fixture(scope="session")
def report() -> Callable[[str], ModuleReport]:
    """What the engine notes of one module."""
    return lambda source: walk(ast.parse(source))


@pytest.fixture(scope="session")
def view() -> Callable[[Mapping[str, str | bytes], bool], ArtifactView]:
    return make_view


@pytest.fixture(scope="session")
def found(ruleset: Ruleset) -> Found:
    """What the behaviour analyser finds in one module, or in the members of a wheel or of an sdist (`pkg-1.0/…`)."""

    def find(source: str | Mapping[str, str], *, role: Role = Role.IMPORT) -> list[Finding]:
        if isinstance(source, str):
            member = _member(MemberName("pkg/module.py"), source.encode(), role)
            alone = ArtifactView("pkg-1.0.whl", True, ArtifactMetadata(), {member.name: member}, {member.name: role})
            return list(behaviour(alone, ruleset))
        return list(behaviour(make_view(source, not any(name.startswith("pkg-1.0/") for name in source)), ruleset))

    return find


def make_view(members: Mapping[str, str | bytes], is_wheel: bool) -> ArtifactView:
    data = {MemberName(n): d.encode() if isinstance(d, str) else d for n, d in members.items()}
    assigned = roles(list(data), data.__getitem__, is_wheel=is_wheel)
    views = {name: _member(name, content, assigned[name]) for name, content in data.items()}
    filename = "pkg-1.0-py3-none-any.whl" if is_wheel else "pkg-1.0.tar.gz"
    return ArtifactView(filename, is_wheel, ArtifactMetadata(), views, assigned)


def _member(name: MemberName, data: bytes, role: Role) -> MemberView:
    return MemberView(name, data, Sha256Hex(sha256(data).hexdigest()), role, is_python=name.endswith(".py"))
