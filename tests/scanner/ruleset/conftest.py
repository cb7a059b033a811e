"""A small rules folder that a test may spoil."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from scanner.ruleset import DEFAULT_RULES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

RULE = """rule {name}
{{
    meta:
        id = "{id}"
        title = "marker in the text"
        meaning = "The marker of a test stands in the text."
        severity = "low"
        confidence = "medium"
        kind = "text"
        technique = "T1027"
        reference = "https://attack.mitre.org/techniques/T1027/"
        false_positives = "None."
        {more}
    strings:
        $marker = {string}
    condition:
        $marker
}}
"""


def write_rule(folder: Path, name: str = "marker_rule", string: str = '"MARKER-TEXT"', more: str = "") -> Path:
    path = folder / "yara" / f"{name}.yar"
    path.write_text(RULE.format(name=name, id=name.replace("_", "-"), string=string, more=more), encoding="utf-8")
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder whose own path has a part `tests`, as a checkout may."""
    made = tmp_path / "tests" / "rules"
    (made / "yara").mkdir(parents=True)
    (made / "tests").mkdir()
    shutil.copy(DEFAULT_RULES / "policy.toml", made / "policy.toml")
    write_rule(made)
    (made / "tests" / "marker.toml").write_text(
        "[marker-rule]\nhit = ['MARKER-TEXT']\nmiss = ['marker text']\n", encoding="utf-8"
    )
    return made


@pytest.fixture
def rule() -> Callable[..., Path]:
    return write_rule
