from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from scanner.analyzers import text as module
from scanner.analyzers.text import PLACES_PER_RULE, Places, text
from scanner.model import Finding, Kind, MemberName, Role, RuleId, Sha256Hex
from scanner.ruleset import Match, MatchTimeout, Ruleset
from scanner.view import MemberView

if TYPE_CHECKING:
    from collections.abc import Sequence


@pytest.fixture(scope="module")
def ruleset() -> Ruleset:
    return Ruleset.load()


def view(
    data: bytes, *, name: str = "pkg/mod.py", role: Role = Role.IMPORT, layers: Sequence[str] = (), python: bool = True
) -> MemberView:
    digest = Sha256Hex(sha256(data).hexdigest())
    return MemberView(MemberName(name), data, digest, role, tuple(layers), is_python=python)


def found(ruleset: Ruleset, member: MemberView, rule: str = "decodes-and-executes") -> list[Finding]:
    return [finding for finding in text(member, ruleset) if finding.rule == rule]


def test_a_hit_has_line_column_snippet_role_and_layers(ruleset: Ruleset) -> None:
    data = b"import base64\n\n  x = 1; exec(base64.b64decode('bWFya2Vy'))  # tail\nlast = 1\n"
    (finding,) = found(ruleset, view(data, role=Role.INSTALL, layers=["zlib"]))
    assert (finding.line, finding.column) == (3, 10)
    assert finding.snippet == "x = 1; exec(base64.b64decode('bWFya2Vy'))  # tail"
    assert (finding.role, finding.layers, finding.member) == (Role.INSTALL, ("zlib",), "pkg/mod.py")
    assert finding.kind is Kind.TEXT


def test_ordinary_code_gives_nothing(ruleset: Ruleset) -> None:
    assert list(text(view(b"import os\n\n\ndef f(x):\n    return os.path.join(x, 'y')\n"), ruleset)) == []


@pytest.mark.parametrize("newline", [b"\n", b"\r\n", b"\r"])
def test_lines_end_where_python_ends_them(ruleset: Ruleset, newline: bytes) -> None:
    data = newline.join([b"a = 1", b"b = 2", b"exec(base64.b64decode(a))"])
    assert [finding.line for finding in found(ruleset, view(data))] == [3]


def test_the_column_counts_characters_and_not_bytes(ruleset: Ruleset) -> None:
    data = "x = 'éé'; exec(base64.b64decode(x))".encode()
    assert [finding.column for finding in found(ruleset, view(data))] == [11]


def test_each_line_is_told_once_and_no_rule_more_than_its_share(ruleset: Ruleset) -> None:
    line = b"exec(base64.b64decode(a)); exec(base64.b64decode(b))\n"
    assert [finding.line for finding in found(ruleset, view(line * 3))] == [1, 2, 3]
    assert [finding.line for finding in found(ruleset, view(line * 50))] == [1, 2, 3, 4, 5]
    assert PLACES_PER_RULE == 5


def test_code_behind_spaces_is_what_the_snippet_shows(ruleset: Ruleset) -> None:
    data = b"x = 1" + b" " * 300 + b";exec(base64.b64decode('bWFya2Vy'))\n"
    (finding,) = found(ruleset, view(data))
    assert finding.column == 307
    assert "exec(base64.b64decode('bWFya2Vy'))" in finding.snippet
    assert len(finding.snippet) <= 200


def test_a_line_of_megabytes_gives_a_short_snippet(ruleset: Ruleset) -> None:
    data = b"x = '" + b"y" * 500_000 + b"'; exec(base64.b64decode(x)); z = '" + b"z" * 400_000 + b"'"
    (finding,) = found(ruleset, view(data))
    assert "exec(base64.b64decode(x))" in finding.snippet
    assert len(finding.snippet) == 200


def test_text_that_the_encoding_hides_is_read_as_python_reads_it(ruleset: Ruleset) -> None:
    # UTF-7: `+AGU-xec(` is `exec(` for Python, and nothing for a search in the bytes.
    data = b"# coding: utf-7\na = 1\n+AGU-xec(base64.b64decode(a))\n"
    (finding,) = found(ruleset, view(data))
    assert finding.line == 3


def test_a_cookie_behind_a_long_first_line_is_read_too(ruleset: Ruleset) -> None:
    data = b"# " + b"x" * 5000 + b"\n# coding: utf-7\n+AGU-xec(base64.b64decode(a))\n"
    assert [finding.line for finding in found(ruleset, view(data))] == [3]


def test_identifiers_are_normalised_as_python_normalises_them(ruleset: Ruleset) -> None:
    fancy = "\N{MATHEMATICAL BOLD SCRIPT SMALL E}\N{MATHEMATICAL BOLD SCRIPT SMALL X}ec"
    data = f"a = 1\n{fancy}(base64.b64decode(a))\n".encode()
    assert [finding.line for finding in found(ruleset, view(data))] == [2]


def test_the_same_line_in_bytes_and_text_is_told_once(ruleset: Ruleset) -> None:
    data = "exec(base64.b64decode(a))  # ﬁ\n".encode()
    assert len(found(ruleset, view(data))) == 1


def test_source_that_cannot_be_decoded_is_still_searched(ruleset: Ruleset) -> None:
    data = b"# coding: utf-8\nexec(base64.b64decode(a)) # \xff\n"
    assert [finding.line for finding in found(ruleset, view(data))] == [2]


def test_binary_data_has_no_line_and_an_escaped_snippet(ruleset: Ruleset) -> None:
    data = b"\x7fELF\x02\x01\x01" + b"\0" * 64 + b"stratum+tcp://\x1b[31mhost.invalid\0"
    (finding,) = found(ruleset, view(data, name="pkg/x.so", python=False), "miner-protocol")
    assert (finding.line, finding.column) == (None, None)
    assert finding.snippet == "stratum+tcp://"


def test_a_header_is_a_binary_finding(ruleset: Ruleset) -> None:
    data = b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff\0\0"
    (finding,) = found(ruleset, view(data, name="pkg/x.bin", python=False), "windows-executable")
    assert (finding.kind, finding.line) == (Kind.BINARY, None)
    assert finding.snippet.startswith(r"MZ\x90\x00")
    assert finding.snippet.isascii()
    assert finding.snippet.isprintable()


def test_a_rule_for_path_files_is_silent_elsewhere(ruleset: Ruleset) -> None:
    line = b"import os, subprocess; subprocess.Popen(['marker'])\n"
    assert found(ruleset, view(line, name="x.pth", role=Role.STARTUP, python=False), "path-file-runs-code")
    assert not found(ruleset, view(line, name="x.py"), "path-file-runs-code")


def test_a_time_out_is_a_finding_and_not_silence(ruleset: Ruleset) -> None:
    class Stuck(Ruleset):
        def match(self, data: bytes, **_: object) -> list[Match]:
            raise MatchTimeout(f"{len(data)} bytes")

    stuck = Stuck(ruleset.hash, ruleset.folder, ruleset.rules, ruleset.policy)
    (finding,) = text(view(b"x = 1\n", layers=["base64"]), stuck)
    assert (finding.rule, finding.kind, finding.role) == ("yara-timeout", Kind.LIMITS, Role.IMPORT)
    assert finding.layers == ("base64",)


def test_a_time_limit_is_passed_on(ruleset: Ruleset, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    class Asked(Ruleset):
        def match(self, data: bytes, **given: object) -> list[Match]:
            asked.append((given["timeout_seconds"], len(data)))
            return []

    monkeypatch.setattr(module, "TIMEOUT_SECONDS", 7)
    list(text(view(b"x = 1\n"), Asked(ruleset.hash, ruleset.folder, ruleset.rules, ruleset.policy)))
    assert asked == [(7, 6)]


def test_a_place_behind_the_last_newline_is_on_the_last_line() -> None:
    place = Places(b"one\ntwo").of(Match(RuleId("x"), 4, b"two"))
    assert (place.line, place.column, place.snippet) == (2, 1, "two")


def test_what_stands_in_comments_and_documentation_alone_counts_as_talk(ruleset: Ruleset) -> None:
    attack = "exec(base64.b64decode('bWFya2Vy'))"
    for source in (f"import os  # not {attack}\n", f'"""Finds {attack} in files."""\nimport os\n'):
        assert {finding.role for finding in found(ruleset, view(source.encode()))} == {Role.NEVER}
    both = f'"""Finds {attack} in files."""\n{attack}\n'
    assert [(f.line, f.role) for f in found(ruleset, view(both.encode()))] == [(2, Role.IMPORT)]


def test_documentation_that_is_executed_is_no_talk(ruleset: Ruleset) -> None:
    source = b'"""exec(base64.b64decode(\'bWFya2Vy\'))"""\nrun(__doc__)\n'
    assert {finding.role for finding in found(ruleset, view(source))} == {Role.IMPORT}


def test_words_in_a_large_native_program_count_as_talk_and_in_a_small_one_fully(ruleset: Ruleset) -> None:
    words = b"exec(base64.b64decode(x))"
    for size, role in ((100, Role.NEVER), (0, Role.IMPORT)):
        program = b"\x7fELF\2\1\1\0" + words + b"\0" * size * 50_000
        assert {f.role for f in found(ruleset, view(program, name="pkg/a.so", python=False))} == {role}
