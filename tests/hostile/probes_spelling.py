"""Probes that spell or hide one chain: decoded text that is executed, in thirteen spellings each."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Final

from tests.hostile.probe_kit import B64, CODE, HEX, PACKED, ROTATED, TURNED, sdist, setup

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.fixtures.artifacts import Artifact

__all__ = ["ALIASED", "ASSEMBLED", "FROM_FILE", "PLAIN", "QUOTED", "TWINS"]

_B85: Final = base64.b85encode(CODE.encode()).decode()
_B32: Final = base64.b32encode(CODE.encode()).decode()
_XORED: Final = [byte ^ 42 for byte in CODE.encode()]
_PLAIN: Final = f'import base64\nexec(base64.b64decode("{B64}"))'

PLAIN: Final[Mapping[str, Artifact]] = {
    "as it is": setup(_PLAIN),
    "bytes literal, evaluated": setup(f"import base64\neval(compile(base64.b64decode(b'{B64}'), '<x>', 'exec'))"),
    "without an import statement": setup(f"exec(__import__('base64').urlsafe_b64decode('{B64}'))"),
    "compressed": setup(f"import base64, zlib\nexec(zlib.decompress(base64.b64decode('{PACKED}')))"),
    "by codec": setup(f"import codecs\nexec(codecs.decode(b'{B64}', 'base64').decode())"),
    "by binascii": setup(f"import binascii\nexec(binascii.a2b_base64('{B64}'))"),
    "hexadecimal": setup(f"exec(bytes.fromhex('{HEX}'))"),
    "base85": setup(f"import base64\nexec(base64.b85decode('{_B85}').decode('utf-8'))"),
    "base32": setup(f"import base64\nexec(base64.b32decode('{_B32}'))"),
    "turned and rotated": setup(
        f"import base64, codecs\nexec(base64.b64decode(codecs.decode('{ROTATED[::-1]}'[::-1], 'rot13')))"
    ),
    "masked with a number": setup(f"exec(bytes(c ^ 42 for c in {_XORED}))"),
    "in an install command": setup(
        "import base64\nfrom setuptools.command.install import install\n"
        f"class Install(install):\n    def run(self):\n        exec(base64.b64decode('{B64}'))\n"
        "from setuptools import setup as s\ns(name='inert-probe', version='1.0', cmdclass={'install': Install})"
    ),
    "as the body of a function": setup(
        f"import base64, types\nf = compile(base64.b64decode('{B64}'), '', 'exec')\ntypes.FunctionType(f, globals())()"
    ),
}

QUOTED: Final[Mapping[str, Artifact]] = {
    "comment with three quotes": setup(f'# """\n{_PLAIN}'),
    "comment with three single quotes": setup(f"# '''\n{_PLAIN}"),
    "comment behind the statement": setup(_PLAIN.replace("\n", '  # """\n') + "  # '''"),
    "three quotes in a text": setup(f'QUOTES = \'"""\'\n{_PLAIN}'),
    "three quotes in a raw text": setup(f'QUOTES = r\'\\"""\'\n{_PLAIN}'),
    "between two documentations": setup(f'"""Begin.\n"""\n{_PLAIN}\n"""End."""'),
    "nosec": setup(f"import base64  # nosec\nexec(base64.b64decode('{B64}'))  # nosec B102 # noqa: S102"),
    "type comment": setup(f"import base64\nexec(base64.b64decode('{B64}'))  # type: ignore # pragma: no cover"),
    "licence above": setup(f"# Licensed under the MIT License. This file was reviewed and is safe.\n{_PLAIN}"),
    "rule of a scanner quoted above": setup(f"# guarddog: ignore; yara: none; rules: skip-file\n{_PLAIN}"),
    "continued lines": setup(f"import base64\nexec( \\\n  base64 \\\n  . b64decode \\\n ( '{B64}' ) )"),
    "no newline but a form feed": setup(f"import base64\n\f\nexec(base64.b64decode('{B64}'))"),
    "several statements on a line": setup(f'x = """;"""; import base64; exec(base64.b64decode("{B64}")); y = """;"""'),
}

ALIASED: Final[Mapping[str, Artifact]] = {
    "import as, assigned": setup(f"from base64 import b64decode as q\ne = exec\ne(q('{B64}'))"),
    "unpacked": setup(f"from base64 import b64decode\n(e, q), *_ = (exec, b64decode), 1\ne(q('{B64}'))"),
    "walrus": setup(f"import base64\n(e := exec)((q := base64.b64decode)('{B64}'))"),
    "attributes of a class": setup(
        "import base64\nclass T:\n    e = staticmethod(exec)\n    q = staticmethod(base64.b64decode)\n"
        f"T.e(T.q('{B64}'))"
    ),
    "table": setup(f"import base64\nt = {{'run': exec, 'read': base64.b64decode}}\nt['run'](t['read']('{B64}'))"),
    "partial": setup(
        f"import base64, functools\ng = functools.partial(base64.b64decode, '{B64}')\nfunctools.partial(exec)(g())"
    ),
    "map": setup(f"import base64\nlist(map(exec, map(base64.b64decode, ['{B64}'])))"),
    "loop": setup(f"import base64\nfor e, q in [(exec, base64.b64decode)]:\n    e(q('{B64}'))"),
    "function that gives a function": setup(
        f"def e():\n    return exec\ndef q():\n    import base64 as b\n    return b.b64decode\ne()(q()('{B64}'))"
    ),
    "name made through globals": setup(
        f"import base64\nglobals()['e'] = exec\nglobals().update(q=base64.b64decode)\ne(q('{B64}'))"
    ),
    "decorators": setup(f"import base64\n@exec\n@base64.b64decode\n@lambda _: '{B64}'\nclass X:\n    pass"),
    "aliases in another module": sdist(
        {
            "setup.py": f"from words import run, read\nrun(read('{B64}'))\nfrom setuptools import setup\nsetup()\n",
            "words.py": "import base64\nrun = exec\nread = base64.b64decode\n",
        }
    ),
    "operator of an object": setup(
        f"import base64\nclass T:\n    def __or__(self, text):\n        exec(base64.b64decode(text))\nT() | '{B64}'"
    ),
}

_PAIR: Final = "import base64, builtins\n"
ASSEMBLED: Final[Mapping[str, Artifact]] = {
    "joined with plus": setup(f"{_PAIR}getattr(builtins, 'ex' + 'ec')(getattr(base64, 'b64' + 'decode')('{B64}'))"),
    "turned round": setup(f"{_PAIR}getattr(builtins, 'cexe'[::-1])(getattr(base64, 'edoced46b'[::-1])('{B64}'))"),
    "from numbers": setup(
        f"{_PAIR}getattr(builtins, ''.join(map(chr, (101, 120, 101, 99))))(base64.b64decode('{B64}'))"
    ),
    "dictionary of the module": setup(
        f"{_PAIR}builtins.__dict__['e' 'xec'](vars(base64)['%sdecode' % 'b64']('{B64}'))"
    ),
    "module table": setup(
        f"import sys, base64\nsys.modules['built' + 'ins'].__dict__['exec'](sys.modules['base64'].b64decode('{B64}'))"
    ),
    "formatted": setup(
        f"{_PAIR}a = 'c'\ngetattr(builtins, f'exe{{a}}')(getattr(base64, '{{}}decode'.format('b64'))('{B64}'))"
    ),
    "attrgetter": setup(
        f"{_PAIR}import operator\noperator.attrgetter('ex' + 'ec')(builtins)(base64.b64decode('{B64}'))"
    ),
    "globals of a function": setup(
        f"import base64\ndef f():\n    pass\nf.__globals__['__builtins__'].exec(base64.b64decode('{B64}'))"
    ),
    "class tree": setup(
        "import base64\n[c for c in ().__class__.__base__.__subclasses__() if c.__name__ == 'catch_warnings'][0]()"
        f"._module.__builtins__['ex' + 'ec'](base64.b64decode('{B64}'))"
    ),
    "by place in the list of names": setup(
        f"{_PAIR}getattr(builtins, [n for n in dir(builtins) if n[:2] == 'ex' and n[-1] == 'c'][0])"
        f"(base64.b64decode('{B64}'))"
    ),
    "replaced letters": setup(f"{_PAIR}getattr(builtins, 'e.x.e.c'.replace('.', ''))(base64.b64decode('{B64}'))"),
    "hexadecimal names": setup(
        f"{_PAIR}getattr(builtins, bytes.fromhex('65786563').decode())(base64.b64decode('{B64}'))"
    ),
    "compatibility letters": setup(
        "import base64\n"
        f"\U0001d41e\U0001d431\U0001d41e\U0001d41c(base64.\U0001d4eb64\U0001d4ed\U0001d4ee\U0001d4ecode('{B64}'))"
    ),
}

_JSON: Final = {"data_dot_json": CODE}
FROM_FILE: Final[Mapping[str, Artifact]] = {
    "open and read": setup("exec(open('data.json').read())", **_JSON),
    "pathlib": setup("import pathlib\nexec((pathlib.Path(__file__).parent / 'data.json').read_text())", **_JSON),
    "with": setup("with open('data.json', 'rb') as f:\n    exec(compile(f.read(), 'data.json', 'exec'))", **_JSON),
    "io": setup("import io\nf = io.open('data.json')\nexec(''.join(f.readlines()))", **_JSON),
    "descriptor": setup("import os\nexec(os.read(os.open('data.json', os.O_RDONLY), 10**6))", **_JSON),
    "linecache": setup("import linecache\nexec(''.join(linecache.getlines('data.json')))", **_JSON),
    "package data": setup(
        "import pkgutil\nexec(pkgutil.get_data('inert_probe', 'data.json'))", inert_probe__data_dot_json=CODE
    ),
    "run as a path": setup("import runpy\nrunpy.run_path('data.json')", **_JSON),
    "loaded as a module": setup(
        "from importlib.machinery import SourceFileLoader\nSourceFileLoader('x', 'data.json').load_module()", **_JSON
    ),
    "a field of JSON": setup(
        "import json\nexec(json.load(open('data.json'))['description'])",
        data_dot_json='{"description": "' + CODE.replace('"', "'") + '"}',
    ),
    "decoded on the way": setup(
        "import base64\nexec(base64.b64decode(open('data.json', 'rb').read()))", data_dot_json=B64
    ),
    "turned round in another folder": setup(
        "import os\nexec(open(os.path.join('inert_probe', 'logo.png')).read()[::-1])",
        inert_probe__logo_dot_png=CODE[::-1],
    ),
    "a line of the licence": setup("exec(open('LICENSE').read().splitlines()[-1])", LICENSE=f"Free for all.\n{CODE}\n"),
}

TWINS: Final[Mapping[str, Artifact]] = {
    "plain": setup(f"import base64\nLOGO = base64.b64decode('{B64}')"),
    "quotes and comments": setup('# """\nQUOTES = \'"""\'  # nosec'),
    "aliases": setup(f"from base64 import b64decode as q\nTABLE = q('{TURNED}'[::-1])"),
    "names put together": setup("import os\nSEPARATOR = getattr(os, 'se' + 'p')"),
    "data file": setup(
        "import json\nVERSION = json.load(open('data.json'))['version']", data_dot_json='{"version": "1"}'
    ),
}
