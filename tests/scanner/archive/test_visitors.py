"""Who reads a distribution is shown its members, and may know some before they are unpacked."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from scanner.archive import ArchiveRefused, Member, PackedMember, read_distribution, walk
from tests.hostile.dist_builder import INFO, MODULE, SDIST, SOURCE, WHEEL, record, sdist, wheel, wheel_entries
from tests.hostile.zip_builder import Entry, ZipFile, deflate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scanner.model import Sha256Hex

FILES = {"demo_pkg/a.py": b"A = 1\n" * 50, "demo_pkg/b.py": b"B = 2\n"}


@dataclass
class Reader:
    """Notes what it is shown; `hashes` are what it knows, by key."""

    hashes: Mapping[bytes, Sha256Hex] = field(default_factory=dict)
    taken: list[Member] = field(default_factory=list)
    recalled: list[str] = field(default_factory=list)
    keys: dict[str, bytes] = field(default_factory=dict)

    def known(self, packed: PackedMember) -> Sha256Hex | None:
        self.keys[packed.name] = packed.key
        return self.hashes.get(packed.key)

    def recall(self, packed: PackedMember, known: Sha256Hex) -> None:
        assert self.hashes[packed.key] == known
        self.recalled.append(packed.name)

    def take(self, member: Member) -> None:
        self.taken.append(member)


def read(data: bytes, hashes: Mapping[bytes, Sha256Hex] | None = None) -> Reader:
    reader = Reader(hashes or {})
    read_distribution(data, WHEEL, visitor=reader)
    return reader


def learned(data: bytes) -> dict[bytes, Sha256Hex]:
    reader = read(data)
    return {reader.keys[member.name]: member.sha256 for member in reader.taken}


@pytest.mark.parametrize(("data", "filename"), [(wheel(FILES), WHEEL), (sdist(), SDIST)], ids=["wheel", "sdist"])
def test_a_reader_is_shown_what_a_walk_hands_out(data: bytes, filename: str) -> None:
    reader = Reader()
    read_distribution(data, filename, visitor=reader)
    assert reader.taken == list(walk(data, filename))


def test_what_is_known_is_not_unpacked_but_for_what_no_record_has_a_hash_of() -> None:
    data = wheel(FILES)
    reader = read(data, learned(data))
    assert [member.name for member in reader.taken] == [f"{INFO}/RECORD"]
    assert [*reader.recalled, f"{INFO}/RECORD"] == [member.name for member in walk(data, WHEEL)]


def test_a_hash_that_record_does_not_confirm_is_not_believed() -> None:
    data = wheel(FILES)
    known = dict.fromkeys(learned(data), learned(wheel({"demo_pkg/a.py": b"other"})).popitem()[1])
    reader = read(data, known)
    assert reader.recalled == []
    assert reader.taken == list(walk(data, WHEEL))


@pytest.mark.parametrize("row", [f"{MODULE},,\n", f"{MODULE},sha256=AAAA,12\n", ""])
def test_a_record_that_lies_of_a_known_member_is_refused_as_ever(row: str) -> None:
    files = {entry.raw_name.decode(): entry.data for entry in wheel_entries() if entry.name != f"{INFO}/RECORD"}
    lying = record(files, extra=f"{INFO}/RECORD,,\n", replace={MODULE: row})
    data = ZipFile(entries=tuple(wheel_entries(raw_record=lying))).build()
    with pytest.raises(ArchiveRefused) as plain:
        read(data)
    with pytest.raises(ArchiveRefused) as informed:
        read(data, learned(wheel()))
    assert informed.value.faults == plain.value.faults


def key_of(entry: Entry) -> bytes:
    entries = [entry if old.name == MODULE else old for old in wheel_entries()]
    reader = Reader()
    with suppress(ArchiveRefused):
        read_distribution(ZipFile(entries=tuple(entries)).build(), WHEEL, visitor=reader)
    return reader.keys[MODULE]


def test_a_key_stands_for_everything_that_unpacking_goes_by() -> None:
    crc = {"crc": 7}
    size = {"size": len(SOURCE) + 1}
    others = [
        Entry(name=MODULE, data=SOURCE + b"#"),
        Entry(name=MODULE, data=SOURCE, method=0),
        Entry(name=MODULE, data=deflate(SOURCE), method=0),
        Entry(name=MODULE, data=SOURCE, local=dict(crc), central=dict(crc)),
        Entry(name=MODULE, data=SOURCE, local=dict(size), central=dict(size)),
    ]
    keys = [key_of(entry) for entry in (Entry(name=MODULE, data=SOURCE), *others)]
    assert len(set(keys)) == len(keys)


def test_packed_bytes_that_are_damaged_say_so_when_they_are_unpacked() -> None:
    packed: list[PackedMember] = []

    class Keeping(Reader):
        def known(self, one: PackedMember) -> Sha256Hex | None:
            packed.append(one)
            return None

    entries = [Entry(name=MODULE, data=SOURCE, packed=b"\xff\xff") if e.name == MODULE else e for e in wheel_entries()]
    with pytest.raises(ArchiveRefused, match="cannot be unpacked"):
        read_distribution(ZipFile(entries=tuple(entries)).build(), WHEEL, visitor=Keeping())
    with pytest.raises(ValueError, match="cannot be unpacked"):
        _ = packed[0].data
