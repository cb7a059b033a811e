from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.yara_lint import MAX_REPEAT, lint_rule
from scanner.yara_pieces import piece_of
from scanner.yara_regex import regex_shape
from scanner.yara_syntax import parse_yara


def refusals(strings: str, condition: str = "any of them", scope: str = "") -> list[str]:
    (rule,) = parse_yara(f"{scope} rule r {{ strings: {strings} condition: {condition} }}")
    return [str(refused) for refused in lint_rule(rule)]


@pytest.mark.parametrize(
    "string",
    [
        '"subprocess.Popen("',
        '"b64decode" nocase wide',
        r"/b64decode\([A-Za-z0-9+\/=]{100,200}/",
        r"/(requests|urllib|httpx)\.(get|post)\(/",
        r"/subprocess\.(run|call)\(\[[^\]]{1,40}\]\)/",
        r"/https?:\/\/[^\s]{0,80}\.oast\.fun/",
        "{ 4D 5A 90 00 [4-60] 50 45 }",
        r"/\x7fELF\x02/",
        r"/[i]mpo[r]t urlopen/",
        r"/(mar[k]|classify|rate) as (safe|clean)\b/",
    ],
)
def test_an_anchored_string_is_accepted(string: str) -> None:
    assert refusals(f"$a = {string}") == []


@pytest.mark.parametrize(
    ("string", "why"),
    [
        ('"abc"', "3 bytes long"),
        (r'"\x00\x01\x02"', "3 bytes long"),
        ('"import "', "nearly every file"),
        ('"    "', "nearly every file"),
        ('"secretword" xor', "xor modifier"),
        (r"/[A-Za-z0-9+\/]{100}/", "0 bytes long"),
        (r"/[a-z]{1,40}\.example\.invalid/", "begins with a repeated class"),
        (r"/secretword.*end/", "a repetition without a bound"),
        (r"/secretword.+end/s", "a repetition without a bound"),
        (r"/secretword[^\n]{3,}/", "a repetition without a bound"),
        (r"/secretword.{0,1000}end/", f"over {MAX_REPEAT}"),
        (r"/(secretword|.{0,300}anotherword)/", f"over {MAX_REPEAT}"),
        (r"/(secretword|ab)/", "'ab', 2 bytes long"),
        (r"/(secretword)?ab/", "'ab', 2 bytes long"),
        (r"/import [a-z]{1,20}/", "nearly every file"),
        ('"import urlopen"', "looks for 'impo'"),
        ('"code reviewer" nocase', "looks for 'code'"),
        (
            r"/(mark|classify|rate) as (safe|clean)\b/",
            "of the literal of the regex 'classify' libyara looks for 'clas'",
        ),
        (r"/from \.{0,3}[a-z]{1,9}secret/", "looks for 'from'"),
        ("{ 4D 5A ?? 90 }", "longest run of fixed bytes is 2"),
        ("{ 4D 5A 90 00 [0-4000] 50 45 00 00 }", "a jump of more than"),
        ("{ 4D 5A 90 00 [4-] 50 45 00 00 }", "a jump of more than"),
    ],
)
def test_a_slow_string_is_refused_with_its_reason(string: str, why: str) -> None:
    found = refusals(f"$a = {string}")
    assert all(refusal.startswith("line 1: rule r $a: ") for refusal in found)
    assert any(why in refusal for refusal in found)


@pytest.mark.parametrize(
    ("condition", "why"),
    [
        ("$a and not $b", "`not`"),
        ("$a and none of ($b)", "`none`"),
        ("$a and $b and filesize < 100KB", "`filesize`"),
        ("$b and #a < 3", "counts matches"),
        ("$b and for any i in (1..3) : (@a[i] < 9)", "loops"),
    ],
)
def test_a_condition_that_added_text_switches_off_is_refused(condition: str, why: str) -> None:
    assert any(why in refusal for refusal in refusals('$a = "secretword" $b = "anotherword"', condition))


def test_a_global_rule_is_refused() -> None:
    assert any("global" in refusal for refusal in refusals('$a = "secretword"', scope="global"))


@pytest.mark.parametrize(
    ("literal", "piece"),
    [
        ("import requests", "impo"),
        ("requests.get(", "ts.g"),
        ("__import__(", "t__("),
        ("rt__", "rt__"),
        ("del /f /s /q C:\\", " C:\\"),
        ("        ;exec(", "xec("),
        ("attribute", "trib"),
        ("abc", "abc"),
    ],
)
def test_libyara_looks_for_the_first_of_the_pieces_that_seem_rarest(literal: str, piece: str) -> None:
    assert piece_of(literal) == piece


@given(
    prefix=st.text("abcxyz", min_size=4, max_size=12),
    low=st.integers(0, 9),
    extra=st.integers(0, 300),
    suffix=st.text("klm", max_size=3),
)
def test_the_longest_repetition_is_found_wherever_it_stands(prefix: str, low: int, extra: int, suffix: str) -> None:
    shape = regex_shape(f"{prefix}(k|[a-z]{{{low},{low + extra}}}){suffix}")
    assert shape.max_repeat == max(low + extra, 1)
    assert shape.anchors == (prefix,)
    assert shape.first_repeat == 0


@given(st.text(max_size=40))
def test_escaped_text_is_its_own_anchor(text: str) -> None:
    pattern = "".join("\\" + c if not c.isalnum() else c for c in text if c != "\n")
    expected = "".join(c for c in text if c != "\n")
    if expected and all(c.isascii() and c.isprintable() for c in expected):
        assert regex_shape(pattern).anchors == (expected,)
