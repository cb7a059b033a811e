from __future__ import annotations

from scanner.yara_syntax import StringKind, parse_yara

SOURCE = r"""
// rule in_a_comment { condition: true }
/* rule in_another { condition: true } */
private rule helper
{
    strings:
        $ = "one /* no comment */ \" quoted"
    condition:
        any of them
}

rule shown : tag
{
    meta:
        id = "shown"
        title = "a = /b/ and { c }"
    strings:
        $text = "rule strings: condition:" nocase wide private
        $regex = /a\/b[^\n"{}]{2,4}/is
        $hex = { 4D 5A [2-4] // a jump
                 90 }
    condition:
        helper and ($text or $regex) and #hex > 1
}
"""


def test_rules_are_found_in_order_and_comments_are_none() -> None:
    assert [(rule.name, rule.line, set(rule.scope)) for rule in parse_yara(SOURCE)] == [
        ("helper", 4, {"private"}),
        ("shown", 12, set()),
    ]


def test_strings_keep_kind_value_and_modifiers() -> None:
    text, regex, hexadecimal = parse_yara(SOURCE)[1].strings
    assert (text.name, text.kind, text.value) == ("$text", StringKind.TEXT, "rule strings: condition:")
    assert text.modifiers == {"nocase", "wide", "private"}
    assert (regex.kind, regex.value) == (StringKind.REGEX, r'a\/b[^\n"{}]{2,4}')
    assert hexadecimal.kind is StringKind.HEX
    assert hexadecimal.value.split() == ["4D", "5A", "[2-4]", "//", "a", "jump", "90"]


def test_an_anonymous_string_is_found() -> None:
    (string,) = parse_yara(SOURCE)[0].strings
    assert string.name == "$"
    assert string.value == r"one /* no comment */ \" quoted"


def test_the_condition_is_a_list_of_words() -> None:
    assert parse_yara(SOURCE)[1].condition == (
        *("helper", "and", "(", "$text", "or", "$regex", ")", "and", "#hex", ">", "1"),
    )
