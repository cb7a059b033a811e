from __future__ import annotations

import io
import tokenize
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.analyzers.prose import without_prose
from scanner.model import MemberName, Role, Sha256Hex
from scanner.view import MemberView

KEPT = {tokenize.NAME, tokenize.OP, tokenize.NUMBER}


def blanked(source: bytes | str) -> bytes | None:
    data = source.encode() if isinstance(source, str) else source
    return without_prose(
        MemberView(MemberName("x/a.py"), data, Sha256Hex(sha256(data).hexdigest()), Role.IMPORT, (), is_python=True)
    )


@pytest.mark.parametrize(
    ("source", "gone", "left"),
    [
        ("x = 1  # marker\n", "marker", "x = 1"),
        ('"""marker"""\nx = 1\n', "marker", "x = 1"),
        ("def f():\n    '''one\n    marker\n    '''\n    return 2\n", "marker", "return 2"),
        ("class A:\n    x = 1\n    'marker'\n", "marker", "x = 1"),
        ('x = "é"  # marker\ny = 2\n', "marker", "y = 2"),
        ("x = 1 # a 'quote and marker\ny = '# kept'\n", "marker", "y = '# kept'"),
    ],
)
def test_prose_goes_and_code_stays(source: str, gone: str, left: str) -> None:
    code = blanked(source)
    assert code is not None
    assert gone not in code.decode()
    assert left in code.decode()
    assert len(code) == len(source.encode())
    assert code.count(b"\n") == source.count("\n")


@pytest.mark.parametrize(
    "source",
    [
        "x = '# marker'\n",
        "f('''\n# marker\n''')\n",
        "x = (\n    'a'  # marker\n    'b'\n)\n",
        "x = f'{y}# marker'\n",
        "x = b'# marker'\n",
        "['marker', 'b']\n",
    ],
)
def test_a_literal_that_has_a_use_stays(source: str) -> None:
    code = blanked(source)
    assert code is not None
    assert b"marker" in code


@pytest.mark.parametrize(
    ("source", "stays"),
    [
        ('"""marker"""  # comment\nexec(__doc__)\n', True),
        ('"""marker"""  # comment\nimport inspect\nexec(inspect.getdoc(f))\n', True),
        ('"""marker"""  # comment\nexec(other.__doc__)\n', True),
        ('"""marker"""  # comment\nf.__doc__ == g.__doc__\n', True),
        ('"""marker"""  # comment\nf.__doc__ = g.__doc__\n', False),
        ('"""marker"""  # comment\nf.__doc__ = "other"\n', False),
    ],
)
def test_documentation_that_is_read_stays(source: str, *, stays: bool) -> None:
    code = blanked(source)
    assert code is not None
    assert (b"marker" in code, b"comment" in code) == (stays, False)


@pytest.mark.parametrize(
    "source",
    [
        "# marker\nexec(open(__file__).read()[2:])\n",
        "# marker\nimport linecache\n",
        "x = (  # it does not parse\n",
        "# -*- coding: utf-7 -*-\n# marker\n",
        "# -*- coding: latin-1 -*-\n# marker\n",
        b"\xef\xbb\xbf# marker\n",
        "x = 1\f\n# marker\n",
    ],
)
def test_nothing_goes_where_it_may_be_data_or_cannot_be_told(source: bytes | str) -> None:
    assert blanked(source) is None


def tokens(source: bytes) -> list[tuple[int, str]]:
    read = tokenize.tokenize(io.BytesIO(source).readline)
    return [(token.type, token.string) for token in read if token.type in KEPT]


@pytest.mark.parametrize("path", sorted(Path(tokenize.__file__).parent.glob("*.py"))[::4], ids=lambda path: path.name)
def test_the_code_of_the_standard_library_stays_token_by_token(path: Path) -> None:
    data = path.read_bytes()
    code = blanked(data)
    if code is not None:
        assert tokens(code) == tokens(data)


@given(st.lists(st.sampled_from(["x = 1", "# c", "'s'", '"""d\ne"""', "y = 'a#b'", "f(2) # 'q", "z = '''\n#'''"])))
def test_any_mixture_of_statements_keeps_its_code(lines: list[str]) -> None:
    data = "\n".join([*lines, ""]).encode()
    code = blanked(data)
    assert code is not None
    assert tokens(code) == tokens(data)
    assert b"# c" not in code
