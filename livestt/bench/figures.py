"""Percentiles and other statistics. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Distribution:
    """How a figure spreads. Seconds, unless said otherwise."""

    count: int
    p50: float
    p95: float
    p99: float
    worst: float


def distribution(values: Sequence[float]) -> Distribution | None:
    """Percentiles by linear interpolation; None of nothing."""
    if not values:
        return None
    p50, p95, p99 = (float(p) for p in np.percentile(values, [50, 95, 99]))
    return Distribution(len(values), p50, p95, p99, float(max(values)))


@dataclass(frozen=True, slots=True)
class Spread:
    """One figure of each session, compared between sessions."""

    least: float
    median: float
    most: float


def spread(values: Sequence[float]) -> Spread | None:
    if not values:
        return None
    return Spread(float(min(values)), float(np.median(values)), float(max(values)))


def slope(points: Sequence[tuple[float, float]]) -> float | None:
    """How much the second grows with the first, by least squares; None unless it varies."""
    if len({x for x, _ in points}) < 2:
        return None
    x, y = np.array(points, float).T
    return float(np.polyfit(x, y, 1)[0])
