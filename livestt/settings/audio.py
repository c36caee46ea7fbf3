"""Settings of audio: what counts as speech, and what decodes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from livestt.option import setting


@dataclass(frozen=True, kw_only=True)
class AudioSettings:
    """What the operator decides about decoding and voice detection."""

    vad: bool = setting(
        True,
        "Audio",
        "Skip silence. Without this the model processes silence too, and may invent words in it.",
        switches={"--no-vac": False},
    )
    vad_threshold: float = setting(
        0.5,
        "Audio",
        "How certain the detector must be that somebody is speaking, 0 to 1. Raise it in noise.",
        minimum=0.05,
        maximum=0.95,
    )
    vad_min_silence_ms: int = setting(
        500, "Audio", "Silence that ends an utterance.", unit="ms", minimum=32
    )
    vad_min_speech_ms: int = setting(
        96, "Audio", "Speech shorter than this counts as noise.", unit="ms", minimum=0
    )
    vad_pre_roll_ms: int = setting(
        300,
        "Audio",
        "Audio kept from before speech was detected, so that the first syllable is not lost.",
        unit="ms",
        minimum=0,
        maximum=5000,
    )
    decoder: Literal["pyav", "ffmpeg"] = setting(
        "pyav",
        "Audio",
        "Decoder of compressed audio: pyav runs inside the server, ffmpeg is a separate "
        "process per session, so that a crash affects that session only.",
        choices=("pyav", "ffmpeg"),
        hints={
            "greedy": "decoding is always greedy; this option now names the audio decoder.",
            "beam": "decoding is always greedy; this option now names the audio decoder.",
        },
    )
