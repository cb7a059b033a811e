from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.archive import ArchiveRefused, DistributionFilename, parse_filename


def test_a_wheel_filename_says_what_it_is_for() -> None:
    parsed = parse_filename(
        "zope_interface-8.0.post1-2b-cp311.cp312-cp311-manylinux2014_x86_64.manylinux_2_17_x86_64.whl"
    )
    assert (parsed.name, parsed.version, parsed.build) == ("zope-interface", "8.0.post1", "2b")
    assert (parsed.packagetype, parsed.python_tag, parsed.is_wheel) == ("bdist_wheel", "cp311.cp312", True)
    assert parsed.stem == "zope_interface-8.0.post1"
    assert parsed.tags == {
        f"cp31{minor}-cp311-{platform}"
        for minor in "12"
        for platform in ("manylinux2014_x86_64", "manylinux_2_17_x86_64")
    }


def test_an_sdist_filename_has_no_tags() -> None:
    assert parse_filename("demo_pkg-1!2.0rc1+local.3.tar.gz") == DistributionFilename(
        filename="demo_pkg-1!2.0rc1+local.3.tar.gz",
        packagetype="sdist",
        name="demo-pkg",  # type: ignore[arg-type] # a plain string stands for a normalized name
        version="1!2.0rc1+local.3",
    )


@pytest.mark.parametrize(
    "filename",
    [
        "d-1-py3-none-any.whl",
        "a1-2024.8.30-py2.py3-none-any.whl",
        "x_y_z-0-cp39-abi3-win_amd64.whl",
        "x-1.0+cu121-cp311-cp311-linux_x86_64.whl",
        "d-1.tar.gz",
        "a" * 191 + "-1.tar.gz",
    ],
)
def test_normalized_names_are_accepted(filename: str) -> None:
    assert parse_filename(filename).filename == filename


def test_the_number_of_tags_is_counted_before_they_are_expanded() -> None:
    # Would expand to 27,000 tags.
    filename = f"d-1-{'.'.join('p' * 30)}-{'.'.join('a' * 30)}-{'.'.join('w' * 30)}.whl"
    assert len(filename) <= 200
    with pytest.raises(ArchiveRefused, match="27000 compatibility tags"):
        parse_filename(filename)


@given(
    st.one_of(st.text(max_size=60), st.from_regex(r"\A[a-z._-]{1,9}-[0-9.a-z!+-]{1,9}(-py3-none-any\.whl|\.tar\.gz)\Z"))
)
def test_any_text_is_parsed_or_refused_with_one_fault(filename: str) -> None:
    try:
        parsed = parse_filename(filename)
    except ArchiveRefused as refusal:
        faults = refusal.faults
        assert len(faults) == 1
        return
    assert filename.startswith(f"{parsed.stem}-" if parsed.is_wheel else f"{parsed.stem}.tar.gz")
