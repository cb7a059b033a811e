"""Python sources that are made to cost much: each at most a mebibyte, none does anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["DENSE"]

_MEBIBYTE: Final = 1024 * 1024


def _filled(piece: str, size: int = _MEBIBYTE, *, head: str = "", tail: str = "") -> str:
    return head + piece * ((size - len(head) - len(tail)) // len(piece)) + tail


def _numbered(form: str, count: int) -> str:
    return "".join(form.format(n) for n in range(count))


#: All of them are parsed, but for those that Python itself refuses for their depth.
DENSE: Final[Mapping[str, str]] = {
    "a mebibyte of assignments": _filled("x=1\n"),
    "a mebibyte of calls": _filled("f(1)\n"),
    "a mebibyte of calls of exec": _filled("exec(x)\n"),
    "a mebibyte of names": _filled("a\n"),
    "a mebibyte of decoders": _filled(
        "b64decode('QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo=')\n", head="from base64 import *\n"
    ),
    "assignments just below the limit": "x=1\n" * 124_000,
    "calls just below the limit": "f(1)\n" * 99_000,
    "calls of exec just below the limit": "exec(x)\n" * 99_000,
    "names just below the limit": "a\n" * 249_000,
    "a list just below the limit": "x = [" + "1," * 249_000 + "]\n",
    "star arguments just below the limit": "f(*x,**y)\n" * 45_000,
    "mistakes": _filled("x=1\n" * 1_000 + "x = = 1\n", 250_000),
    "code of old Python": _filled("print 'a'\nexec b\nx = 0777L\n", 250_000),
    "newer syntax": _filled("def f[T: int](x): pass\n", 350_000),
    "one list of type parameters": "def f[" + "T," * 200_000 + "](x): pass\n",
    "much newer syntax": _filled("def f[T: int](x): pass\n", 550_000),
    "newer formatted texts": _filled("x = f'{a['b']}'\n", 600_000),
    "one newer formatted text": "x = f'" + "{a['b']}" * 28_000 + "'\n",
    "formatted texts in formatted texts": "x = " + "f'{" * 2_000 + "a['b']" + "}'" * 2_000 + "\n",
    "formatted texts side by side": "x = (" + "f'{a['b']}' " * 19_000 + ")\n",
    "open formatted text": "x = f'{a['b']" + "{" * 100_000,
    "open brackets": _filled("([{", 200_000, head="type X[T] = 1\n"),
    "newer handlers": _filled("try:\n    a\nexcept B, C:\n    pass\n", 480_000),
    "quotes": _filled("f'", 300_000),
    "sums of 3,000 texts": _filled("x = " + "+".join(f"'a{n}'" for n in range(3_000)) + "\n", 100_000),
    "sums of 900 texts": _filled("x = " + "+".join(f"'a{n}'" for n in range(900)) + "\n"),
    "sums of 900 select statements": _filled("x = " + "+".join(["'select a from b'"] * 900) + "\n"),
    "one sum of 40,000 numbers": "x = " + "+".join(["1"] * 40_000) + "\n",
    "names of one letter": _numbered("{0!s:.1}=a\n".replace("{0!s:.1}", "b"), 90_000),
    "one list": "x = [" + "1," * 400_000 + "]\n",
    "one dictionary": "x = {" + _numbered("'k{0}':{0},", 60_000) + "}\n",
    "dictionary of passwords": "x = {" + _numbered("'password{0}':'{0}',", 40_000) + "}\n",
    "dictionaries in dictionaries": "x = " + "{1:" * 90 + "1" + "}" * 90 + "\n",
    "one formatted text": "x = f'" + "{a}" * 120_000 + "'\n",
    "formatted texts of select": _filled("x = f'select {a} from {b} where {c}'\n"),
    "one select statement": "x = f'" + "select {a} from " * 40_000 + "'\n",
    "one text of select": "x = '" + "select update insert " * 40_000 + "' % y\n",
    "functions with many decorators": _filled("@a\n" * 500 + "def f(): pass\n", 500_000),
    "many functions": _numbered("def f{0}(a, b=1):\n    return a\n", 25_000),
    "functions that call each other": _numbered("def f{0}(a):\n    return f{0}(a) + g(a)\n", 20_000),
    "methods": "class A:\n" + _numbered("    def m{0}(self):\n        return self.m{0}()\n", 18_000),
    "attributes of attributes": "x = a" + ".b" * 5_000 + "\n",
    "calls of calls": "x = f" + "(1)" * 5_000 + "\n",
    "signs": "x = " + "-" * 5_000 + "1\n",
    "lambdas in lambdas": "x = " + "lambda:" * 1_500 + "1\n",
    "branches": "if a:\n    b\n" + "elif a:\n    b\n" * 20_000,
    "blocks in blocks": "".join(" " * n + "if a:\n" for n in range(95)) + " " * 95 + "b\n",
    "loops in loops": "".join("    " * n + f"for i{n} in range(9**9):\n" for n in range(19))
    + "    " * 19
    + "x += i0\n",
    "comprehensions": _filled("x = [i for i in range(9**9) for j in x for k in x]\n"),
    "imports": _numbered("import a{0}\n", 60_000),
    "imports asked for by every call": _numbered("import a{0}\n", 25_000) + _filled("requests.get(x)\n", 500_000),
    "aliases": _numbered("from a{0} import b as c{0}\n", 30_000),
    "handlers": _filled("try:\n    a\nexcept B:\n    pass\n"),
    "marked safe": "from django.utils.safestring import mark_safe\n"
    + _numbered("x{0} = x\n", 2_000)
    + _filled("mark_safe(x)\n", 200_000),
    "assertions": _filled("assert a\n"),
    "texts that look like passwords": _filled("password='abcdef'\n"),
    "comments": _filled("# coding curl | sh\n"),
    "semicolons": _filled("x=1;", tail="\n"),
    "one line of a mebibyte": "x='" + "a" * (_MEBIBYTE - 10) + "'\n",
    "blanks": _filled(" " * 100 + "\n"),
    "blanks in texts": _filled("x='" + " " * 80 + "'\n"),
    "directions in comments": _filled("a # \u202e b\n", 300_000),
    "letters of two scripts": _filled("s\u0430ve = '" + "s\u0430ve" * 3 + "'\n", 500_000),
    "hosts and paths": _filled("x='http://0.0.0.0/tmp/a'\n"),
    "powers": _filled("x=9**9**9**9\n"),
    "large numbers": _filled("x=" + "9" * 4_000 + "\n"),
    "star arguments": _filled("f(*x,**y)\n"),
    "annotations": _filled("x: a[b, c[d]] = e\n"),
    "matches": _filled("match a:\n case [b, *c]: pass\n"),
    "walruses": _filled("(x:=(y:=z))\n"),
}
