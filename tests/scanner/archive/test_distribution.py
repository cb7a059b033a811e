"""What build tools write is accepted, and read as they meant it."""

from __future__ import annotations

import io
import tarfile
import tracemalloc
import zipfile
from typing import TYPE_CHECKING

import flit_core.buildapi  # type: ignore[import-untyped] # it ships no types
import hatchling.build
import pytest

from scanner.archive import ArchiveRefused, Limits, read_distribution, walk
from tests.hostile.dist_builder import INFO, METADATA, SDIST, TOP, WHEEL, sdist, wheel
from tests.hostile.tar_builder import member

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

PYPROJECT = """
[build-system]
requires = ["{backend}"]
build-backend = "{build}"

[project]
name = "Demo.Pkg"
version = "1.0"
description = "A demonstration: \u00e9t\u00e9"
readme = "README.md"
requires-python = ">=3.9"
license = "MIT"
license-files = ["LICENSE"]
dependencies = ["requests>=2; python_version > '3.9'"]

[project.scripts]
demo = "demo_pkg:main"

[project.urls]
Home = "https://example.org/"
"""


@pytest.fixture(params=[(flit_core.buildapi, "flit_core>=3.11"), (hatchling.build, "hatchling")], ids=["flit", "hatch"])
def backend(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A build backend, and the current folder is a project for it."""
    module: ModuleType = request.param[0]
    text = PYPROJECT.format(backend=request.param[1], build=module.__name__)
    if module is flit_core.buildapi:
        text += '\n[tool.flit.module]\nname = "demo_pkg"\n'
    (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
    (tmp_path / "README.md").write_text("# Demo\n\n\u00e9t\u00e9\n", encoding="utf-8")
    (tmp_path / "LICENSE").write_text("free\n", encoding="utf-8")
    (tmp_path / "demo_pkg").mkdir()
    (tmp_path / "demo_pkg" / "__init__.py").write_text('"""Demo."""\n\ndef main(): ...\n', encoding="utf-8")
    (tmp_path / "demo_pkg" / "d\u00e4ta.txt").write_text("x" * 5000, encoding="utf-8")
    (tmp_path / "dist").mkdir()
    monkeypatch.chdir(tmp_path)
    return module


def test_a_wheel_of_a_build_tool_is_read(backend: ModuleType, tmp_path: Path) -> None:
    filename = backend.build_wheel("dist")
    data = (tmp_path / "dist" / filename).read_bytes()
    distribution = read_distribution(data, filename)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        expected = {info.filename: archive.read(info) for info in archive.infolist() if not info.is_dir()}
    assert {item.name: item.data for item in walk(data, filename)} == expected
    assert (distribution.filename.name, distribution.filename.version) == ("demo-pkg", "1.0")
    assert distribution.root_is_purelib is True
    assert distribution.metadata.summary == "A demonstration: \u00e9t\u00e9"
    assert distribution.metadata.license_files == ["LICENSE"]
    assert distribution.metadata_bytes == expected[f"{INFO}/METADATA"]
    assert (distribution.member_count, distribution.total_size) == (len(expected), sum(map(len, expected.values())))


def test_an_sdist_of_a_build_tool_is_read(backend: ModuleType, tmp_path: Path) -> None:
    filename = backend.build_sdist("dist")
    data = (tmp_path / "dist" / filename).read_bytes()
    distribution = read_distribution(data, filename)
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        files = {info.name: file.read() for info in archive if (file := archive.extractfile(info))}
    assert {item.name: item.data for item in walk(data, filename)} == files
    assert distribution.root_is_purelib is None
    assert distribution.filename.tags == frozenset()
    assert [str(item) for item in distribution.metadata.requires_dist or ()] == [
        'requests>=2; python_version > "3.9"',
    ]
    assert distribution.metadata_bytes == files[f"{TOP}/PKG-INFO"]


def test_a_name_in_another_spelling_and_an_equal_version_are_the_same() -> None:
    metadata = METADATA.replace(b"demo-pkg", b"DEMO__pkg").replace(b"1.0", b"1.0.0")
    assert str(read_distribution(wheel(metadata=metadata), WHEEL).metadata.version) == "1.0.0"


def test_fields_that_are_newer_than_the_declared_version_are_read() -> None:
    metadata = METADATA.replace(b"2.1", b"1.0").replace(b"Summary", b"License-File: NO\nRequires-Dist: six\nSummary")
    got = read_distribution(sdist(metadata=metadata), SDIST).metadata
    assert (got.metadata_version, got.license_files) == ("1.0", None)
    assert [str(item) for item in got.requires_dist or ()] == ["six"]


def test_faults_of_the_archive_and_of_the_metadata_are_told_together() -> None:
    data = sdist(member(f"{TOP}/nul.py"), metadata=METADATA.replace(b"1.0", b"2.0"))
    with pytest.raises(ArchiveRefused) as refusal:
        read_distribution(data, SDIST)
    assert {fault.code for fault in refusal.value.faults} == {"archive.name.windows", "archive.metadata.version"}


def test_every_field_that_is_wrong_is_told() -> None:
    metadata = METADATA.replace(b"Summary", b"Requires-Python: x\nProvides-Extra: -\nUnknown: y\nSummary")
    with pytest.raises(ArchiveRefused) as refusal:
        read_distribution(wheel(metadata=metadata), WHEEL)
    messages = " ".join(fault.message for fault in refusal.value.faults)
    assert len(refusal.value.faults) == 3
    assert "'requires-python'" in messages
    assert "'provides-extra'" in messages
    assert "'unknown'" in messages


@pytest.mark.parametrize("ratio", [100, 10_000])
def test_a_bomb_is_never_unpacked_beyond_what_its_header_says(ratio: int) -> None:
    data = bytearray(wheel({"bomb.bin": bytes(64 << 20)}))
    small = (1000).to_bytes(4, "little")
    honest = (64 << 20).to_bytes(4, "little")
    assert data.count(honest) == 2
    lying = bytes(data.replace(honest, small))
    tracemalloc.start()
    with pytest.raises(ArchiveRefused, match="unpacks to more than the 1000 bytes"):
        read_distribution(lying, WHEEL, Limits(ratio=ratio))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2 << 20
