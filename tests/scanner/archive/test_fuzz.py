"""A damaged archive is refused, or all readers agree on it; our reader never fails in another way."""

from __future__ import annotations

import contextlib
import gzip
import io
import tarfile
import zipfile

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scanner.archive import ArchiveRefused, read_distribution, walk
from tests.hostile.dist_builder import INFO, SDIST, TOP, WHEEL, sdist_tar, wheel
from tests.hostile.tar_builder import gz, long_name, member, pax
from tests.hostile.zip_builder import DESCRIPTOR, UTF8, Entry, deflate, descriptor, zip64_extra

_BODY = b"def f():\n    return 1\n" * 20
_FULL: dict[str, int | bytes] = {"packed": 0xFFFFFFFF, "size": 0xFFFFFFFF}

_WHEEL = wheel(
    {f"{INFO}/entry_points.txt": b"[console_scripts]\ndemo = demo_pkg:f\n"},
    entries=[
        Entry(name="folder/", mode=0o40755),
        Entry(
            name="described.py",
            data=_BODY,
            flags=UTF8 | DESCRIPTOR,
            descriptor=descriptor(_BODY, len(deflate(_BODY))),
        ),
        Entry(name="wide.py", data=_BODY, local=_FULL, local_extra=zip64_extra(len(_BODY), len(deflate(_BODY)))),
        Entry(name="stored.bin", data=bytes(range(64)), method=0),
    ],
)
_TAR = sdist_tar(
    member(f"{TOP}/folder/", kind=b"5"),
    pax({"path": f"{TOP}/{'p' * 120}.py", "mtime": "1.5"}),
    member("x", _BODY),
    long_name(f"{TOP}/{'n' * 120}.py".encode()),
    member("y", _BODY),
    member(f"{TOP}/link", kind=b"2", target="PKG-INFO"),
)
_SDIST = gz(_TAR)

Edit = tuple[float, tuple[str, int, int]]
#: (place, what is done there): a byte is changed, bytes are dropped, or bytes of elsewhere are put in.
_edits = st.lists(
    st.tuples(
        st.floats(0, 1, exclude_max=True),
        st.one_of(
            st.tuples(st.just("set"), st.integers(0, 255), st.just(1)),
            st.tuples(st.just("flip"), st.sampled_from([1 << n for n in range(8)]), st.just(1)),
            st.tuples(st.just("drop"), st.just(0), st.integers(1, 600)),
            st.tuples(st.just("copy"), st.integers(0, 255), st.integers(1, 600)),
        ),
    ),
    min_size=1,
    max_size=3,
)
_relaxed = settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _edited(data: bytes, edits: list[Edit]) -> bytes:
    out = bytearray(data)
    for place, (what, value, length) in edits:
        at = int(place * len(out))
        if what == "set":
            out[at] = value
        elif what == "flip":
            out[at] ^= value
        elif what == "drop":
            del out[at : at + length]
        else:
            source = value * len(out) // 256
            out[at:at] = out[source : source + length]
        if not out:
            break
    return bytes(out)


def _content(data: bytes, filename: str) -> dict[str, bytes] | None:
    """The files that the walker sees, None when it refuses; the distribution is read as well, and may refuse."""
    with contextlib.suppress(ArchiveRefused):
        read_distribution(data, filename)
    try:
        return {member.name: member.data for member in walk(data, filename) if not member.is_link}
    except ArchiveRefused:
        return None


def _seen_by_zipfile(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {info.filename: archive.read(info) for info in archive.infolist() if not info.is_dir()}


def _seen_by_tarfile(data: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(data), encoding="utf-8") as archive:
        files = ((info, archive.extractfile(info)) for info in archive if info.isfile())
        return {info.name: file.read() for info, file in files if file is not None}


@_relaxed
@given(edits=_edits)
def test_a_damaged_wheel_is_refused_or_has_the_same_content_for_every_reader(edits: list[Edit]) -> None:
    data = _edited(_WHEEL, edits)
    content = _content(data, WHEEL)
    if content is not None:
        assert content == _seen_by_zipfile(data) == _seen_by_zipfile(_WHEEL)


@_relaxed
@given(edits=_edits)
def test_a_damaged_sdist_is_refused_or_has_the_same_content_for_every_reader(edits: list[Edit]) -> None:
    data = _edited(_SDIST, edits)
    content = _content(data, SDIST)
    if content is not None:
        assert content == _seen_by_tarfile(data) == _seen_by_tarfile(_SDIST)


@_relaxed
@given(edits=_edits)
def test_a_changed_tar_in_a_sound_gzip_file_is_refused_or_is_the_same_for_every_reader(edits: list[Edit]) -> None:
    data = gzip.compress(_edited(_TAR, edits), 1, mtime=0)
    content = _content(data, SDIST)
    if content is not None:
        assert content == _seen_by_tarfile(data)


def test_the_samples_are_sound() -> None:
    assert len(_content(_WHEEL, WHEEL) or ()) == 8
    assert len(_content(_SDIST, SDIST) or ()) == 4
