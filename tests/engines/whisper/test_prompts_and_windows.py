from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livestt.engines.whisper.prompts import (
    CONTEXT_STEP,
    MAX_PROMPT,
    Prompt,
    context_tokens,
    hotwords_prompt,
    max_new_tokens,
    word_tokens,
)
from livestt.engines.whisper.windows import (
    BUCKETS,
    FULL_SECONDS,
    SILENCE_SECONDS,
    bucket_seconds,
    pad_features,
)
from livestt.events import Word
from livestt.timebase import SAMPLE_RATE, from_seconds

tokens = st.lists(st.integers(0, 50_000), max_size=200)


class TestPrompts:
    def test_the_start_token_comes_after_the_context(self) -> None:
        assert Prompt((1, 2), (10, 11), (5,)).ids(99) == [99, 1, 2, 10, 11, 5]
        assert Prompt((), (10, 11), (5,)).ids(99) == [10, 11, 5]

    @given(tokens, tokens, st.integers(0, 100))
    def test_context_is_prompt_and_newest_history_in_whole_steps(
        self, prompt: list[int], history: list[int], most: int
    ) -> None:
        context = context_tokens(prompt, history, most)
        fixed = prompt[-MAX_PROMPT:]
        rest = list(context[len(fixed) :])
        assert list(context[: len(fixed)]) == fixed
        assert len(rest) % CONTEXT_STEP == 0
        assert len(rest) <= most
        assert len(rest) > min(most, len(history)) - CONTEXT_STEP
        assert rest == history[len(history) - len(rest) :]

    def test_word_tokens(self) -> None:
        words = [Word("a", 0, 1, tokens=(1, 2)), Word("stored", 1, 2), Word("c", 2, 3, tokens=(3,))]
        assert word_tokens(words, lambda text: (len(text),)) == (1, 2, 6, 3)

    @pytest.mark.parametrize(
        ("prompt", "hotwords", "text"),
        [
            ("", (), ""),
            (" Hi. ", (), "Hi."),
            ("", ("Ada", "Bo"), "Glossary: Ada, Bo."),
            ("Hi.", ("Ada",), "Glossary: Ada. Hi."),
        ],
    )
    def test_hotwords_are_a_glossary(self, prompt: str, hotwords: tuple[str, ...], text: str):
        assert hotwords_prompt(prompt, hotwords) == text

    def test_tokens_are_bounded_by_audio(self) -> None:
        assert max_new_tokens(0) == 10
        assert max_new_tokens(2.0) == 30
        assert max_new_tokens(30) == 220


class TestWindows:
    @given(st.integers(0, 30 * SAMPLE_RATE))
    def test_a_bucket_holds_content_and_silence(self, samples: int) -> None:
        bucket = bucket_seconds(samples, "short")
        assert bucket in BUCKETS
        seconds = samples / SAMPLE_RATE
        assert bucket >= seconds + SILENCE_SECONDS or bucket == FULL_SECONDS >= seconds
        smaller = [b for b in BUCKETS if b < bucket]
        assert all(b < seconds + SILENCE_SECONDS for b in smaller)
        assert bucket_seconds(samples, "full30") == FULL_SECONDS

    def test_the_bound_between_two_buckets(self) -> None:
        fits = from_seconds(8 - SILENCE_SECONDS)
        assert bucket_seconds(fits, "short") == 8
        assert bucket_seconds(fits + 16, "short") == 10

    def test_padding_is_what_silence_looks_like(self) -> None:
        loud = np.full((80, 100), 1.0, np.float32)
        padded = pad_features(loud, 8)
        assert padded.shape == (80, 800)
        assert np.array_equal(padded[:, :100], loud)
        assert np.all(padded[:, 100:] == -1.0)  # 8 decades under the loudest
        quiet = pad_features(np.full((80, 100), -1.2, np.float32), 8)
        assert np.all(quiet[:, 100:] == -1.5)  # absolute silence
        assert np.all(pad_features(np.zeros((80, 0), np.float32), 8) == -1.5)

    def test_content_longer_than_the_window_is_cut(self) -> None:
        assert pad_features(np.zeros((80, 3_100), np.float32), 30).shape == (80, 3_000)
