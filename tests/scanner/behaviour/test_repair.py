"""Source that Python 3 refuses is read as far as it can be, with its line numbers."""

from __future__ import annotations

import ast
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.behaviour.repair import repaired

if TYPE_CHECKING:
    from tests.scanner.behaviour.conftest import Found

BROKEN = {
    "print statement": "print 'x'\nimport os\nos.system('marker')\n",
    "print to a stream": "import sys\nprint >>sys.stderr, 'x', 1 if\nprint 'y'\nimport os\nos.system('marker')\n",
    "print with a comma": "print 'x',\nimport os\nos.system('marker')\n",
    "except with a comma": "try:\n    pass\nexcept OSError, e:\n    pass\nimport os\nos.system('marker')\n",
    "raise with a comma": "import os\nos.system('marker')\nraise ValueError, 'x'\n",
    "octal number": "import os\nos.chmod('x', 0755)\nos.system('marker')\n",
    "long number": "x = 10L\nimport os\nos.system('marker')\n",
    "mixed tabs": "import os\nif 1:\n\tx = 1\n        os.system('marker')\n",
    "a mistake before": "x = = 1\nimport os\nos.system('marker')\n",
    "a mistake after": "import os\nos.system('marker')\nx = = 1\n",
    "a mistake in a block": "def f():\n    x = = 1\n    return 2\nimport os\nos.system('marker')\n",
    "an open bracket": "import os\nos.system('marker')\nx = (1,\n",
    "an open text": "import os\nos.system('marker')\nx = '''abc\n",
    "a broken formatted text": "import os\nos.system('marker')\ndef f():\n    return f'''\n{x['y}\nmore\n'''\n",
}


@pytest.mark.parametrize("source", BROKEN.values(), ids=BROKEN.keys())
def test_what_can_be_read_is_read(source: str, found: Found) -> None:
    with pytest.raises(SyntaxError):
        ast.parse(source)
    (finding,) = [f for f in found(source) if f.rule == "process-at-import"]
    assert "os.system('marker')" in source.splitlines()[(finding.line or 0) - 1]


@pytest.mark.parametrize(
    "source", ["", "\0", "(" * 5_000, "x = = 1\n" * 3_000, "'''" * 999, "print " * 9_999, "def f(:\n" * 2_000]
)
def test_hostile_source_ends_soon(source: str) -> None:
    started = time.process_time()
    repaired(source)
    assert time.process_time() - started < 3


@given(st.text(alphabet="abx=()'\":\n \t#0L,pritnexc", max_size=80))
def test_no_text_makes_it_raise(source: str) -> None:
    repaired(source)
