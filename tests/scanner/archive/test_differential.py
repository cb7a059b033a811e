"""On benign archives our readers and those of the standard library see the same names and bytes."""

from __future__ import annotations

import io
import string
import tarfile
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.archive import walk
from tests.hostile.dist_builder import SDIST, WHEEL

_RESERVED = {"con", "prn", "aux", "nul"}
_components = st.text(
    alphabet=string.ascii_letters + string.digits + "_-+ .\u00e9\u4e2d", min_size=1, max_size=30
).filter(lambda text: text[-1] not in " ." and text.partition(".")[0].strip().lower() not in _RESERVED)
#: The number keeps names apart, and no file stands where a folder has to be.
_names = st.builds(
    lambda parts, number: "/".join([*(f"{part}_d" for part in parts[:-1]), f"{parts[-1]}_{number}.py"]),
    st.lists(_components, min_size=1, max_size=5),
    st.integers(0, 99),
)
_contents = st.one_of(
    st.binary(max_size=3000),
    st.builds(lambda byte, times: byte * times, st.binary(min_size=1, max_size=4), st.integers(0, 20_000)),
)
_files = st.dictionaries(_names, _contents, max_size=8).filter(
    lambda files: len({name.casefold() for name in files}) == len(files)
)


def _walked(data: bytes, filename: str) -> dict[str, bytes]:
    return {member.name: member.data for member in walk(data, filename)}


def _folders(files: dict[str, bytes]) -> list[str]:
    return sorted({name[:at] for name in files for at, char in enumerate(name) if char == "/"})


@settings(max_examples=60, deadline=None)
@given(
    files=_files,
    method=st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]),
    with_folders=st.booleans(),
    force_zip64=st.booleans(),
)
def test_zip(files: dict[str, bytes], method: int, with_folders: bool, force_zip64: bool) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for folder in _folders(files) if with_folders else ():
            archive.mkdir(folder)
        for name, data in files.items():
            with archive.open(name, "w", force_zip64=force_zip64) as file:
                file.write(data)
    with zipfile.ZipFile(buffer) as archive:
        expected = {info.filename: archive.read(info) for info in archive.infolist() if not info.is_dir()}
    assert _walked(buffer.getvalue(), WHEEL) == expected == files


@settings(max_examples=60, deadline=None)
@given(
    files=_files,
    form=st.sampled_from([tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT]),
    with_folders=st.booleans(),
    mtime=st.sampled_from([0, 1.5, 2_000_000_000.25]),
    uid=st.sampled_from([0, 1000, 3_000_000]),
)
def test_tar(files: dict[str, bytes], form: int, with_folders: bool, mtime: float, uid: int) -> None:
    if form == tarfile.USTAR_FORMAT:
        uid = min(uid, 1000)
        files = {name: data for name, data in files.items() if len(name.encode()) < 100}
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", format=form, encoding="utf-8") as archive:
        for name, data in [*(((f, None) for f in _folders(files)) if with_folders else ()), *files.items()]:
            info = tarfile.TarInfo(name)
            info.mtime, info.uid = mtime, uid
            info.type = tarfile.DIRTYPE if data is None else tarfile.REGTYPE
            info.size = len(data or b"")
            archive.addfile(info, io.BytesIO(data or b""))
    buffer.seek(0)
    expected = {}
    with tarfile.open(fileobj=buffer, mode="r:gz", encoding="utf-8") as archive:
        for info in archive:
            file = archive.extractfile(info)
            if file is not None:
                expected[info.name] = file.read()
    assert _walked(buffer.getvalue(), SDIST) == expected == files


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
@pytest.mark.parametrize("length", [99, 100, 101, 155, 156, 255, 256, 257, 511, 900])
def test_names_of_every_length_come_through(form: int, length: int) -> None:
    name = "/".join(["d" * 60] * 20)[: length - 2] + "_x"
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", format=form) as archive:
        archive.addfile(tarfile.TarInfo(name))
    assert _walked(buffer.getvalue(), SDIST) == {name: b""}
