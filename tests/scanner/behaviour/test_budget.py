"""No text makes the engine work without end, and what it did not see is said."""

from __future__ import annotations

import ast
import random
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scanner.behaviour import patterns
from scanner.behaviour.module import walk
from scanner.behaviour.scopes import Partial
from scanner.behaviour.values import Value

if TYPE_CHECKING:
    from tests.scanner.behaviour.conftest import Found

DENSE = {
    "sum of texts": "x = " + " + ".join(f"'a{i}'" for i in range(900)),
    "sum of numbers": "x = " + "+".join(["1"] * 900),
    "many statements": "x=1\n" * 20_000,
    "repeated calls": "f(1)\n" * 15_000,
    "one-character names": "\n".join(f"{chr(97 + i % 26)}={chr(97 + (i + 1) % 26)}" for i in range(15_000)),
    "calls of calls": "f" + "()" * 900,
    "attributes of attributes": "a" + ".b" * 900,
    "branches": "if a:\n    b\n" + "elif a:\n    b\n" * 2_000,
    "nested lists": "[" * 90 + "]" * 90,
    "large list": f"x = {list(range(20_000))}\ny = [i ^ 1 for i in x]\n" * 3,
    "nested comprehensions": "x = [i for i in range(5000) for j in range(5000) for k in range(5000)]",
    "loops in loops": "out = ''\nfor i in range(60000):\n    for j in range(60000):\n        out += chr(i ^ j)",
    "function that calls itself": "def f(x):\n    return f(x + 1) + f(x + 2)\nf(1)",
    "functions that call each other": "\n".join(
        f"def f{i}(x):\n    return f{i + 1}(x) + f{i + 1}(x + 'a')" for i in range(200)
    )
    + "\nf0('x')",
    "growing text": "x = 'a'\n" + "x = x + x\n" * 60,
    "growing list": "x = ['a' * 100_000]\n" + "x = x + x\n" * 60,
    "many decodings": "import base64\n" + f"base64.b64decode('{'QUJD' * 20_000}')\n" * 10,
    "evaluated evaluation": "x = '1'\n" + "x = eval(repr(x)) + x\n" * 80,
    "lambda of lambdas": "f = lambda x: x\n" + "f = (lambda g: lambda x: g(g(x)))(f)\n" * 40 + "f('a')",
    "classes that inherit in circles": "class A(B):\n    pass\nclass B(A):\n    pass\nA().x\nB().y()",
    "star arguments": "x = 'a' * 60000\nf(*x, *x)\n" * 20,
}


@pytest.mark.parametrize("source", DENSE.values(), ids=DENSE.keys())
def test_a_dense_source_ends_soon(source: str) -> None:
    tree = ast.parse(source)
    started = time.process_time()
    walk(tree)
    assert time.process_time() - started < 5


def test_an_exhausted_budget_is_told_with_what_was_found_before(found: Found) -> None:
    findings = found("import os\nos.system('echo marker')\n" + DENSE["star arguments"] + "os.system('never seen')\n")
    assert {"process-at-import", "budget-reached"} <= {finding.rule for finding in findings}


def test_a_statement_after_one_that_is_nested_too_deep_is_seen(found: Found) -> None:
    findings = found("import os\nx = a" + ".b()" * 900 + "\nos.system('echo marker')\n")
    assert {"process-at-import", "analysis-incomplete"} <= {finding.rule for finding in findings}


def test_values_that_hold_each_other_very_deep_are_let_go_without_deep_recursion() -> None:
    value = Value()
    for _ in range(500_000):
        value = Value(target=Partial(value, (), {}))
    del value


def _grown(seed: int) -> str:
    """A random program out of pieces that the engine has a meaning for."""
    chance = random.Random(seed)  # no secret is made of it
    atoms = [
        "x",
        "y",
        "'ab'",
        "b'ab'",
        "7",
        "[1, 2]",
        "{'a': 1}",
        "os",
        "os.environ",
        "exec",
        "print",
        "base64",
        "None",
    ]
    forms = [
        "{0}({1})",
        "{0}.x({1})",
        "{0}[{1}]",
        "{0} + {1}",
        "{0} % {1}",
        "getattr({0}, {1})",
        "[{0} for x in {1}]",
        "(lambda x: {0})({1})",
        "{0}[::{1}]",
        "map({0}, {1})",
        "f'{{{0}}}'",
        "{0} if {1} else y",
        "open({0}, {1})",
        "base64.b64decode({0})",
        "eval({0})",
        "''.join({0})",
        "{0}(*{1})",
        "dict(a={0})",
        "vars({0})[{1}]",
        "globals()[{0}]",
        "operator.attrgetter({0})({1})",
        "functools.partial({0}, {1})()",
        "(x := {0})",
    ]
    shapes = [
        "x = {0}",
        "x, y = {0}",
        "y += {0}",
        "os.x = {0}",
        "y[{0}] = x",
        "for x in {0}:\n    y += x",
        "with {0} as y:\n    y.write(x)",
        "def f(x, y={0}):\n    return x",
        "class C({0}):\n    x = y",
        "if {0}:\n    x = y",
        "exec({0})",
        "{0}",
        "while {0}:\n    break",
        "try:\n    {0}\nexcept E:\n    x = y",
        "del x",
        "globals()['x'] = {0}",
    ]

    def expression(depth: int) -> str:
        if depth == 0 or chance.random() < 0.2:
            return chance.choice(atoms)
        form = chance.choice(forms)
        return f"({form.format(expression(depth - 1), expression(depth - 1))})"

    head = "import os, base64, operator, functools\nfrom builtins import *\n"
    return head + "\n".join(chance.choice(shapes).format(expression(3)) for _ in range(25))


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 2**32))
def test_no_program_makes_the_engine_raise(seed: int) -> None:
    try:
        tree = ast.parse(_grown(seed))
    except SyntaxError:
        return
    walk(tree)


HOSTILE = [
    *(
        word * (20_000 // len(word))
        for word in ("curl ", "powershell ", "a", "%", "/", "\\", "http://", "1.2.3.4", "nc ")
    ),
    *(
        word * (20_000 // len(word))
        for word in ("bash -c ", "\ufffc", "$(", "`", "python -c ", "reg add ", "x.", " ", "-")
    ),
    *(
        word * (20_000 // len(word))
        for word in ("rm -rf ", "curl|", "base64 -d ", "content of ", "./", "a@", "\n", "'")
    ),
]


@pytest.mark.parametrize("name", patterns.__all__)
def test_no_text_keeps_a_pattern_busy(name: str) -> None:
    found = getattr(patterns, name)
    for pattern in found if isinstance(found, tuple) else (found,):
        for text in HOSTILE:
            started = time.process_time()
            pattern.search(text)
            assert time.process_time() - started < 1, text[:12]
