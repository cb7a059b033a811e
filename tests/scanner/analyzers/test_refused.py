"""What is refused for its form is read all the same, so that its content counts."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.analyzers.readers.refused import MOST_MEMBERS, read_refused
from scanner.inspect import inspect
from scanner.model import Kind
from scanner.ruleset import Ruleset

if TYPE_CHECKING:
    from collections.abc import Mapping

RULES = Ruleset.load()
ATTACK = b"import base64\nexec(base64.b64decode('bWFya2Vy'))\n"


def tar(files: Mapping[str, bytes]) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return gzip.compress(made.getvalue(), mtime=0)


def packed(files: Mapping[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return made.getvalue()


@pytest.mark.parametrize(
    ("data", "filename"),
    [
        (tar({"./setup.py": ATTACK}), "thing-1.0.tar.gz"),
        (tar({"thing-1.0/../setup.py": ATTACK}), "thing-1.0.tar.gz"),
        (tar({"/thing-1.0/setup.py": ATTACK}), "thing-1.0.tar.gz"),
        (tar({"thing-1.0/setup.py": ATTACK}) + b"behind the end", "thing-1.0.tar.gz"),
        (packed({"thing/__init__.py": ATTACK}), "thing-1.0.zip"),
        (packed({"../thing/__init__.py": ATTACK}), "thing-1.0-py3-none-any.whl"),
        (packed({"thing\\__init__.py": ATTACK}), "thing-1.0-py3-none-any.whl"),
    ],
)
def test_content_counts_in_an_archive_that_is_refused(data: bytes, filename: str) -> None:
    found = inspect(data, filename, RULES).findings
    assert "archive-refused" in {finding.rule for finding in found}
    assert any(finding.rule == "decode-exec" and finding.kind is Kind.BEHAVIOUR for finding in found)


def test_names_are_relative_and_plain() -> None:
    names = ["./a.py", "../../b.py", "/c.py", "d\\e.py", "f//g.py", "h\n.py", ".", ".."]
    read = dict(read_refused(tar(dict.fromkeys(names, b"x"))))
    assert list(read) == ["a.py", "b.py", "c.py", "d/e.py", "f/g.py", "h.py"]


def test_what_is_damaged_ends_where_it_is_damaged() -> None:
    whole = tar({"a.py": b"1", "b.py": b"2" * 2000})
    assert [name for name, _ in read_refused(whole)] == ["a.py", "b.py"]
    assert [name for name, _ in read_refused(whole[: len(whole) // 2])] in ([], ["a.py"], ["a.py", "b.py"])
    assert list(read_refused(b"no archive")) == []
    assert list(read_refused(gzip.compress(b"no tar"))) == []


def test_no_more_members_are_read_than_the_bound() -> None:
    assert len(list(read_refused(packed({f"{n}.py": b"" for n in range(MOST_MEMBERS + 5)})))) == MOST_MEMBERS


@given(st.binary(max_size=400), st.sampled_from([b"", b"PK\3\4", b"\x1f\x8b\x08\0"]))
def test_no_bytes_break_the_reading(data: bytes, start: bytes) -> None:
    for name, _ in read_refused(start + data):
        assert ".." not in name.split("/")
        assert not name.startswith("/")
