from __future__ import annotations

import ast
import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.source import MAX_PARSE_BYTES, SourceUnreadable, decode_source


@pytest.mark.parametrize(
    ("data", "encoding", "exotic"),
    [
        (b"x = 1\n", "utf-8", False),
        (b"\xef\xbb\xbfx = 1\n", "utf-8", False),
        (b"\xef\xbb\xbf# coding: utf-8\n", "utf-8", False),
        (b"# -*- coding: latin-1 -*-\nx = '\xe9'\n", "iso8859-1", False),
        (b"#!/usr/bin/python\n# vim: set fileencoding=iso-8859-15 :\n", "iso8859-15", False),
        (b"# coding: windows-1252\n", "cp1252", False),
        (b"# coding=us-ascii\n", "ascii", False),
        (b"# coding: utf-8-unix\n", "utf-8", False),
        (b"x = 1\n# coding: utf-7\n", "utf-8", False),
        (b"\n\n# coding: utf-7\n", "utf-8", False),
        (b"# coding: gbk\n", "gbk", True),
        (b"# coding: utf-7\n", "utf-7", True),
        (b"#\r# coding: utf-7\n", "utf-7", True),
        (b"#" + b"x" * 9000 + b"\n# coding: utf-7\n", "utf-7", True),
        (b"# coding: unicode_escape\n", "unicode-escape", True),
        (b"# coding: hz\n", "hz", True),
    ],
)
def test_the_cookie_of_the_first_two_lines_names_the_codec(data: bytes, encoding: str, exotic: bool) -> None:
    decoded = decode_source(data)
    assert (decoded.encoding, decoded.exotic) == (encoding, exotic)


@pytest.mark.parametrize(
    "data",
    [
        b"# coding: unicode_escape\n#\\x0aimport os\n",
        b"# coding: raw_unicode_escape\n#\\u000aimport os\n",
        b"# coding: utf-7\n#+AAo-import os\n",
    ],
)
def test_a_statement_that_the_bytes_show_as_a_comment_is_in_the_text(data: bytes) -> None:
    decoded = decode_source(data)
    assert decoded.exotic
    assert [type(statement) for statement in ast.parse(decoded.text).body] == [ast.Import]
    assert [type(statement) for statement in ast.parse(data).body] == [ast.Import]


@pytest.mark.parametrize(
    ("data", "message", "line"),
    [
        (b"x = 1\ny = 2\0\n", "NUL", 2),
        (b"# coding: rot13\n", "unknown source encoding 'rot13'", 1),
        (b"\n# coding: no.such_codec\n", "unknown source encoding", 2),
        (b"\xef\xbb\xbf# coding: latin-1\n", "byte order mark", 1),
        (b"x = '\xe9'\n", "not valid utf-8", None),
        (b"# coding: ascii\nx = '\xe9'\n", "not valid ascii", None),
        (b" " * (MAX_PARSE_BYTES + 1), "at most", None),
    ],
)
def test_source_that_cannot_be_decoded_is_refused_with_the_reason(data: bytes, message: str, line: int | None) -> None:
    with pytest.raises(SourceUnreadable, match=message) as refused:
        decode_source(data)
    assert refused.value.line == line


@given(st.binary(max_size=200), st.sampled_from([b"", b"# coding: hz\n", b"# coding: idna\n", b"# coding: punycode\n"]))
def test_any_bytes_are_either_decoded_or_refused(data: bytes, cookie: bytes) -> None:
    with contextlib.suppress(SourceUnreadable):
        assert isinstance(decode_source(cookie + data).text, str)
