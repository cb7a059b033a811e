"""Python 2 has the tree that its equivalent in Python 3 has, and nothing of it that acts is left out."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.syntax import parse
from scanner.syntax.lexing import NotPython, tokens_of
from scanner.syntax.older import HINTS, modernised

if TYPE_CHECKING:
    from collections.abc import Callable

_KEPT = ("import os, x\n", "\nos.system('id')\n")

_SAME = {
    "print 'a', b": "print('a', b)",
    "print": "print",
    "print 'a',  # a, b": "print('a',)",
    "print not a; print -1; print (a), b": "print(not a); print - 1; print(a), b",
    "print >>f, 'a'": "print >> f, 'a'",
    "print\\\n 'a'": "print('a')",
    "if a: print a": "if a: print(a)",
    "if a: pass\nelse: print a, [b\n, c]": "if a: pass\nelse: print(a, [b, c])",
    "print is None; print.a; print = 1; print[0]; print a": "print is None; print.a; print = 1; print[0]; print(a)",
    "exec 'a'": "exec('a')",
    "exec a in b, c": "exec(a, b, c)",
    "exec(a) in b": "exec(a) in b",
    "exec decode('a' in b) ; c = 1": "exec(decode('a' in b)); c = 1",
    "raise E, 'a'": "raise E('a')",
    "raise E, (a, b), c": "raise E((a, b), c)",
    "raise E(a, b)": "raise E(a, b)",
    "try: pass\nexcept E, e: print e": "try: pass\nexcept E as e: print(e)",
    "try: pass\nexcept (A, B), e: print e": "try: pass\nexcept (A, B) as e: print(e)",
    "a = `b` + `c, d`": "a = repr(b) + repr((c, d))",
    "a <> b": "a != b",
    "os.chmod(a, 0755); b = 00, 0, 10L, 0xFFl, 1e5, 0.5": "os.chmod(a, 0o755); b = 0, 0, 10, 255, 1e5, 0.5",
    "a = ur'\\d' + ur '' ": None,
    "a = ur'\\d'; print a": "a = r'\\d'; print(a)",
    "def f(a, (b, (c, d)), e=(1, 2)): print a": "def f(a, b, c, d, e=(1, 2)): print(a)",
    "def f((a,), b): print a": "def f(a, b): print(a)",
    "a = lambda (b, c), d=(1): `b`": "a = lambda b, c, d=(1): repr(b)",
    "f(a, async=True); print a": "f(a, async_=True); print(a)",
    "if a:\n        b = 1\n\tprint b": "if a:\n    b = 1\n    print(b)",
    "def f():\n  if a:\n\tb = 'c\td'\n  print b": "def f():\n  if a:\n    b = 'c\td'\n  print(b)",
    "s = '''\nprint 'a'\n\tb'''; print s": "s = '''\nprint 'a'\n\tb'''; print(s)",
    "print 'a' 'b' % (c, d)": "print('a' 'b' % (c, d))",
    "print 'a' if b else 'c'": "print('a' if b else 'c')",
}


@pytest.mark.parametrize(("older", "newer"), _SAME.items(), ids=str)
def test_older_syntax_has_the_tree_of_its_newer_equivalent(older: str, newer: str | None) -> None:
    text = _KEPT[0] + older + _KEPT[1]
    if newer is None:
        with pytest.raises(SyntaxError):
            parse(text)
        return
    tree = parse(text)
    assert ast.dump(tree) == ast.dump(ast.parse(_KEPT[0] + newer + _KEPT[1]))
    assert tree.body[-1].lineno == 2 + older.count("\n") + 1, "what stands below keeps its line"


def _library() -> list[Path]:
    return sorted(Path(ast.__file__).parent.glob("*.py"))[::8]


@pytest.mark.parametrize("path", _library(), ids=lambda path: path.name)
def test_rewriting_changes_no_tree_of_what_is_not_older(path: Path) -> None:
    text = path.read_text("utf-8")
    assert ast.dump(ast.parse(modernised(text, tokens_of(text)))) == ast.dump(ast.parse(text))


@pytest.mark.parametrize("text", ["print 'a' 1", "print 'a", "x = `a", "def f((a): print a", "a = 08"])
def test_text_that_is_no_python_stays_unreadable(text: str) -> None:
    with pytest.raises(SyntaxError):
        parse(text)


_WORDS = st.sampled_from(
    [
        *"()[]{},:;`<>=*.\n\t ",
        " print ",
        " exec ",
        "raise ",
        "except ",
        "def f",
        "lambda ",
        "evil",
        "'evil'",
        "017",
        "9L",
    ]
)


@given(st.lists(_WORDS, max_size=40).map("".join))
def test_no_name_and_no_string_is_left_out(text: str) -> None:
    try:
        tokens = tokens_of(text)
    except NotPython:
        return
    assert modernised(text, tokens).count("evil") == text.count("evil")


@given(st.lists(_WORDS, max_size=40).map("".join))
def test_what_only_the_rewriting_makes_readable_is_told_from_its_text(text: str) -> None:
    """The quick look says no to nothing that the rewriting would help."""
    if _is_read(lambda: text) or not _is_read(lambda: modernised(text, tokens_of(text))):
        return
    assert HINTS.search(text), text


def _is_read(write: Callable[[], str]) -> bool:
    try:
        ast.parse(write())
    except (SyntaxError, NotPython):
        return False
    return True
