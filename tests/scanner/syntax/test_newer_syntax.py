"""Syntax that is newer than this interpreter has the tree that its plain equivalent has."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.syntax import parse
from scanner.syntax.formatted import Joiner
from scanner.syntax.lexing import NotPython, tokens_of
from scanner.syntax.newer import rewritten

_KEPT = ("import os, x\n", "\nos.system('id')\n")

# What is newer, and what every supported interpreter parses into the tree that is expected.
_SAME = {
    "def f[T](a: T) -> T: return a": "def f(a: T) -> T: return a",
    "async def f[T: (int, str), *Ts, **P](a): return a": "async def f(a): return a",
    "def f[\n    T,  # a [comment\n    S: list['(['],\n](a): return a": "def f(a): return a",
    "class C[T = int](Base): x = 1": "class C(Base): x = 1",
    "class C[T]: x = 1": "class C: x = 1",
    "type A = list[int]": "A = list[int]",
    "type A[T: int, S = None] = dict[T, S]": "A = dict[T, S]",
    "if x: type A = int": "if x: A = int",
    "x = 1; type A = int": "x = 1; A = int",
    "type = 1; type[0]; type(x); print(type)": "type = 1; type[0]; type(x); print(type)",
    "try: pass\nexcept A, b.C: pass": "try: pass\nexcept (A, b.C): pass",
    "try: pass\nexcept* A, f(b, c): pass": "try: pass\nexcept* (A, f(b, c)): pass",
    "try: pass\nexcept A, B, C as e: pass": None,
    "lazy import json": "import json",
    "lazy from a.b import c as d": "from a.b import c as d",
    "lazy = 1; lazy": "lazy = 1; lazy",
    "f'{x['a']}'": "f'{x[\"a\"]}'",
    'f"{x["a"]}" "b"': "f\"{x['a']}b\"",
    '"b{}" f"{x["a"]!r:>{w["b"]}}"': "f\"b{{}}{x['a']!r:>{w['b']}}\"",
    "f'{'\\n'.join(x)} {{y}}'": 'f"{nl(x)} {{y}}"',
    "f'{x  # a comment }'\n}'": "f'{x}'",
    "f'{x['a'] = }'": "f\"x['a'] = {x['a']!r}\"",
    "f'{x['a'] = !s:>4}'": "f\"x['a'] = {x['a']!s:>4}\"",
    "f'{f'{f'{1}'}'}'": 'f"""{f\'{f"{1}"}\'}"""',
    "rf'\\d{x['a']}\\{x}'": "f'\\\\d{x[\"a\"]}\\\\{x}'",
    "f'\\N{DIGIT ONE}{x['a']}'": "f'1{x[\"a\"]}'",
    "f'''{\nx['''a''']\n}'''": 'f"""{x[\'a\']}"""',
    "f'{(lambda y: y['a'])}'": "f\"{(lambda y: y['a'])}\"",
    "f'{x['a'] != y}'": "f\"{x['a'] != y}\"",
    "f'{ {'a': 1}['a'] }'": "f\"{ {'a': 1}['a'] }\"",
    "t'{x}b'": "f'{x}b'",
    "[*f(x) for x in y]": "[f(x) for x in y]",
    "{ ** x for x in y if x}": "{x for x in y if x}",
    "f(*x async for x in y)": "f(x async for x in y)",
    "[\n  *[*a, b] for a in f(*c, (d for d in e))\n]": "[[*a, b] for a in f(*c, (d for d in e))]",
    "exec(f'{'a'}' f'{'b'}')": "exec(f\"{'a'}{'b'}\")",
}
_JOINED = "'\\n'.join"


def _shape(tree: ast.AST) -> str:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and hasattr(node, "type_params"):
            node.type_params = []
    return ast.dump(tree)


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="this interpreter reads most of it itself")
@pytest.mark.parametrize(("newer", "plain"), _SAME.items(), ids=str)
def test_newer_syntax_has_the_tree_of_its_plain_equivalent(newer: str, plain: str | None) -> None:
    text = _KEPT[0] + newer + _KEPT[1]
    if plain is None:
        with pytest.raises(SyntaxError):
            parse(text)
        return
    expected = ast.parse(_KEPT[0] + plain + _KEPT[1])
    for node in ast.walk(expected):  # what no older interpreter can write inside a formatted string
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "nl":
            node.func = ast.parse(_JOINED, mode="eval").body
    assert _shape(parse(text)) == _shape(expected)


@pytest.mark.parametrize("newer", [newer for newer, plain in _SAME.items() if plain], ids=str)
def test_what_stands_below_keeps_its_line(newer: str) -> None:
    if sys.version_info >= (3, 12):
        pytest.skip("this interpreter reads most of it itself")
    last = parse(_KEPT[0] + newer + _KEPT[1]).body[-1]
    assert last.lineno == 2 + newer.count("\n") + 1


@pytest.mark.parametrize(
    "text",
    [
        "def f[T: exec('x')](a): pass",  # code would be left out
        "def f[T: (lambda: x)](a): pass",
        "class C[T = [x for x in y]]: pass",
        "type A",
        "type A[",
        "def f[T](a: pass",
        "f'{x['a'}'",
        "f'{x['a']!z}'",
        "f'{x['a']'",
        "f'{x['a']",
        "b'a' f'{x['a']}'",
        "f'{'}'",
        "x = 'a\nf'{x['a']}'",
        "f'{" * 200 + "1" + "}'" * 200,
    ],
)
def test_text_that_is_no_python_stays_unreadable(text: str) -> None:
    with pytest.raises((SyntaxError, NotPython)):
        parse(text)


def test_the_name_of_the_stand_in_is_never_taken() -> None:
    # The letter is one that Python reads as "f".
    text = "def _formatted0_(*a): return a\n\uff46 = _formatted0_('a')\n_\uff46ormatted1_('b')\nf'{x['a']}'\n"
    calls = [node for node in ast.walk(parse(text)) if isinstance(node, ast.Call)]
    assert len(calls) == 2  # both calls of the text


def _library() -> list[Path]:
    return sorted(Path(ast.__file__).parent.glob("*.py"))[::16]


@pytest.mark.parametrize("path", _library(), ids=lambda path: path.name)
def test_rewriting_changes_nothing_in_what_is_not_newer(path: Path) -> None:
    text = path.read_text("utf-8")
    tokens = tokens_of(text)
    assert "".join(text[token.start : token.end] for token in tokens) == text
    if sys.version_info < (3, 12):
        assert rewritten(text, tokens, Joiner.unlike(text)) == text


@pytest.mark.parametrize("path", _library()[::3], ids=lambda path: path.name)
def test_every_formatted_string_survives_the_way_through_a_call(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = path.read_text("utf-8")
    monkeypatch.setattr("scanner.syntax.newer._is_refused", lambda _text, token: token.kind == "formatted")
    joiner = Joiner.unlike(text)
    tree = joiner.restored(ast.parse(rewritten(text, tokens_of(text), joiner)))
    assert ast.dump(tree) == ast.dump(ast.parse(text))


_PIECES = st.sampled_from(
    [
        *"fFrRtTbBuU'\"{}[]()!:=\\\n #,x1",
        "'''",
        '"""',
        "def f[",
        "class C[",
        "type A",
        "except ",
        "lazy import a",
        "{x",
        ":>",
    ]
)


@given(st.lists(_PIECES, max_size=40).map("".join))
def test_any_text_is_a_tree_or_refused(text: str) -> None:
    try:
        tree = parse(text)
    except (SyntaxError, ValueError):
        return
    assert isinstance(tree, ast.Module)
    assert all(hasattr(node, "lineno") for node in ast.walk(tree) if isinstance(node, ast.expr))
