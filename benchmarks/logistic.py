"""Logistic regression by coordinates: weights near what was known before, within ranges, and never negative."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from math import exp
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Point", "Setting", "fit"]

_SWEEPS: Final = 60
_STILL: Final = 1e-3
_LARGEST_STEP: Final = 1.0
_FAR: Final = 35.0  # beyond that the exponential says nothing more


@dataclass(frozen=True, slots=True)
class Point:
    """One artifact: how strongly each rule speaks, what else adds to its risk, what it is, and how much it counts."""

    features: Mapping[str, float]
    offset: float
    malicious: bool
    votes: float


@dataclass(frozen=True, slots=True)
class Setting:
    """Where weights begin and may lie, from what risk an artifact is flagged, and how strongly the begin pulls."""

    begin: Mapping[str, float]
    ranges: Mapping[str, tuple[float, float]]
    threshold: float
    pull: float


def fit(points: Sequence[Point], setting: Setting) -> dict[str, float]:
    """The weights that tell the points apart best while staying near where they begin; equal input, equal weights."""
    weights = {rule: _within(value, setting.ranges[rule]) for rule, value in setting.begin.items()}
    risks = [
        point.offset + sum(weights.get(rule, 0.0) * strength for rule, strength in point.features.items())
        for point in points
    ]
    speaking: dict[str, list[int]] = defaultdict(list)
    for number, point in enumerate(points):
        for rule in point.features:
            if rule in weights:
                speaking[rule].append(number)
    for _ in range(_SWEEPS):
        moved = 0.0
        for rule in sorted(speaking):
            step = _step(rule, weights[rule], [(points[n], risks[n]) for n in speaking[rule]], setting)
            weights[rule] += step
            moved = max(moved, abs(step))
            for number in speaking[rule]:
                risks[number] += step * points[number].features[rule]
        if moved < _STILL:
            break
    return weights


def _step(rule: str, weight: float, here: Sequence[tuple[Point, float]], setting: Setting) -> float:
    """Newton's step for one weight, no longer than allowed."""
    slope = setting.pull * (weight - setting.begin[rule])
    bend = setting.pull
    for point, risk in here:
        strength, chance = point.features[rule], _sigmoid(risk - setting.threshold)
        slope += point.votes * strength * (chance - point.malicious)
        bend += point.votes * strength * strength * chance * (1 - chance)
    step = min(max(-slope / bend, -_LARGEST_STEP), _LARGEST_STEP)
    return _within(weight + step, setting.ranges[rule]) - weight


def _sigmoid(value: float) -> float:
    return 1 / (1 + exp(-min(max(value, -_FAR), _FAR)))


def _within(value: float, limits: tuple[float, float]) -> float:
    return min(max(value, limits[0]), limits[1])
