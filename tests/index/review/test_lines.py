from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.review.lines import LONG_SPACES, TokenKind, split_lines, tokenize


@given(st.text(alphabet=st.characters()))
def test_nothing_is_lost_and_nothing_is_made_up(line: str) -> None:
    assert "".join(token.text for token in tokenize(line)) == line


@given(st.text(alphabet=st.characters()))
def test_what_is_shown_as_text_can_be_seen(line: str) -> None:
    for token in tokenize(line):
        if token.kind is TokenKind.TEXT:
            hidden = [
                one for one in token.text if one != "\t" and unicodedata.category(one) in {"Cc", "Cf", "Zl", "Zp"}
            ]
            assert not hidden
            assert LONG_SPACES * " " not in token.text
        else:
            assert token.label


@pytest.mark.parametrize(
    ("character", "label"),
    [
        ("\u202e", "U+202E RIGHT-TO-LEFT OVERRIDE"),
        ("\u2066", "U+2066 LEFT-TO-RIGHT ISOLATE"),
        ("\u200b", "U+200B ZERO WIDTH SPACE"),
        ("\u200d", "U+200D ZERO WIDTH JOINER"),
        ("\ufeff", "U+FEFF ZERO WIDTH NO-BREAK SPACE"),
        ("\u00a0", "U+00A0 NO-BREAK SPACE"),
        ("\u3164", "U+3164 HANGUL FILLER"),
        ("\ufe0f", "U+FE0F VARIATION SELECTOR-16"),
        ("\U000e0041", "U+E0041 TAG LATIN CAPITAL LETTER A"),
        ("\U000e0101", "U+E0101 VARIATION SELECTOR-18"),
        ("\u2028", "U+2028 LINE SEPARATOR"),
        ("\x00", "U+0000 NULL"),
        ("\x1b", "U+001B ESCAPE"),
        ("\x0c", "U+000C FORM FEED"),
        ("\ue000", "U+E000"),
        ("\udc80", "U+DC80"),
    ],
)
def test_a_character_that_nobody_sees_is_named(character: str, label: str) -> None:
    before, hidden, after = tokenize(f"a{character}b")
    assert (before.text, after.text) == ("a", "b")
    assert (hidden.kind, hidden.label) == (TokenKind.HIDDEN, label)


@pytest.mark.parametrize("line", ["x = 'naïve'", "名前 = 1", "\tindented", "a" + " " * (LONG_SPACES - 1) + "b", "é"])
def test_what_can_be_seen_is_left_alone(line: str) -> None:
    assert [token.kind for token in tokenize(line)] == [TokenKind.TEXT]


@pytest.mark.parametrize(("gap", "label"), [(" " * 240, "240 spaces"), ("\t" * 99 + " ", "100 tabs and spaces")])
def test_a_run_that_pushes_code_out_of_sight_is_counted(gap: str, label: str) -> None:
    tokens = tokenize(f"x = 1{gap}; hidden()")
    assert [token.label for token in tokens] == ["", label, ""]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("a\nb", ["a", "b"]),
        ("a\r\nb", ["a", "b"]),
        ("a\rb", ["a", "b"]),
        ("a\x0cb\u2028c\x85d", ["a\x0cb\u2028c\x85d"]),
    ],
)
def test_lines_end_where_python_ends_them(text: str, lines: list[str]) -> None:
    assert split_lines(text) == lines
