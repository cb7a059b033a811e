from __future__ import annotations

import io
import mmap
import random
import tarfile
import tracemalloc
import zipfile
from typing import TYPE_CHECKING

import pytest

from scanner.archive import ArchiveRefused, Limits, walk
from tests.hostile.dist_builder import MODULE, SDIST, SOURCE, TOP, WHEEL, sdist, sdist_tar, wheel
from tests.hostile.tar_builder import END, GNU, V7, gz, header, long_name, member, padded, pax, tar
from tests.hostile.zip_builder import DESCRIPTOR, UTF8, Entry, ZipFile, deflate, descriptor, zip64_extra

if TYPE_CHECKING:
    from pathlib import Path


def contents(data: bytes, filename: str) -> dict[str, bytes]:
    return {item.name: item.data for item in walk(data, filename)}


def zipped(*entries: Entry, **options: object) -> dict[str, bytes]:
    return contents(ZipFile(entries=entries, **options).build(), WHEEL)  # type: ignore[arg-type] # options of the builder


@pytest.mark.parametrize(("filename", "data"), [(WHEEL, wheel()), (SDIST, sdist())])
def test_bytes_views_and_maps_are_walked_alike(tmp_path: Path, filename: str, data: bytes) -> None:
    path = tmp_path / filename
    path.write_bytes(data)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        expected = list(walk(data, filename))
        assert list(walk(memoryview(data), filename)) == expected
        assert list(walk(mapped, filename)) == expected


def test_a_map_can_be_closed_after_a_refusal_and_after_a_walk_that_was_given_up(tmp_path: Path) -> None:
    path = tmp_path / WHEEL
    path.write_bytes(wheel(entries=[Entry(name="bad.py", data=b"x", packed=b"\xff")]))
    with path.open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        with pytest.raises(ArchiveRefused) as refusal:
            list(walk(mapped, WHEEL))
        given_up = walk(mapped, WHEEL)
        next(given_up)
        given_up.close()
        mapped.close()
    assert refusal.value.faults[0].code == "archive.zip.deflate"


def test_another_extension_is_refused() -> None:
    with pytest.raises(ArchiveRefused, match=r"filename\.extension"):
        list(walk(wheel(), "demo_pkg-1.0.zip"))


def test_members_come_in_the_order_of_the_file_whatever_the_directory_says() -> None:
    data = wheel()
    names = [item.name for item in walk(data, WHEEL)]
    start = data.index(b"PK\1\2")
    records = [b"PK\1\2" + part for part in data[start:-22].split(b"PK\1\2")[1:]]
    reordered = data[:start] + b"".join(reversed(records)) + data[-22:]
    assert reordered != data
    assert [item.name for item in walk(reordered, WHEEL)] == names


def test_only_one_member_is_in_memory_at_a_time() -> None:
    size = 2 << 20
    source = random.Random(7)
    files = [Entry(name=f"{n}.bin", data=source.randbytes(size), method=0) for n in range(6)]
    uploads = [
        (WHEEL, ZipFile(entries=tuple(files)).build()),
        (SDIST, gz(tar(*(member(f"{TOP}/{file.raw_name.decode()}", file.data) for file in files)))),
    ]
    for filename, data in uploads:
        tracemalloc.start()
        total = 0
        for item in walk(data, filename):
            total += len(item.data)
            del item
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert total == 6 * size
        assert peak < 2.5 * size


def test_members_before_a_damaged_one_are_handed_out_and_those_after_it_and_then_it_is_refused() -> None:
    damaged = Entry(name="b.py", data=b"x", local={"crc": 1}, central={"crc": 1})
    data = ZipFile(entries=(Entry(name="a.py"), damaged, Entry(name="c.py"))).build()
    seen: list[str] = []
    with pytest.raises(ArchiveRefused, match=r"archive\.zip\.crc"):
        seen.extend(item.name for item in walk(data, WHEEL))
    assert seen == ["a.py", "c.py"]


def test_several_faults_are_told_at_once_and_not_more_than_the_limit() -> None:
    entries = tuple(Entry(name=name, mode=0o104755) for name in ("../a", "b\\c", "NUL", "d", "d"))
    data = ZipFile(entries=entries).build()
    with pytest.raises(ArchiveRefused) as refusal:
        list(walk(data, WHEEL))
    assert {fault.code.rpartition(".")[2] for fault in refusal.value.faults} == {
        "setuid",
        "dot-component",
        "backslash",
        "windows",
        "duplicate",
    }
    with pytest.raises(ArchiveRefused) as refusal:
        list(walk(data, WHEEL, Limits(faults=3)))
    assert len(refusal.value.faults) == 3


def test_limits_accept_what_equals_them() -> None:
    files = (Entry(name="a.py", data=b"12345"), Entry(name="b.py", data=b"12345"))
    data = ZipFile(entries=files).build()
    assert len(list(walk(data, WHEEL, Limits(members=2, member_size=5, total_size=10, name_length=4)))) == 2
    stream = tar(member("a.py", b"12345"), member("b.py", b"12345"))
    limits = Limits(members=2, member_size=5, total_size=len(stream), name_length=4)
    assert len(list(walk(gz(stream), SDIST, limits))) == 2


def test_small_members_may_have_any_ratio() -> None:
    data = wheel({"zeros.bin": bytes(500_000)})
    assert 500_000 / len(data) > 100
    assert contents(data, WHEEL)["zeros.bin"] == bytes(500_000)


@pytest.mark.parametrize("mode", [0, 0o644, 0o100600, 0o100777])
def test_odd_modes_of_a_zip_member_are_fine_and_reported(mode: int) -> None:
    (item,) = walk(ZipFile(entries=(Entry(name="a.py", mode=mode),)).build(), WHEEL)
    assert item.mode == ((mode & 0o7777) or None)


def test_end_records_inside_a_member_mean_nothing() -> None:
    inner = ZipFile(entries=(Entry(name="evil.py", data=b"x"),)).build()
    assert zipped(Entry(name="inner.zip", data=inner, method=0)) == {"inner.zip": inner}


def test_data_descriptors_are_read() -> None:
    size = len(deflate(SOURCE))
    zeros: dict[str, int | bytes] = {"crc": 0, "packed": 0, "size": 0}
    narrow = Entry(name="a.py", data=SOURCE, flags=UTF8 | DESCRIPTOR, local=zeros, descriptor=descriptor(SOURCE, size))
    wide = Entry(
        name="b.py",
        data=SOURCE,
        flags=UTF8 | DESCRIPTOR,
        local={"crc": 0, "packed": 0xFFFFFFFF, "size": 0xFFFFFFFF},
        local_extra=zip64_extra(0, 0),
        descriptor=descriptor(SOURCE, size, wide=True),
    )
    assert zipped(narrow, wide) == {"a.py": SOURCE, "b.py": SOURCE}


def test_zip64_records_that_agree_are_accepted() -> None:
    full: dict[str, int | bytes] = {"packed": 0xFFFFFFFF, "size": 0xFFFFFFFF}
    values = zip64_extra(len(SOURCE), len(deflate(SOURCE)))
    local = Entry(name="a.py", data=SOURCE, local=full, local_extra=values)
    repeated = Entry(name="c.py", data=SOURCE, local_extra=values)
    both = Entry(name="b.py", data=SOURCE, local=full, local_extra=values, central=full, central_extra=values)
    expected = dict.fromkeys(("a.py", "b.py", "c.py"), SOURCE)
    sentinels = {"here": 0xFFFF, "count": 0xFFFF, "size": 0xFFFFFFFF, "start": 0xFFFFFFFF}
    assert zipped(local, both, repeated, zip64={}) == expected
    assert zipped(local, both, repeated, zip64={}, end=sentinels) == expected


def test_a_timestamp_in_an_extra_field_may_differ_between_the_headers() -> None:
    assert zipped(Entry(name="a.py", local_extra=b"UT\5\0\1\0\0\0\0")) == {"a.py": b""}


def test_an_empty_folder_may_be_deflated() -> None:
    assert zipped(Entry(name="d/", mode=0o40755), Entry(name="d/a.py")) == {"d/a.py": b""}


@pytest.mark.parametrize("magic", [GNU, V7])
def test_tar_members_of_every_format_are_read(magic: bytes) -> None:
    stream = tar(header(f"{TOP}/a.py", size=len(SOURCE), magic=magic) + padded(SOURCE))
    assert contents(gz(stream), SDIST) == {f"{TOP}/a.py": SOURCE}


def test_long_names_are_put_together_in_each_format() -> None:
    folder = "f" * 90
    long = f"{folder}/{folder}/a.py"
    by_prefix = header(f"{folder}/a.py", prefix=folder.encode())
    for part in (by_prefix, long_name(long.encode()) + member("x"), pax({"path": long}) + member("x")):
        assert contents(gz(tar(part)), SDIST) == {long: b""}


def test_an_old_tar_names_its_folders_with_a_slash() -> None:
    stream = tar(header(f"{TOP}/", kind=b"\0", magic=V7), header(f"{TOP}/a", kind=b"\0", magic=V7))
    assert contents(gz(stream), SDIST) == {f"{TOP}/a": b""}


def test_a_commit_in_a_global_pax_header_is_fine() -> None:
    stream = pax({"comment": "0123abcd"}, kind=b"g") + sdist_tar()
    assert f"{TOP}/{MODULE}" in contents(gz(stream), SDIST)


def test_a_pax_size_that_agrees_is_fine() -> None:
    stream = tar(pax({"size": "5", "mtime": "1.5", "SCHILY.xattr.user.a": "x"}), member("a", b"12345"))
    assert contents(gz(stream), SDIST) == {"a": b"12345"}


def test_zeros_after_the_end_are_fine() -> None:
    assert len(contents(sdist(end=END + bytes(20 * 512)), SDIST)) == 2


def test_a_folder_may_have_the_set_group_id_bit_and_files_may_be_writable_for_all() -> None:
    stream = tar(member(f"{TOP}/", kind=b"5", mode=0o2775), member(f"{TOP}/a", mode=0o666))
    assert [item.mode for item in walk(gz(stream), SDIST)] == [0o666]


def test_what_the_standard_library_writes_into_a_pipe_is_read() -> None:
    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.data = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, data: object) -> int:
            assert isinstance(data, bytes | bytearray | memoryview)
            self.data += data
            return len(data)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.py", SOURCE)
        with archive.open("b.py", "w", force_zip64=True) as file:
            file.write(SOURCE)
    assert contents(bytes(pipe.data), WHEEL) == {"a.py": SOURCE, "b.py": SOURCE}


def test_a_sparse_file_of_the_standard_library_is_none_and_a_link_is_reported() -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        info = tarfile.TarInfo(f"{TOP}/link")
        info.type, info.linkname = tarfile.SYMTYPE, "PKG-INFO"
        archive.addfile(info)
    (item,) = walk(buffer.getvalue(), SDIST)
    assert (item.is_link, item.target, item.data) == (True, f"{TOP}/PKG-INFO", b"")
