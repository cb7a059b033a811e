"""What a text looks like, whatever it does."""

from __future__ import annotations

import random
import time
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.analyzers.shape import shape
from scanner.model import MemberName, Role, Severity, Sha256Hex
from scanner.ruleset import Ruleset
from scanner.view import MemberView

RULESET = Ruleset.load()
WORDS = "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda_ mu nu xi omicron".split()  # noqa: SIM905 # words


def _shapes(data: str | bytes) -> list[tuple[str, int | None]]:
    raw = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    member = MemberView(MemberName("p/a.py"), raw, Sha256Hex(sha256(raw).hexdigest()), Role.IMPORT, is_python=True)
    return [(finding.rule, finding.line) for finding in shape(member, RULESET)]


def _names(make: object, count: int = 40) -> str:
    chance = random.Random(7)  # no secret is made of it
    return "\n".join(f"{make(chance)} = 1" for _ in range(count))  # type: ignore[operator] # a function of chance


DENSE = "QUJD" * 200
SUMS = "\n".join(
    f"a{n} = ((b << {n}) ^ (c >> {n})) & ~(d | -e) % (f ** g) - (h @ b) + (c != d) * (e <= f)" for n in range(9)
)

STRANGE = {
    "mostly one literal": (f"import base64\nrun(base64.b64decode('{DENSE}'))\n", "mostly-literal", 1),
    "mostly one literal of lines": ('x = b"""' + "\n".join([DENSE] * 3) + '"""\nf(x)\n', "mostly-literal", 1),
    "mostly one literal behind prose": (f'"""{"words of prose " * 400}"""\n# more\nf("{DENSE}")', "mostly-literal", 1),
    "mostly operators": (SUMS, "mostly-operators", 1),
    "mostly operators behind prose": (
        f'"""{"words of prose " * 400}"""\n# {"more of it " * 200}\n{SUMS}',
        "mostly-operators",
        1,
    ),
    "long line": ("x = 1\ny = '" + "a" * 40_001 + "'\n", "long-line", 2),
    "long row of numbers": ("x = [" + "101, " * 9_000 + "]\n", "long-line", 1),
    "table with one long text": ("x = {" + "'word', " * 100 + "'" + "a" * 41_000 + "'}\n", "long-line", 1),
    "table of what is computed": ("x = [" + "f('word'), " * 5_000 + "]\n", "long-line", 1),
    "table before other code": ("x = {" + "'word', " * 3_000 + "}; " + "y = f(x); " * 3_000 + "\n", "long-line", 1),
    "code behind blanks": ("x = 1\ny = 2" + " " * 200 + ";import os\n", "code-far-right", 2),
    "code behind blanks after a call": ("print(1)" + " " * 300 + ";__import__('os')\n", "code-far-right", 1),
    "code behind tabs": ("y = 2;" + "\t" * 120 + "import os\n", "code-far-right", 1),
    "override of direction": ("x = 'a\u202eb'\n", "bidirectional-text", 1),
    "isolated direction": ("# a\u2066b\nx = 1\n", "bidirectional-text", 1),
    "mathematical letters": (
        "import os\nos.\U0001d600\U0001d606\U0001d600\U0001d601\U0001d5f2\U0001d5fa('x')\n",
        "disguised-identifier",
        2,
    ),
    "full-width letters": ("\uff45\uff58\uff45\uff43('1')\n", "disguised-identifier", 1),
    "cyrillic letter in a latin name": ("p\u0430ssword = 1\n", "mixed-script-identifier", 1),
    "look-alike letters": (
        _names(lambda c: "".join(c.choice("Il1") for _ in range(12)).replace("1", "I", 1)),
        "junk-identifiers",
        1,
    ),
    "circles": (_names(lambda c: "o" + "".join(c.choice("oO0") for _ in range(14))), "junk-identifiers", 1),
    "ideographs at random": (
        _names(lambda c: "".join(chr(c.randrange(0x4E00, 0x9FA5)) for _ in range(8))),
        "junk-identifiers",
        1,
    ),
    "escape encoding": ("# coding: unicode_escape\nx = 1\n", "exotic-encoding", 1),
    "seven-bit encoding": ("# coding: utf-7\nx = 1\n", "exotic-encoding", 1),
}

ORDINARY = {
    "literals that are text": f'x = "{"some words for people " * 60}"\n',
    "short literals": "x = [" + ", ".join(repr("ab" * 20) for _ in range(40)) + "]\n",
    "a literal beside more code": f"x = '{DENSE}'\n"
    + "\n".join(f"def name_{n}(value): return other(value)" for n in range(40)),
    "arithmetic": "\n".join(f"total_{n} = first_value * {n} + second_value - offset" for n in range(30)),
    "operators in prose": f'"""{"- = + " * 300}"""\n' + "\n".join(f"value_{n} = function(argument)" for n in range(20)),
    "table of words in one line": "WORDS = {" + ", ".join(f"'{w}{n}'" for n in range(500) for w in WORDS) + "}\n",
    "table of states in one line": "T = {" + ", ".join(f"'S{n}': ([1, 2], [3])" for n in range(4_000)) + "}\n",
    "long literal table": "x = [" + "1, " * 9_000 + "]\n",
    "blanks in a text": "x = 'a" + " " * 300 + "b'\n",
    "blanks in a documentation text": "x = '''\ncolumn" + " " * 300 + "other\n'''\n",
    "blanks before a comment": "x = 1" + " " * 300 + "# comment\n",
    "blanks at the end": "x = 1" + " " * 300 + "\ny = 2\n",
    "deep indentation": "if x:\n" + " " * 120 + "y = 1\n",
    "words": _names(lambda c: c.choice(WORDS) + "_" + c.choice(WORDS)),
    "one-letter names": _names(lambda c: c.choice("abcdefghijklmnop")),
    "names of another language": "\n".join(f"{name} = 1" for name in ("größe", "naïve", "имя", "変数", "名前", "値")),
    "pop of direction in a table": "x = '\u202c'\n",
    "symbol of mathematics": "Δx = 1\nμ = 2\n",
    "texts of other scripts": "x = 'Привет мир, 你好世界, שלום'\n",
    "compatibility letters in a text": "x = '\uff45\uff58\uff45\uff43'\n# \uff45\uff58\uff45\uff43\n",
    "regular expression of letters": "import re\nx = re.compile('[Il1]{8}IlIlIlIlIl')\n",
    "hexadecimal": "\n".join(f"x{i} = '{sha256(bytes([i])).hexdigest()}'" for i in range(40)),
    "test names": "\n".join(f"def test_that_something_long_happens_when_{w}_is_given():\n    pass" for w in WORDS),
    "latin-1": "# coding: latin-1\nx = 1\n",
}


@pytest.mark.parametrize(("text", "rule", "line"), STRANGE.values(), ids=STRANGE.keys())
def test_the_strange_look_is_told_with_its_line(text: str, rule: str, line: int) -> None:
    assert (rule, line) in _shapes(text)


@pytest.mark.parametrize("text", ORDINARY.values(), ids=ORDINARY.keys())
def test_an_ordinary_look_is_not_told(text: str) -> None:
    assert _shapes(text) == []


def test_a_member_that_is_no_python_is_not_looked_at() -> None:
    data = ("x" * 50_000).encode()
    member = MemberView(MemberName("p/a.css"), data, Sha256Hex("0" * 64), Role.NEVER)
    assert list(shape(member, RULESET)) == []


def test_a_sign_of_direction_alone_between_quotes_is_a_table_s_entry() -> None:
    def severities(text: str) -> list[Severity]:
        raw = text.encode()
        member = MemberView(MemberName("p/a.py"), raw, Sha256Hex(sha256(raw).hexdigest()), Role.IMPORT, is_python=True)
        return [finding.severity for finding in shape(member, RULESET)]

    assert severities('SIGNS = {"override": "\u202e"}\n') == [Severity.INFO]
    assert severities('SIGNS = {"override": "\u202e"}\nx = "a\u202eb"\n') == [Severity.HIGH]


def test_a_regional_encoding_is_told_more_mildly_than_one_that_hides_code() -> None:
    def severity(cookie: str) -> set[Severity]:
        data = f"# coding: {cookie}\nx = 1\n".encode()
        member = MemberView(MemberName("p/a.py"), data, Sha256Hex("0" * 64), Role.IMPORT, is_python=True)
        return {finding.severity for finding in shape(member, RULESET)}

    assert severity("big5") == {Severity.MEDIUM}
    assert severity("utf-7") == {Severity.HIGH}


@pytest.mark.parametrize(
    "text",
    [
        " " * 1_000_000,
        "x" + " " * 1_000_000,
        ("a" + " " * 120 + "b") * 8_000,
        "'" * 1_000_000,
        "'\\" * 500_000,
        "\"'" * 500_000,
        "I" * 1_000_000,
        "é" * 500_000,
        "\u0430a" * 200_000,
        "#" * 1_000_000,
        "a\u200b" * 200_000,
        "x = 1;" * 160_000,
    ],
    ids=lambda text: repr(text[:8]),
)
def test_hostile_text_is_looked_at_in_linear_time(text: str) -> None:
    started = time.process_time()
    _shapes(text)
    assert time.process_time() - started < 5


@given(st.text(max_size=200))
def test_any_text_is_looked_at_without_an_error(text: str) -> None:
    _shapes(text)
