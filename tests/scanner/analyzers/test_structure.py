from __future__ import annotations

import struct

import pytest

from scanner.analyzers.magic import Content, content
from scanner.analyzers.structure import CONTENTS, LINKS, structure
from scanner.model import Kind, MemberName, Role
from tests.fixtures.views import artifact, plain_ruleset

PURE = "x-1-py3-none-any.whl"
LINUX = "x-1-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"
WINDOWS = "x-1-cp311-cp311-win_amd64.whl"
MACOS = "x-1-cp311-cp311-macosx_11_0_universal2.whl"
SDIST = "x-1.tar.gz"


def elf(machine: int = 62, *, big: bool = False) -> bytes:
    order = ">" if big else "<"
    return b"\x7fELF\x02" + (b"\x02" if big else b"\x01") + b"\0" * 10 + struct.pack(f"{order}HH", 3, machine)


def pe(machine: int = 0x8664) -> bytes:
    return b"MZ" + b"\0" * 58 + struct.pack("<I", 64) + b"PE\0\0" + struct.pack("<H", machine)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (elf(), Content("elf", "x86_64")),
        (elf(183), Content("elf", "aarch64")),
        (elf(22, big=True), Content("elf", "s390x")),
        (elf(9999), Content("elf", "")),
        (b"\x7fELF", Content("elf", "")),
        (pe(), Content("pe", "x86_64")),
        (pe(0x014C), Content("pe", "i686")),
        (b"MZ is how this sentence begins, and it goes on for a while, as sentences do.", Content()),
        (b"MZ", Content()),
        (b"\xcf\xfa\xed\xfe\x0c\x00\x00\x01", Content("macho", "aarch64")),
        (b"\xfe\xed\xfa\xcf\x01\x00\x00\x07", Content("macho", "x86_64")),
        (b"\xca\xfe\xba\xbe\x00\x00\x00\x02", Content("macho", "universal2")),
        (b"\xca\xfe\xba\xbe\x00\x00\x00\x41", Content()),
        (b"PK\x03\x04rest", Content(archive="zip")),
        (b"\0" * 257 + b"ustar\0", Content(archive="tar")),
        (b"", Content()),
        (b"#!/bin/sh\n", Content()),
    ],
)
def test_content_is_told_by_the_first_bytes(data: bytes, expected: Content) -> None:
    assert content(data) == expected


def found(filename: str, members: dict[str, bytes], role: Role = Role.IMPORT) -> list[tuple[str, str]]:
    contents = {MemberName(n): content(d) for n, d in members.items() if content(d) != Content()}
    view = artifact(filename, members, roles=dict.fromkeys(members, role), extras={CONTENTS: contents})
    return [(f.rule, f.member) for f in structure(view, plain_ruleset())]


@pytest.mark.parametrize(
    ("filename", "data", "announced"),
    [
        (LINUX, elf(), True),
        (LINUX, elf(183), False),
        (LINUX, pe(), False),
        (PURE, elf(), False),
        (WINDOWS, pe(), True),
        (WINDOWS, pe(0x014C), False),
        (WINDOWS, elf(), False),
        (MACOS, b"\xca\xfe\xba\xbe\x00\x00\x00\x02", True),
        (MACOS, b"\xcf\xfa\xed\xfe\x0c\x00\x00\x01", True),
        ("x-1-cp311-abi3-musllinux_1_2_aarch64.whl", elf(183), True),
        ("x-1-cp311-cp311-linux_x86_64.whl", elf(9999), True),
        ("x-1-cp311-cp311-win32.whl", pe(0x014C), True),
    ],
)
def test_machine_code_is_fine_where_the_wheels_tag_announces_it(filename: str, data: bytes, *, announced: bool) -> None:
    expected = [] if announced else [("binary-against-tag", "x/lib.so")]
    assert found(filename, {"x/lib.so": data}) == expected


@pytest.mark.parametrize("name", ["x/logo.png", "x/notes.txt", "x/mod.py", "x/data.JSON"])
def test_a_program_under_the_name_of_a_document_is_found(name: str) -> None:
    assert ("misleading-extension", name) in found(LINUX, {name: elf()}, Role.NEVER)


@pytest.mark.parametrize("name", ["x/lib.so", "x/lib.so.1.2", "x/tool", "x/tool.exe", "x/firmware.bin"])
def test_a_program_under_a_programs_name_is_not_misleading(name: str) -> None:
    assert found(LINUX, {name: elf()}) == []


def test_a_hidden_program_counts_as_one_that_is_started() -> None:
    view = artifact(
        LINUX, {"x/a.png": elf()}, roles={"x/a.png": Role.NEVER}, extras={CONTENTS: {"x/a.png": content(elf())}}
    )
    (finding,) = structure(view, plain_ruleset())
    assert (finding.role, finding.kind) == (Role.COMMAND, Kind.BINARY)


@pytest.mark.parametrize(
    ("filename", "members", "expected"),
    [
        (PURE, {"x/Readme.py": b"", "x/README.py": b""}, [("case-collision", "x/README.py")]),
        (PURE, {"x/a.py": b"", "y/a.py": b""}, []),
        (PURE, {"x/letter.pdf.exe": b""}, [("double-extension", "x/letter.pdf.exe")]),
        (PURE, {"x/a.tar.gz": b"", "x/v1.2.py": b"", "x/test.txt.j2": b""}, []),
        (PURE, {".hooks/a.txt": b"", ".hooks/b.txt": b""}, [("hidden-folder", ".hooks/a.txt")]),
        (PURE, {"x/.dylibs/a.dylib": b""}, []),
        (SDIST, {"x-1/.github/workflow.yml": b""}, []),
        (PURE, {"x/m.pyc": b"\0" * 16}, [("compiled-only", "x/m.pyc")]),
        (PURE, {"x/__pycache__/m.cpython-311.pyc": b"\0" * 16}, [("compiled-only", "x/__pycache__/m.cpython-311.pyc")]),
        (
            PURE,
            {"x/m.py": b"", "x/__pycache__/m.cpython-311.pyc": b"\0" * 16},
            [("bytecode-beside-source", "x/__pycache__/m.cpython-311.pyc")],
        ),
        (
            PURE,
            {"x/m.py": b"", "x/__pycache__/m.cpython-311.pyc": b"\0\0\r\n\x01" + b"\0" * 11},
            [("compiled-only", "x/__pycache__/m.cpython-311.pyc")],
        ),
        (SDIST, {"x-1/setup.py": b""}, [("setup-without-pyproject", "x-1/setup.py")]),
        (SDIST, {"x-1/setup.py": b"", "x-1/pyproject.toml": b""}, []),
        (SDIST, {"x-1/sub/setup.py": b""}, []),
        (SDIST, {"x-1/bundle.zip": b"PK\x03\x04"}, [("nested-archive", "x-1/bundle.zip")]),
        (SDIST, {"x-1/tool.exe": pe()}, [("binary-in-sdist", "x-1/tool.exe")]),
    ],
)
def test_form(filename: str, members: dict[str, bytes], expected: list[tuple[str, str]]) -> None:
    assert found(filename, members) == expected


def test_bytecode_alone_is_a_fact_about_the_form_because_it_is_read() -> None:
    (finding,) = structure(artifact(PURE, {"x/m.pyc": b""}), plain_ruleset())
    assert finding.kind is Kind.STRUCTURE


@pytest.mark.parametrize(
    ("link", "target", "rule"),
    [
        ("x-1/docs/a.css", "x-1/docs/b.css", "idle-link"),
        ("x-1/COPYING", "x-1/LICENSE", "idle-link"),
        ("x-1/x/b.py", "x-1/docs/b.css", "link-member"),
        ("x-1/docs/data", "x-1/x/a.py", "link-member"),
        ("x-1/x/data", "x-1/tests/helper.py", "link-member"),
        ("x-1/x/inner", "x-1/tests", "link-member"),
        ("x-1/docs/run", "x-1/docs/run.sh", "link-member"),
        ("x-1/docs/a.css", "x-1/docs/gone.css", "link-member"),
    ],
)
def test_a_link_holds_unless_it_stands_for_data_and_is_data_itself(link: str, target: str, rule: str) -> None:
    roles = {
        "x-1/x/a.py": Role.IMPORT,
        "x-1/tests/helper.py": Role.TEST,
        "x-1/x/b.py": Role.IMPORT,
        **dict.fromkeys(("x-1/docs/b.css", "x-1/docs/a.css", "x-1/LICENSE", "x-1/docs/run.sh"), Role.NEVER),
    }
    view = artifact(SDIST, dict.fromkeys(roles, b""), roles=roles, extras={LINKS: {MemberName(link): target}})
    assert [(f.rule, f.member) for f in structure(view, plain_ruleset()) if "link" in f.rule] == [(rule, link)]
