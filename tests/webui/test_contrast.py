"""The colours of the style sheet against WCAG 2.2: 4.5 to 1 for text, 3 to 1 for what has a meaning."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

import webui

_SHEET: Final = (Path(webui.__file__).parent / "static" / "pratique.css").read_text(encoding="utf-8")
_TOKEN: Final = re.compile(r"--([a-z-]+): (#[0-9a-f]{6});")

LIGHT: Final = dict(_TOKEN.findall(_SHEET.partition("@media")[0]))
DARK: Final = LIGHT | dict(_TOKEN.findall(_SHEET.partition("prefers-color-scheme: dark")[2].partition("\n}\n")[0]))

_TINTED: Final = ("critical", "high", "medium", "low", "info", "good", "unseen")
_GROUNDS: Final = ("paper", "surface", "sunken")

TEXT: Final = [
    *((ink, ground) for ink in ("ink", "ink-soft", "accent", "critical", "unseen") for ground in _GROUNDS),
    *((name, f"{name}-tint") for name in _TINTED),
    *((ink, "medium-tint") for ink in ("ink", "ink-soft", "unseen", "critical", "high")),
    ("accent-ink", "accent"),
    ("danger", "surface"),
    ("danger", "sunken"),
]
SHAPES: Final = [
    *(("line-strong", ground) for ground in _GROUNDS),
    *(("focus", ground) for ground in _GROUNDS),
    *((name, ground) for name in ("critical", "high", "medium", "low") for ground in _GROUNDS),
    ("focus", "focus-ring"),
    ("focus", "medium-tint"),
    ("focus", "accent-ink"),
]


def _luminance(colour: str) -> float:
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), TEXT)
def test_text_can_be_read(theme: dict[str, str], ink: str, ground: str) -> None:
    assert contrast(theme[ink], theme[ground]) >= 4.5


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("shape", "ground"), SHAPES)
def test_borders_focus_and_shapes_can_be_seen(theme: dict[str, str], shape: str, ground: str) -> None:
    assert contrast(theme[shape], theme[ground]) >= 3


def test_the_measure_is_the_one_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


def test_dark_is_a_theme_of_its_own() -> None:
    assert len([name for name in LIGHT if LIGHT[name] != DARK[name]]) > 20
