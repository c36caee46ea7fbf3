"""The measurements of a diagnosis in equal intervals. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from livestt.bench.diagnosis import Probes


@dataclass(frozen=True, slots=True)
class Slice:
    """A line of the timeline: what happened between two times."""

    start: float
    end: float
    decoded: float
    """Seconds of audio decoded by its end."""
    speech: float
    """Share of that stretch of the audio that is speech."""
    jobs: int
    waited: float
    """Mean seconds that a job waited for its turn."""
    took: float
    """Mean seconds that a job took."""
    window: float
    """Mean seconds of audio in a job."""
    words: int
    """Committed."""
    lag: float
    """Most seconds of audio that waited for the engine."""


def timeline(probes: Probes, lines: int) -> list[Slice]:
    """The whole run in so many equal parts."""
    end = max(probes.took, 1e-9)
    edges = [end * i / lines for i in range(lines + 1)]
    return [_slice(probes, a, b) for a, b in pairwise(edges)]


def _slice(probes: Probes, start: float, end: float) -> Slice:
    moments = [moment for moment in probes.moments if start < moment.at <= end]
    before = [moment for moment in probes.moments if moment.at <= end]
    jobs = [asked for asked in probes.asked if start < asked.ended <= end]
    speed = probes.speed or probes.sound.seconds / max(probes.took, 1e-9)
    return Slice(
        start,
        end,
        before[-1].decoded if before else 0.0,
        _share_of_speech(probes.speech, start * speed, end * speed),
        len(jobs),
        _mean([asked.waited for asked in jobs]),
        _mean([asked.took for asked in jobs]),
        _mean([asked.window for asked in jobs]),
        sum(count for at, count in probes.committed if start < at <= end),
        max((moment.decoded - moment.heard for moment in moments), default=0.0),
    )


def _share_of_speech(speech: Sequence[tuple[float, float]], start: float, end: float) -> float:
    inside = sum(max(0.0, min(b, end) - max(a, start)) for a, b in speech)
    return inside / (end - start)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
