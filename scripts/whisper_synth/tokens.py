"""The token numbers of multilingual Whisper, and how they are grouped."""

from __future__ import annotations

VOCABULARY_SIZE = 51_865
LANGUAGES = 99
END_OF_TEXT = 50_257  # also the first number that is not text
START_OF_TRANSCRIPT = 50_258
ENGLISH = 50_259
FIRST_LANGUAGE, LAST_LANGUAGE = ENGLISH, ENGLISH + LANGUAGES - 1
TRANSLATE = 50_358
TRANSCRIBE = 50_359
START_OF_PREVIOUS = 50_361
NO_SPEECH = 50_362
NO_TIMESTAMPS = 50_363
FIRST_TIMESTAMP = 50_364
TIMESTAMPS = 1_501
TIMESTAMP_STEP_S = 0.02

PROMPT = (START_OF_TRANSCRIPT, ENGLISH, TRANSCRIBE, NO_TIMESTAMPS)
PROMPT_WITH_TIMESTAMPS = PROMPT[:-1]


def timestamp(seconds: float) -> int:
    step = round(max(0.0, seconds) / TIMESTAMP_STEP_S)
    return FIRST_TIMESTAMP + min(TIMESTAMPS - 1, step)
