from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.archive import ArchiveRefused, Limits, case_collisions, shown
from scanner.archive.faults import FaultList
from scanner.archive.links import symlink_target
from scanner.archive.names import NameRegistry


@pytest.fixture
def faults() -> FaultList:
    return FaultList(1000)


@pytest.mark.parametrize(
    "name",
    [
        "a.py",
        "pkg/sub/module.py",
        ".hidden/.file",
        "..data/...x",
        "with space/a b.py",
        "conf.py",
        "console.py",
        "auxiliary/null.py",
        "com10.py",
        "COM",
        "a/b.c/d..e",
        "\u00e9t\u00e9/\u4e2d\u6587.txt",
        "\U0001f600.txt",
        "what?*<>|.txt",
        "a" * 255,
    ],
)
def test_ordinary_and_merely_odd_names_are_accepted(faults: FaultList, name: str) -> None:
    registry = NameRegistry(Limits(), faults)
    assert registry.accept(name.encode()) == name
    assert len(faults) == 0


def test_a_folder_loses_its_slash_and_may_be_listed_before_or_after_its_files(faults: FaultList) -> None:
    registry = NameRegistry(Limits(), faults)
    assert registry.accept(b"before/", is_folder=True) == "before"
    assert registry.accept(b"before/a.py") == "before/a.py"
    assert registry.accept(b"after/a.py") == "after/a.py"
    assert registry.accept(b"after/", is_folder=True) == "after"
    assert len(faults) == 0


@pytest.mark.parametrize("later", ["a", "a/b/c", "A/../a/b", "a/b/"])
def test_a_file_is_never_a_folder_too(faults: FaultList, later: str) -> None:
    registry = NameRegistry(Limits(), faults)
    assert registry.accept(b"a/b") == "a/b"
    assert registry.accept(later, is_folder=later.endswith("/")) is None


@given(
    st.text("aA.:-+ _~1\\/\x7f\u00e9\u200e", max_size=12)
    | st.sampled_from(
        ["CON", "con.py", "Aux.txt", "LPT1", "com\u00b9.x", "nul .a", "console", "a" * 256, "x" * 100 + "."]
    )
)
def test_a_file_in_a_folder_that_is_known_keeps_the_rules_of_any_other(file: str) -> None:
    first, second = FaultList(1000), FaultList(1000)
    known, fresh = NameRegistry(Limits(), first), NameRegistry(Limits(), second)
    assert known.accept("pkg/sub/first") == "pkg/sub/first"
    assert known.accept(f"pkg/sub/{file}") == fresh.accept(f"pkg/sub/{file}")
    assert list(first) == list(second)


def test_a_folder_that_is_known_does_not_make_a_name_shorter_or_less_deep() -> None:
    faults = FaultList(1000)
    registry = NameRegistry(Limits(depth=3, name_length=20), faults)
    assert registry.accept("a/b/c/", is_folder=True) == "a/b/c"
    assert registry.accept("a/b/d") == "a/b/d"
    assert registry.accept("a/b/c/d") is None
    assert registry.accept(f"a/b/{'x' * 20}") is None
    assert [fault.code for fault in faults] == ["archive.name.too-long"] * 2


@given(st.text(max_size=40))
def test_an_accepted_name_stays_inside_and_is_accepted_once(name: str) -> None:
    registry = NameRegistry(Limits(), FaultList(1000))
    accepted = registry.accept(name)
    if accepted is None:
        return
    components = accepted.split("/")
    assert accepted == name
    assert not {"", ".", ".."} & set(components)
    assert not set("\\:\0\n\r\x1b") & set(accepted)
    assert registry.accept(name) is None


def test_case_collisions_are_found_across_normalization() -> None:
    names = ["a.py", "A.py", "b.py", "stra\u00dfe", "STRASSE", "\u00c9", "e\u0301"]
    assert case_collisions(names) == (("a.py", "A.py"), ("stra\u00dfe", "STRASSE"), ("\u00c9", "e\u0301"))


@pytest.mark.parametrize(
    ("link", "target", "expected"),
    [
        ("t/a", "b", "t/b"),
        ("t/a", "./b", "t/b"),
        ("t/a", "b/c/", "t/b/c"),
        ("t/d/a", "../b", "t/b"),
        ("t/d/e/a", "../../b", "t/b"),
        ("t/d/a", "..", "t"),
        ("t/a", "..", None),
        ("t/a", "../t/b", None),
        ("t/d/a", "../../t/b", None),
        ("t/d/a", "e/../b", None),
        ("t/d/a", "../e/../../..", None),
        ("t/a", "/b", None),
        ("t/a", "b//c", None),
        ("t/a", "", None),
        ("t/a", "/", None),
        ("t/a", "b\\c", None),
        ("t/a", "c:/b", None),
        ("t/a", "b\0c", None),
        ("a", "..", None),
        ("a", "b", "b"),
    ],
)
def test_a_symbolic_link_points_inside_or_nowhere(link: str, target: str, expected: str | None) -> None:
    assert symlink_target(link, target) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "'plain'"),
        ("\u00e9", "'\u00e9'"),
        ("a\nb\x1b[2J\x00", r"'a\nb\x1b[2J\x00'"),
        ("it's \\", r"'it\'s \\'"),
        ("\u202eabc\u200b", r"'\u202eabc\u200b'"),
        (b"caf\xc3\xa9 \xff", "'caf\u00e9 \\\\xff'"),
        ("x" * 81, "'" + "x" * 80 + "\u2026'"),
        ("x" * 80, "'" + "x" * 80 + "'"),
    ],
)
def test_attacker_text_is_shown_visible_and_short(text: str | bytes, expected: str) -> None:
    assert shown(text) == expected


def test_shown_can_tell_letters_apart_that_look_the_same() -> None:
    assert shown("e\u0301", ascii_only=True) == r"'e\u0301'"


@given(st.one_of(st.text(), st.binary()))
def test_what_is_shown_prints_on_one_line(text: str | bytes) -> None:
    assert shown(text).isprintable()


def test_a_refusal_prints_every_message_with_its_code() -> None:
    faults = FaultList(10)
    registry = NameRegistry(Limits(), faults)
    registry.accept("../a")
    registry.accept("")
    with pytest.raises(ArchiveRefused) as refusal:
        faults.check()
    lines = str(refusal.value).splitlines()
    assert [line.rpartition(" ")[2] for line in lines] == ["[archive.name.dot-component]", "[archive.name.empty]"]
    assert refusal.value.faults[1].anchor == "docs/upload-errors.md#archive-name-empty"
