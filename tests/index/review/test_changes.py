from __future__ import annotations

from index.review.changes import compare
from scanner.model import ArtifactMetadata, Inspection, MemberFact, Role, RulesetHash, Sha256Hex


def inspection(
    filename: str, members: dict[str, str], *, requires: tuple[str, ...] = (), can: tuple[str, ...] = ()
) -> Inspection:
    return Inspection(
        sha256=Sha256Hex("0" * 64),
        filename=filename,
        engine="1",
        ruleset=RulesetHash("1" * 64),
        members=tuple(MemberFact(name, Sha256Hex(sha), 1, _role(name)) for name, sha in members.items()),
        metadata=ArtifactMetadata(requires_dist=requires),
        capabilities=can,
    )


def _role(name: str) -> Role:
    return Role.INSTALL if name.endswith("setup.py") else Role.IMPORT


def test_members_are_compared_without_the_version_in_their_folder() -> None:
    before = inspection("d-1.0.tar.gz", {"d-1.0/a.py": "a", "d-1.0/b.py": "b", "d-1.0/c.py": "c"})
    now = inspection("d-1.1.tar.gz", {"d-1.1/a.py": "a", "d-1.1/b.py": "B", "d-1.1/z.py": "z", "d-1.1/setup.py": "s"})
    changes = compare([now], [before])
    assert [one.member.name for one in changes.added] == [
        "d-1.1/setup.py",
        "d-1.1/z.py",
    ]  # what runs first stands first
    assert [one.member.name for one in changes.changed] == ["d-1.1/b.py"]
    assert changes.removed == ("d/c.py",)
    assert changes.unchanged == 1


def test_a_wheel_is_not_compared_with_an_sdist() -> None:
    changes = compare(
        [inspection("d-1.1-py3-none-any.whl", {"d/a.py": "a"})], [inspection("d-1.0.tar.gz", {"a.py": "a"})]
    )
    assert changes.added == changes.changed == ()
    assert changes.without_counterpart == ("d-1.1-py3-none-any.whl",)


def test_the_wheels_of_several_platforms_are_one_release() -> None:
    before = [inspection("d-1.0-cp311-cp311-linux_x86_64.whl", {"d/a.py": "a"})]
    before.append(inspection("d-1.0-cp311-cp311-win32.whl", {"d/b.py": "b"}))
    changes = compare([inspection("d-1.1-py3-none-any.whl", {"d/a.py": "a", "d/b.py": "b"})], before)
    assert (changes.added, changes.unchanged) == ((), 2)


def test_dependencies_and_capabilities_that_come_and_go() -> None:
    before = inspection("d-1.0.tar.gz", {}, requires=("old", "both"), can=("network",))
    now = inspection("d-1.1.tar.gz", {}, requires=("both", "new"), can=("process",))
    changes = compare([now], [before])
    assert (changes.added_dependencies, changes.removed_dependencies) == (("new",), ("old",))
    assert (changes.added_capabilities, changes.removed_capabilities) == (("process",), ("network",))
