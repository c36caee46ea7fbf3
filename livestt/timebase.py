"""The one clock: samples at 16 kHz, counted from the first sample of a session.

Inside livestt every audio time is such an integer. Seconds, milliseconds and clock text exist
only at the edges, and are made here.
"""

from __future__ import annotations

SAMPLE_RATE = 16_000
"""Samples per second of everything past decoding."""

SAMPLES_PER_MS = SAMPLE_RATE // 1000

FOREVER = SAMPLE_RATE * 10**9
"""Samples, more than any session has: what lasts or waits so long has no limit."""


def to_seconds(samples: int) -> float:
    """Seconds, rounded to the millisecond."""
    return round(samples / SAMPLE_RATE, 3)


def from_seconds(seconds: float) -> int:
    """Samples."""
    return round(seconds * SAMPLE_RATE)


def to_ms(samples: int) -> int:
    """Milliseconds, rounded."""
    return round(samples / SAMPLES_PER_MS)


def from_ms(milliseconds: float) -> int:
    """Samples."""
    return round(milliseconds * SAMPLES_PER_MS)


def clock(samples: int) -> str:
    """``H:MM:SS.cc``, the form the ``/asr`` protocol writes."""
    hundredths = round(samples * 100 / SAMPLE_RATE)
    seconds, cc = divmod(hundredths, 100)
    minutes, ss = divmod(seconds, 60)
    hours, mm = divmod(minutes, 60)
    return f"{hours}:{mm:02}:{ss:02}.{cc:02}"


def subtitle_clock(samples: int, *, decimal: str) -> str:
    """``HH:MM:SS,mmm`` (SubRip, ``decimal=","``) or ``HH:MM:SS.mmm`` (WebVTT, ``"."``)."""
    seconds, ms = divmod(to_ms(samples), 1000)
    minutes, ss = divmod(seconds, 60)
    hours, mm = divmod(minutes, 60)
    return f"{hours:02}:{mm:02}:{ss:02}{decimal}{ms:03}"
