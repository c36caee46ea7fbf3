"""Flags people know from WhisperLiveKit that livestt does not have, and what to do instead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import zip_longest

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
    "--nllb-size": "name the model: --translation-model facebook/nllb-200-distilled-600M.",
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


NLLB_SIZES: Mapping[str, str] = {"600m": "distilled-600M", "1.3b": "distilled-1.3B", "3.3b": "3.3B"}
"""The sizes that NLLB-200 comes in, and what its repositories call them."""


def advice(flag: str, value: str = "") -> str | None:
    """What to do instead of a flag, or None for a flag that never was.

    Args:
        flag: as it was typed, without its value.
        value: what was given with it, if anything.
    """
    if flag == "--nllb-size":
        size = NLLB_SIZES.get(value.lower(), "distilled-600M")
        return RETIRED[flag].replace("distilled-600M", size)
    if flag in RETIRED:
        return RETIRED[flag]
    return next((text for known, text in RETIRED.items() if flag.startswith(known)), None)


def all_advice(args: Sequence[str]) -> dict[str, str]:
    """What to do instead of each flag of a command line that is gone, in their order."""
    found = {}
    for arg, after in zip_longest(args, args[1:], fillvalue=""):
        if arg == "--":
            break
        flag, given, value = arg.partition("=")
        sentence = advice(flag, value if given else after)
        if sentence is not None:
            found[flag] = sentence
    return found
