"""Settings of streaming: when words are asked for, and when they are committed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from livestt.option import setting


@dataclass(frozen=True, kw_only=True)
class StreamingSettings:
    """What the operator decides about steps, windows and policies."""

    backend_policy: Literal["auto", "alignatt", "localagreement"] = setting(
        "auto",
        "Streaming",
        "When to commit words: alignatt as soon as the model looks away from the end of the "
        "audio, localagreement once two passes agree. auto takes the best that the engine "
        "can do.",
        choices=("auto", "alignatt", "localagreement"),
        synonyms={"simulstreaming": "alignatt", "1": "alignatt", "2": "localagreement"},
    )
    min_chunk_size: float = setting(
        0.5,
        "Streaming",
        "New audio per decoding step. Less gives earlier words and costs more.",
        unit="seconds",
        minimum=0.1,
        maximum=10,
    )
    audio_max_len: float = setting(
        12.0,
        "Streaming",
        "Most audio the model sees at once. Shorter is cheaper, longer gives it more context.",
        unit="seconds",
        minimum=3,
        maximum=30,
    )
    audio_min_len: float = setting(
        0.6,
        "Streaming",
        "Audio needed before the first step of an utterance.",
        unit="seconds",
        minimum=0,
        maximum=10,
    )
    frame_threshold: int = setting(
        25,
        "Streaming",
        "alignatt: how near to the end of the audio, in frames of 20 ms, the model may look "
        "for a word to be committed. Lower is faster, higher more accurate.",
        unit="frames",
        minimum=1,
        maximum=500,
    )
    window: Literal["short", "full30"] = setting(
        "short",
        "Streaming",
        "short encodes the audio there is, full30 pads it to the 30 s Whisper was trained "
        "on: several times slower, for comparison.",
        choices=("short", "full30"),
    )
    max_context_tokens: int = setting(
        16,
        "Streaming",
        "Earlier transcript shown to the model before the audio, in steps of 16. More keeps "
        "names and style steadier, and mistakes too.",
        minimum=0,
        maximum=64,
    )
    chunk_ms: int = setting(
        0,
        "Streaming",
        "Engine transducer: audio encoded at a time, which is what it waits for. Less is faster "
        "and less accurate. Nemotron models take 80, 160, 560 or 1120; 0 leaves it to the model. "
        "--min-chunk-size should not be longer.",
        unit="ms",
        minimum=0,
        maximum=10_000,
    )
    pause_segmentation_seconds: float = setting(
        5.0,
        "Streaming",
        "A pause this long becomes a silence line of its own.",
        unit="seconds",
        minimum=0.1,
    )
    language_recheck_seconds: float = setting(
        10.0,
        "Streaming",
        "With --language auto: a pause this long lets the language be detected anew.",
        unit="seconds",
        minimum=1,
    )
