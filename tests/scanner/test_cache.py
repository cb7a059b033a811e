"""A folder of entries that only this user can write, and that nobody believes blindly."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scanner.cache import Cache, CacheUnusable

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def entry(folder: Path) -> Path:
    (path,) = folder.iterdir()
    return path


@given(name=st.text(max_size=50), body=st.binary(max_size=200))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_written_can_be_read_under_its_name_and_no_other(name: str, body: bytes, folder: Path) -> None:
    cache = Cache(folder)
    cache.write(name, body)
    assert cache.read(name) == body
    assert Cache(folder).read(name) == body
    assert cache.read(name + "x") != body or not body


def test_an_entry_and_its_folder_are_for_this_user_alone(folder: Path) -> None:
    Cache(folder).write("a", b"body")
    assert folder.stat().st_mode & 0o777 == 0o700
    assert entry(folder).stat().st_mode & 0o777 == 0o600


@given(at=st.integers(0, 200), byte=st.binary(min_size=1, max_size=1))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_entry_with_any_byte_changed_is_not_there(at: int, byte: bytes, folder: Path) -> None:
    cache = Cache(folder)
    cache.write("a", b"body " * 8)
    path = entry(folder)
    whole = path.read_bytes()
    at %= len(whole)
    path.write_bytes(whole[:at] + byte + whole[at + 1 :])
    assert cache.read("a") == (b"body " * 8 if whole[at : at + 1] == byte else None)


def test_a_torn_entry_is_not_there(folder: Path) -> None:
    cache = Cache(folder)
    cache.write("a", b"body")
    path = entry(folder)
    for length in range(path.stat().st_size):
        path.write_bytes(path.read_bytes()[:length])
        assert cache.read("a") is None
        cache.write("a", b"body")


def test_an_entry_in_the_place_of_another_is_not_there(folder: Path) -> None:
    cache = Cache(folder)
    cache.write("clean", b"nothing was found")
    benign = entry(folder)
    cache.write("bad", b"much was found")
    (other,) = set(folder.iterdir()) - {benign}
    other.write_bytes(benign.read_bytes())
    assert cache.read("bad") is None
    assert cache.read("clean") == b"nothing was found"


def test_links_pipes_and_files_that_others_may_write_are_not_entries(folder: Path, tmp_path: Path) -> None:
    cache = Cache(folder)
    cache.write("a", b"body")
    path = entry(folder)
    path.chmod(0o622)
    assert cache.read("a") is None
    path.chmod(0o600)
    assert cache.read("a") == b"body"
    moved = path.rename(tmp_path / "elsewhere")
    path.symlink_to(moved)
    assert cache.read("a") is None
    path.unlink()
    os.mkfifo(path)
    assert cache.read("a") is None


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777, 0o1777])
def test_a_folder_that_others_may_write_to_is_refused(folder: Path, mode: int) -> None:
    folder.mkdir()
    folder.chmod(mode)
    with pytest.raises(CacheUnusable, match="expected a folder that only this user"):
        Cache(folder)


def test_a_link_or_file_is_no_folder(folder: Path, tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.mkdir(mode=0o700)
    folder.symlink_to(real)
    with pytest.raises(CacheUnusable, match="found a link or a file"):
        Cache(folder)
    folder.unlink()
    folder.write_bytes(b"")
    with pytest.raises(CacheUnusable):
        Cache(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_somebody_else_is_refused(folder: Path) -> None:
    folder.mkdir(mode=0o700)
    os.chown(folder, 12345, -1)
    with pytest.raises(CacheUnusable, match="owner 12345"):
        Cache(folder)


def test_the_folder_stays_within_its_size_and_keeps_what_was_asked_for_last(folder: Path) -> None:
    cache = Cache(folder, max_bytes=10_000)
    for number in range(9):
        cache.write(str(number), bytes(900))
        os.utime(max(folder.iterdir(), key=lambda path: path.stat().st_mtime_ns), ns=(number, number))
    assert cache.read("0") == bytes(900)
    for number in range(9, 14):
        cache.write(str(number), bytes(900))
    assert sum(path.stat().st_size for path in folder.iterdir()) <= 10_000
    assert cache.read("0") == bytes(900)
    assert cache.read("1") is None
    cache.write("huge", bytes(20_000))
    assert cache.read("huge") is None


def test_a_disk_that_refuses_costs_nothing_but_the_entry(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = Cache(folder)

    def refused(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", refused)
    cache.write("a", b"body")
    assert cache.read("a") is None
    assert list(folder.iterdir()) == []
