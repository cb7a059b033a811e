from __future__ import annotations

from scanner.analyzers.consistency import consistency
from scanner.model import ArtifactMetadata, Role
from tests.fixtures.views import inspection, plain_ruleset

WHEEL = "x-1-py3-none-any.whl"
SDIST = "x-1.tar.gz"
Members = dict[str, tuple[str, Role]]

SOURCE: Members = {
    "x-1/src/x/__init__.py": ("import a", Role.IMPORT),
    "x-1/src/x/part.py": ("part", Role.IMPORT),
    "x-1/setup.py": ("setup()", Role.BUILD),
    "x-1/tests/test_x.py": ("test", Role.TEST),
}
INSTALLED: Members = {"x/__init__.py": ("import a", Role.IMPORT), "x/part.py": ("part", Role.IMPORT)}


def said(wheel: Members, sdist: Members) -> list[tuple[str, str, str]]:
    pair = [inspection(WHEEL, members=wheel), inspection(SDIST, members=sdist)]
    return [(filename, f.rule, f.member) for filename, f in consistency(pair, plain_ruleset())]


def test_equal_modules_say_nothing_wherever_they_lie() -> None:
    assert said(INSTALLED, SOURCE) == []


def test_a_module_that_only_the_wheel_has_is_found() -> None:
    assert said({**INSTALLED, "x/extra.py": ("new", Role.IMPORT)}, SOURCE) == [
        (WHEEL, "wheel-not-from-sdist", "x/extra.py")
    ]


def test_startup_code_that_only_the_wheel_has_is_found() -> None:
    assert said({**INSTALLED, "x.pth": ("import x", Role.STARTUP)}, SOURCE) == [
        (WHEEL, "wheel-not-from-sdist", "x.pth")
    ]


def test_a_module_with_other_content_is_found() -> None:
    assert said({**INSTALLED, "x/part.py": ("changed", Role.IMPORT)}, SOURCE) == [
        (WHEEL, "wheel-differs-from-sdist", "x/part.py")
    ]


def test_a_module_that_no_wheel_installs_is_found_and_tests_are_not() -> None:
    assert said({"x/__init__.py": ("import a", Role.IMPORT)}, SOURCE) == [
        (SDIST, "sdist-module-not-in-wheel", "x-1/src/x/part.py")
    ]


def test_the_data_folder_is_where_it_installs_to() -> None:
    assert said({"x-1.data/purelib/x/part.py": ("part", Role.IMPORT), **INSTALLED}, SOURCE) == []


def test_metadata_that_differs_is_found_and_what_the_sdist_leaves_open_is_not() -> None:
    wheel = inspection(WHEEL, metadata=ArtifactMetadata(name="x", author="Bob", requires_dist=("b",)))
    sdist = inspection(SDIST, members=SOURCE, metadata=ArtifactMetadata(name="x", author="Ada"))
    found = [(filename, f.rule, f.snippet) for filename, f in consistency([wheel, sdist], plain_ruleset())]
    assert (WHEEL, "files-disagree", f"author: {SDIST}") in found
    assert not [text for _, _, text in found if text.startswith("requires_dist")]


def test_a_wheel_alone_is_compared_with_nothing() -> None:
    assert list(consistency([inspection(WHEEL, members=INSTALLED)], plain_ruleset())) == []
