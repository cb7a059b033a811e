from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from scanner.analyzers.notebooks import notebooks
from scanner.model import Role

if TYPE_CHECKING:
    from collections.abc import Callable

NAMED = {"x/__init__.py": "run('show.ipynb')\n"}


def notebook(*cells: str | list[str], kind: str = "code") -> bytes:
    return json.dumps({"nbformat": 4, "cells": [{"cell_type": kind, "source": cell} for cell in cells]}).encode()


def test_code_cells_become_python_and_shell_lines_shell(opened: Callable[..., Any]) -> None:
    data = notebook(
        "import os\nos.getcwd()",
        ["%matplotlib inline\n", "!echo MARKER\n", "if True:\n", "    !echo indented\n", "x?"],
        "%%bash\necho from bash",
        "%%time\nlen('MARKER')",
        "%%html\n<b>no code</b>",
    )
    found = opened({"x/show.ipynb": data}, only=notebooks)
    assert found.layer("cells").decode().splitlines() == [
        "import os",
        "os.getcwd()",
        "pass",
        "pass",
        "if True:",
        "    pass",
        "pass",
        "len('MARKER')",
    ]
    assert found.layer("shell lines").decode().splitlines() == ["echo MARKER", "echo indented", "echo from bash"]
    assert {layer.role for layer in found.layers} == {Role.NEVER}
    assert [layer.is_python for layer in found.layers] == [True, False]


def test_older_notebooks_are_read(opened: Callable[..., Any]) -> None:
    data = json.dumps({"worksheets": [{"cells": [{"cell_type": "code", "input": ["import os\n"]}]}]})
    assert opened({"x/old.ipynb": data}, only=notebooks).layer("cells") == b"import os\n"


@pytest.mark.parametrize(
    "data",
    [b"{}", b"[]", b"null", notebook("text", kind="markdown"), b'{"cells": 3}', b'{"cells": [1, {"cell_type": 2}]}'],
)
def test_notebooks_without_code_are_nothing(opened: Callable[..., Any], data: bytes) -> None:
    assert opened({"x/show.ipynb": data} | NAMED, only=notebooks) == ([], [])


@pytest.mark.parametrize("data", [b"", b"{", b"[" * 100_000, b"\xff\xfe", b'{"cells": "' + b"\\"])
def test_a_damaged_notebook_is_a_limit_where_something_names_it(opened: Callable[..., Any], data: bytes) -> None:
    assert opened({"x/show.ipynb": data} | NAMED, only=notebooks).rules == ["notebook-unread"]
    assert opened({"x/show.ipynb": data}, only=notebooks) == ([], [])
