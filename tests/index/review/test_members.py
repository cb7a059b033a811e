from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from index.review import members
from index.review.members import MemberMissing, read_member
from scanner.archive import walk
from scanner.model import Sha256Hex
from tests.fixtures.artifacts import build_sdist, build_wheel

if TYPE_CHECKING:
    from pathlib import Path

    from index.services import Services
    from tests.fixtures.artifacts import Artifact

WHEEL = build_wheel("demo", "1.0", {"demo/a.py": "first\n", "demo/b.py": "second\n"})
SDIST = build_sdist("demo", "1.0", {"a.py": "first\n", "b.py": "second\n"})


def stored(services: Services, folder: Path, data: bytes) -> str:
    digest = Sha256Hex(sha256(data).hexdigest())
    place = folder / "bytes"
    place.write_bytes(data)
    services.blobs.put(place, digest)
    place.unlink()
    return digest


@pytest.mark.parametrize(
    ("artifact", "member", "content"),
    [(WHEEL, "demo/b.py", b"second\n"), (SDIST, "demo-1.0/b.py", b"second\n"), (SDIST, "demo-1.0/a.py", b"first\n")],
)
def test_the_bytes_of_one_member(
    services: Services, tmp_path: Path, artifact: Artifact, member: str, content: bytes
) -> None:
    digest = stored(services, tmp_path, artifact.data)
    assert read_member(services.blobs, digest, artifact.filename, member) == content


@pytest.mark.parametrize("artifact", [WHEEL, SDIST])
@pytest.mark.parametrize("member", ["nothing.py", "../../etc/passwd", "/etc/passwd", "demo", ""])
def test_no_other_name_is_read(services: Services, tmp_path: Path, artifact: Artifact, member: str) -> None:
    digest = stored(services, tmp_path, artifact.data)
    with pytest.raises(MemberMissing):
        read_member(services.blobs, digest, artifact.filename, member)


@pytest.mark.parametrize("data", [b"", b"not an archive", WHEEL.data[:-7]])
@pytest.mark.parametrize("filename", ["demo-1.0-py3-none-any.whl", "demo-1.0.tar.gz"])
def test_what_is_no_archive_says_so(services: Services, tmp_path: Path, data: bytes, filename: str) -> None:
    with pytest.raises(MemberMissing, match="cannot be read"):
        read_member(services.blobs, stored(services, tmp_path, data), filename, "demo/a.py")


def test_an_artifact_that_is_gone_says_so(services: Services) -> None:
    with pytest.raises(MemberMissing, match="cannot be read"):
        read_member(services.blobs, "0" * 64, "demo-1.0.tar.gz", "demo-1.0/a.py")


def test_the_walk_stops_at_the_member(services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def counted(*arguments: object) -> object:
        for member in walk(*arguments):  # type: ignore[arg-type] # passed on
            seen.append(member.name)
            yield member

    monkeypatch.setattr(members, "walk", counted)
    read_member(services.blobs, stored(services, tmp_path, SDIST.data), SDIST.filename, "demo-1.0/a.py")
    assert "demo-1.0/a.py" in seen
    assert "demo-1.0/b.py" not in seen
