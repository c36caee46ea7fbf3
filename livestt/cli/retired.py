"""Flags people know from WhisperLiveKit that livestt does not have, and what to do instead."""

from __future__ import annotations

from collections.abc import Mapping

_TRANSLATION = "lines are translated by NLLB-200 or MADLAD-400: see --translation-model."
_GREEDY = "decoding is always greedy; leave it out."
_TRIM = "the buffer is trimmed at the last committed word; --audio-max-len bounds it."
_ENGINE = "livestt has no such engine; `livestt models` lists those it has."

RETIRED: Mapping[str, str] = {
    "--alignatt-": _TRANSLATION,
    "--api-token": "put it into the variable LIVESTT_API_KEYS, or use `livestt key new`.",
    "--asr-coalesce-min-s": "use --min-chunk-size.",
    "--beams": _GREEDY,
    "--buffer-trimming": _TRIM,
    "--buffer_trimming": _TRIM,
    "--canary-": _ENGINE,
    "--cif-ckpt-path": "words are committed whole without such a model; leave it out.",
    "--confidence-validation": "two passes must agree on a word; leave it out.",
    "--cors-origins": "use --allow-origin, once for each origin.",
    "--decoder-model-path": "use --model-path.",
    "--disable-fast-encoder": "there is only the fast encoder; choose --device cpu to save memory.",
    "--disable-punctuation-split": "lines end with sentences; leave it out.",
    "--encoder-model-path": "use --model-path.",
    "--holdback-words": _ENGINE,
    "--never-fire": "words are committed whole; leave it out.",
    "--nllb-backend": "translators run on CTranslate2; leave it out.",
    "--nllb-size": "name the model: --translation-model facebook/nllb-200-distilled-1.3B.",
    "--no-transcription": "livestt always transcribes; leave it out.",
    "--no-trim-sentence-buffer": _ENGINE,
    "--punctuation-split": "lines end with sentences; leave it out.",
    "--qwen3-": _ENGINE,
    "--rest-timeout": "requests take as long as they need; leave it out.",
    "--segmentation-model": "it belonged to diart; --diarization-model names the diarizer's.",
    "--translate-on-complete": "complete lines are translated in any case; leave it out.",
    "--vac-chunk-size": "speech detection works in steps of 32 ms; leave it out.",
    "--vllm-": _ENGINE,
    "--warmup-file": "no file is needed to warm up; leave it out.",
}
"""Flag, or the beginning of a family of flags, and the sentence that follows it."""


def advice(flag: str) -> str | None:
    """What to do instead of a flag, or None for a flag that never was."""
    if flag in RETIRED:
        return RETIRED[flag]
    return next((text for known, text in RETIRED.items() if flag.startswith(known)), None)
