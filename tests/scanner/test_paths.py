from __future__ import annotations

from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.paths import file_of, place_of, suffix_of

PIECES = st.lists(st.sampled_from(["a", "b.py", ".", "..", "", ".x", "c.", "d.tar.gz", "é.py", " "]), max_size=5)


@given(PIECES.map("/".join) | st.text(max_size=20))
@pytest.mark.parametrize("name", ["", "/", "//", ".", "./a.py", "a//b.py", "a/./b.py", "/a/b.py", "a/"])
def test_a_place_is_read_as_path_objects_read_it(name: str, other: str) -> None:
    for text in (name, other, f"{name}{other}"):
        path = PurePosixPath(text)
        place = place_of(text)
        assert place == (path.parts, path.name, path.suffix)
        assert place.folders == path.parts[:-1]


@given(st.lists(st.text("ab.é ", min_size=1).filter(lambda part: part not in {".", ".."}), min_size=1).map("/".join))
def test_the_file_and_the_suffix_of_a_member_are_those_of_its_path(name: str) -> None:
    path = PurePosixPath(name)
    assert (file_of(name), suffix_of(name)) == (path.name, path.suffix)
