"""How a session trades latency for work. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from livestt.timebase import from_ms, from_seconds


@dataclass(frozen=True, slots=True)
class Tuning:
    """How a session trades latency for work. Samples at 16 kHz."""

    step: int = from_ms(500)
    """New audio that is worth a job."""
    first_step: int = from_ms(600)
    """Audio an utterance needs before its first job."""
    max_window: int = from_seconds(12)
    """Most content of one job."""
    recheck_language: int = from_seconds(10)
    """A pause after which a detected language is detected anew."""
    forget_context: int = from_seconds(5)
    """A pause after which earlier text no longer helps."""
    partial: bool = True
    """Whether the engine is asked before an utterance has ended."""
