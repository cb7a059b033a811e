"""The next release that the benchmark makes is a sound distribution in which little has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmarks.changing import next_release
from benchmarks.remembering import build_small
from scanner.members import read_contents
from tests.fixtures.artifacts import benign_release, build_sdist, build_wheel

if TYPE_CHECKING:
    from tests.fixtures.artifacts import Artifact

MANY = {f"many/m{number:03}.py": f"X = {number}\n" for number in range(250)}


@pytest.mark.parametrize(
    ("artifact", "changed"),
    [
        (benign_release()[0], 1),
        (benign_release()[1], 1),
        (build_wheel("many", "1.0", MANY), 3),
        (build_sdist("many", "1.0", MANY), 3),
    ],
    ids=["small wheel", "small sdist", "wheel", "sdist"],
)
def test_one_python_member_in_a_hundred_is_another(artifact: Artifact, changed: int) -> None:
    new, counted, _ = next_release(artifact.data, artifact.filename)
    before, after = read_contents(artifact.data, artifact.filename), read_contents(new, artifact.filename)
    assert after.faults == before.faults == ()
    other = {name for name in before.hashes if before.hashes[name] != after.hashes[name]}
    assert counted == len({name for name in other if name.endswith(".py")}) == changed
    assert other <= {name for name in other if name.endswith((".py", "RECORD"))}


def test_the_small_wheel_is_sound_and_small() -> None:
    data = build_small()
    assert read_contents(data, "small-1.0-py3-none-any.whl").faults == ()
    assert 15_000 < len(data) < 25_000
