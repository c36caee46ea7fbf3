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
        "When to commit words: alignatt as soon as the model no longer looks at the end of "
        "the audio, localagreement once two passes agree. auto uses the best that the engine "
        "supports.",
        choices=("auto", "alignatt", "localagreement"),
        synonyms={"simulstreaming": "alignatt", "1": "alignatt", "2": "localagreement"},
    )
    min_chunk_size: float = setting(
        0.5,
        "Streaming",
        "New audio per decoding step. Smaller steps give earlier words and cost more.",
        unit="seconds",
        minimum=0.1,
        maximum=10,
    )
    audio_max_len: float = setting(
        12.0,
        "Streaming",
        "Maximum audio the model sees at once. Less is cheaper, more gives it more context.",
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
        "alignatt: a word is committed only if the model looked at least this far from the "
        "end of the audio, in frames of 20 ms. Lower is faster, higher more accurate.",
        unit="frames",
        minimum=1,
        maximum=500,
    )
    window: Literal["short", "full30"] = setting(
        "short",
        "Streaming",
        "short encodes only the audio there is; full30 pads it to the 30 s that Whisper was "
        "trained on, which is several times slower, for comparison.",
        choices=("short", "full30"),
    )
    max_context_tokens: int = setting(
        16,
        "Streaming",
        "How much earlier transcript the model gets before the audio, in steps of 16 tokens. "
        "More keeps names and style consistent, but mistakes too.",
        minimum=0,
        maximum=64,
    )
    chunk_ms: int = setting(
        0,
        "Streaming",
        "Engine transducer: audio encoded at a time, and so the time it waits. Less is faster "
        "and less accurate. Nemotron models take 80, 160, 560 or 1120; 0 uses the model's "
        "default. --min-chunk-size should not be longer.",
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
        "With --language auto: after a pause this long the language is detected again.",
        unit="seconds",
        minimum=1,
    )
