"""What was inspected before is not inspected again, and no artifact's child speaks for another artifact."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from scanner.cache import Cache
from scanner.model import ENGINE_VERSION, Inspection, encode
from scanner.ruleset import Ruleset
from scanner.sandbox import CachingSandbox, InspectionFailed, Sandbox
from tests.fixtures.artifacts import MALICIOUS, Artifact, benign_release, build_wheel
from tests.scanner.sandbox.lying import PAYLOAD

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LYING = "tests.scanner.sandbox.lying:inspect"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as opened:
        yield opened


@pytest.fixture(scope="module")
def liar() -> Iterator[Sandbox]:
    with Sandbox(entry=LYING) as opened:
        yield opened


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def never() -> Sandbox:
    raise AssertionError("the sandbox was needed")


def placed(artifact: Artifact, folder: Path) -> Path:
    path = folder / artifact.filename
    path.write_bytes(artifact.data)
    return path


ARTIFACTS = {case.filename: Artifact(case.filename, case.data) for case in MALICIOUS.values()} | {
    artifact.filename: artifact for artifact in benign_release()
}


@pytest.mark.parametrize("artifact", ARTIFACTS.values(), ids=ARTIFACTS)
def test_with_and_without_a_cache_the_inspection_is_the_same_byte_for_byte(
    artifact: Artifact, sandbox: Sandbox, cache: Cache, tmp_path: Path
) -> None:
    path = placed(artifact, tmp_path)
    plain = encode(sandbox.inspect(path, path.name))
    first = CachingSandbox(lambda: sandbox, cache, sandbox.ruleset_hash)
    assert encode(first.inspect(path, path.name)) == plain
    second = CachingSandbox(never, cache, sandbox.ruleset_hash)
    assert encode(second.inspect(path, path.name)) == plain


def test_a_release_is_the_same_with_and_without_the_one_before_as_its_base(
    sandbox: Sandbox, cache: Cache, tmp_path: Path
) -> None:
    shared: dict[str, bytes | str] = {"thing/__init__.py": "from . import payload\n", "thing/payload.py": PAYLOAD}
    old = placed(build_wheel("thing", "1.0", shared), tmp_path)
    new = placed(build_wheel("thing", "1.1", {**shared, "thing/more.py": "X = 1\n"}), tmp_path)
    caching = CachingSandbox(lambda: sandbox, cache, sandbox.ruleset_hash)
    base = caching.inspect(old, old.name).sha256
    assert encode(caching.inspect(new, new.name, base=base)) == encode(sandbox.inspect(new, new.name))


@pytest.mark.parametrize("change", ["bytes", "filename", "ruleset", "walls"])
def test_something_else_is_inspected_anew(change: str, sandbox: Sandbox, cache: Cache, tmp_path: Path) -> None:
    wheel, _ = benign_release()
    path = placed(wheel, tmp_path)
    caching = CachingSandbox(lambda: sandbox, cache, sandbox.ruleset_hash)
    caching.inspect(path, path.name)
    other = CachingSandbox(never, cache, sandbox.ruleset_hash)
    name = path.name
    if change == "bytes":
        path.write_bytes(wheel.data + b"\0")
    elif change == "filename":
        name = name.replace("-py3-", "-py2.py3-")
    elif change == "ruleset":
        other = CachingSandbox(never, cache, type(sandbox.ruleset_hash)("0" * 64))
    else:
        weaker = type("Weaker", (), {"level": ("rlimits",), "learn": lambda *_: never()})()
        other._sandbox = weaker
    with pytest.raises(AssertionError, match="the sandbox was needed"):
        other.inspect(path, name)


@pytest.mark.parametrize("harm", ["torn", "of another artifact", "of another shape"])
def test_an_entry_that_is_not_what_it_should_be_is_inspected_anew(
    harm: str, sandbox: Sandbox, cache: Cache, tmp_path: Path
) -> None:
    wheel, sdist = benign_release()
    path, other = placed(wheel, tmp_path), placed(sdist, tmp_path)
    caching = CachingSandbox(lambda: sandbox, cache, sandbox.ruleset_hash)
    plain = encode(caching.inspect(path, path.name))
    foreign = encode(caching.inspect(other, other.name))
    name = caching._name("inspection", sandbox.inspect(path, path.name).sha256, path.name)
    cache.write(name, {"torn": plain[:-9], "of another artifact": foreign, "of another shape": b"{}"}[harm])
    assert encode(caching.inspect(path, path.name)) == plain
    assert cache.read(name) == plain


def test_a_failure_is_not_remembered(cache: Cache, tmp_path: Path, poisoned: Sandbox) -> None:
    path = tmp_path / "artifact"
    path.write_bytes(b"any")
    caching = CachingSandbox(lambda: poisoned, cache, poisoned.ruleset_hash)
    with pytest.raises(InspectionFailed):
        caching.inspect(path, "segfault-1.0")
    assert list((tmp_path / "cache").iterdir()) == []


def test_an_inspection_in_which_an_analyser_broke_is_not_remembered(
    sandbox: Sandbox, cache: Cache, tmp_path: Path
) -> None:
    wheel, _ = benign_release()
    path = placed(wheel, tmp_path)
    found = sandbox.inspect(path, path.name)
    broken = Ruleset.load().finding("analysis-failed", role=found.members[0].role, member="")
    failing = Inspection(
        sha256=found.sha256, filename=path.name, engine=ENGINE_VERSION, ruleset=found.ruleset, findings=(broken,)
    )
    stub = type(
        "Stub", (), {"level": (), "ruleset_hash": sandbox.ruleset_hash, "learn": lambda *_: (failing, b"learned")}
    )()
    CachingSandbox(lambda: stub, cache, sandbox.ruleset_hash).inspect(path, path.name)
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_child_that_was_taken_over_vouches_for_no_other_artifact(
    sandbox: Sandbox, liar: Sandbox, cache: Cache, tmp_path: Path
) -> None:
    """It returns "clean" for a member that is a payload elsewhere: nobody asks it about that."""
    takeover = placed(build_wheel("taken", "1.0", {"taken/__init__.py": "# exploit\n"}), tmp_path)
    said = CachingSandbox(lambda: liar, cache, liar.ruleset_hash).inspect(takeover, takeover.name)
    assert said.findings == ()
    victim = placed(build_wheel("thing", "1.0", {"thing/__init__.py": "", "thing/payload.py": PAYLOAD}), tmp_path)
    plain = encode(sandbox.inspect(victim, victim.name))
    assert b"download-exec" in plain
    caching = CachingSandbox(lambda: sandbox, cache, sandbox.ruleset_hash)
    assert encode(caching.inspect(victim, victim.name)) == plain


def test_what_it_says_is_heard_only_where_its_artifact_is_named_as_the_base(
    sandbox: Sandbox, liar: Sandbox, cache: Cache, tmp_path: Path
) -> None:
    """The test above would be hollow if the lie could not be heard at all."""
    takeover = placed(build_wheel("taken", "1.0", {"taken/__init__.py": "# exploit\n"}), tmp_path)
    said = CachingSandbox(lambda: liar, cache, liar.ruleset_hash).inspect(takeover, takeover.name)
    victim = placed(build_wheel("thing", "1.0", {"thing/__init__.py": "", "thing/payload.py": PAYLOAD}), tmp_path)
    plain = sandbox.inspect(victim, victim.name)
    caching = CachingSandbox(lambda: sandbox, cache, sandbox.ruleset_hash)
    assert len(caching.inspect(victim, victim.name, base=said.sha256).findings) < len(plain.findings)
