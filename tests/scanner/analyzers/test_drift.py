from __future__ import annotations

import pytest

from scanner.analyzers.drift import drift
from scanner.model import ArtifactMetadata, Inspection, Role
from scanner.stable import stable_name
from tests.fixtures.views import inspection, plain_ruleset

ADA = ArtifactMetadata(name="x", author_email="ada@example.invalid", requires_dist=("Some.Thing>=1", "b; extra == 'c'"))
OLD = inspection(
    "x-1-py3-none-any.whl",
    members={"x/__init__.py": ("a", Role.IMPORT), "x-1.dist-info/METADATA": ("m", Role.NEVER)},
    metadata=ADA,
    capabilities=("network",),
)


def said(now: Inspection, *before: Inspection) -> list[tuple[str, str]]:
    return [(f.rule, f.snippet or f.member) for _, f in drift([now], before, plain_ruleset())]


def new(**changes: object) -> Inspection:
    given: dict[str, object] = {"metadata": ADA, "capabilities": ("network",), **changes}
    return inspection("x-2-py3-none-any.whl", **given)  # type: ignore[arg-type] # names and values of `inspection`


def test_a_release_like_the_one_before_says_nothing() -> None:
    assert said(new(members={"x/__init__.py": ("b", Role.IMPORT)}), OLD) == []


def test_a_first_release_is_compared_with_nothing() -> None:
    assert said(new(capabilities=("process",))) == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"capabilities": ("network", "process")}, ("new-capability", "process")),
        ({"members": {"x.pth": ("import x", Role.STARTUP)}}, ("new-startup-code", "x.pth")),
        ({"members": {"setup.py": ("s", Role.BUILD)}}, ("new-build-code", "setup.py")),
        (
            {"metadata": ArtifactMetadata(author_email="ada@example.invalid", requires_dist=("some-thing", "other"))},
            ("new-dependency", "other"),
        ),
        (
            {"metadata": ArtifactMetadata(author_email="eve@example.invalid")},
            ("changed-contacts", "eve@example.invalid"),
        ),
    ],
)
def test_what_is_new_is_found(changes: dict[str, object], expected: tuple[str, str]) -> None:
    assert said(new(**changes), OLD) == [expected]


def test_build_code_of_an_sdist_is_known_although_its_folder_has_another_version() -> None:
    before = inspection("x-1.tar.gz", members={"x-1/setup.py": ("s", Role.BUILD)}, metadata=ADA)
    now = inspection("x-2.tar.gz", members={"x-2/setup.py": ("t", Role.BUILD)}, metadata=ADA)
    assert said(now, before) == []


@pytest.mark.parametrize(
    ("name", "stable"),
    [
        ("x-1.0/setup.py", "x/setup.py"),
        ("x_y-1.0.dist-info/METADATA", "x_y.dist-info/METADATA"),
        ("x_y-1.0.data/scripts/run", "x_y.data/scripts/run"),
        ("x/part-2/mod.py", "x/part-2/mod.py"),
        ("x.py", "x.py"),
    ],
)
def test_names_without_the_version(name: str, stable: str) -> None:
    assert stable_name(name) == stable
