"""Every class of hostile archive, filename and metadata has the answer that it should have."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scanner.archive import ArchiveRefused, Code, Fault, case_collisions, read_distribution, walk
from tests.hostile.case import CLASSES, Case
from tests.hostile.distribution_cases import DISTRIBUTION_CASES
from tests.hostile.filename_cases import FILENAME_CASES
from tests.hostile.tar_cases import TAR_CASES
from tests.hostile.zip_cases import ZIP_CASES

CASES = ZIP_CASES + TAR_CASES + FILENAME_CASES + DISTRIBUTION_CASES
REFUSED = [case for case in CASES if case.codes]
ACCEPTED = [case for case in CASES if not case.codes]

#: Faults that the walker finds by itself, because they concern the archive and not what it distributes.
WALKED = ("archive.zip.", "archive.gzip.", "archive.tar.", "archive.name.", "archive.mode.", "archive.limit.")


def _id(case: Case) -> str:
    return f"{case.number}-{case.id}-{case.filename[-3:]}"


def _faults(case: Case) -> tuple[Fault, ...]:
    with pytest.raises(ArchiveRefused) as refusal:
        read_distribution(case.data, case.filename, case.limits)
    return refusal.value.faults


@pytest.mark.parametrize("case", REFUSED, ids=_id)
def test_it_is_refused_with_its_code(case: Case) -> None:
    assert {fault.code for fault in _faults(case)} == case.codes


@pytest.mark.parametrize("case", [case for case in REFUSED if any(c.startswith(WALKED) for c in case.codes)], ids=_id)
def test_the_walker_alone_refuses_it_too(case: Case) -> None:
    expected = {code for code in case.codes if code.startswith(WALKED)}
    with pytest.raises(ArchiveRefused) as refusal:
        list(walk(case.data, case.filename, case.limits))
    assert {fault.code for fault in refusal.value.faults} == expected


@pytest.mark.parametrize("case", ACCEPTED, ids=_id)
def test_what_is_for_the_scanner_to_judge_passes_the_archive(case: Case) -> None:
    distribution = read_distribution(case.data, case.filename, case.limits)
    members = list(walk(case.data, case.filename, case.limits))
    assert (len(members), sum(len(m.data) for m in members)) == (distribution.member_count, distribution.total_size)


def test_a_link_inside_an_sdist_is_reported_with_its_target_and_no_data() -> None:
    links = {
        (case.id, member.target, member.data)
        for case in ACCEPTED
        if case.number == 15
        for member in walk(case.data, case.filename)
        if member.is_link
    }
    assert links == {
        ("symlink-inside", "demo_pkg-1.0/demo_pkg/__init__.py", b""),
        ("symlink-up-inside", "demo_pkg-1.0/PKG-INFO", b""),
        ("hard-link-inside", "demo_pkg-1.0/demo_pkg/__init__.py", b""),
    }


def test_names_that_differ_in_case_are_reported_for_the_scanner() -> None:
    (case,) = (case for case in ACCEPTED if case.number == 10)
    assert case_collisions(member.name for member in walk(case.data, case.filename)) == (
        ("demo_pkg/A.py", "demo_pkg/a.py"),
    )


def test_every_class_has_a_case() -> None:
    assert {case.number for case in CASES} == set(CLASSES)


def test_every_code_is_provoked_by_a_case() -> None:
    assert {code for case in REFUSED for code in case.codes} == {code.value for code in Code}


@pytest.mark.parametrize("case", REFUSED, ids=_id)
def test_its_messages_are_short_sentences_without_a_character_that_does_not_print(case: Case) -> None:
    for fault in _faults(case):
        assert fault.message.isprintable()
        assert fault.message.endswith(".")
        assert 20 < len(fault.message) < 700


def test_every_code_has_a_heading_where_its_anchor_points() -> None:
    page = Path(__file__).parents[2] / "docs" / "upload-errors.md"
    headings = dict(
        re.findall(r'^### <a id="([a-z0-9-]+)"></a>`([a-z0-9.-]+)`$', page.read_text("utf-8"), re.MULTILINE)
    )
    for code in Code:
        path, _, anchor = Fault(code.value, "").anchor.partition("#")
        assert path == "docs/upload-errors.md"
        assert headings[anchor] == code.value
