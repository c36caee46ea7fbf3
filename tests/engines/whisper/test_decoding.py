"""Greedy and speculative decoding over a model that recites: no weights, every answer known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from livestt.engines.whisper.decoding import (
    MAX_TOKENS,
    FloatArray,
    IntArray,
    detect_languages,
    greedy,
    speculate,
)
from livestt.engines.whisper.prompts import Prompt
from livestt.engines.whisper.vocabulary import Vocabulary

EOT, BEGIN, EN, FR, TRANSLATE, TRANSCRIBE, PREVIOUS, SILENT, NO_TIMES = range(90, 99)
NAMES = {
    "<|endoftext|>": EOT,
    "<|startoftranscript|>": BEGIN,
    "<|en|>": EN,
    "<|fr|>": FR,
    "<|translate|>": TRANSLATE,
    "<|transcribe|>": TRANSCRIBE,
    "<|startofprev|>": PREVIOUS,
    "<|nospeech|>": SILENT,
    "<|notimestamps|>": NO_TIMES,
}
NUMBERS = {number: name for name, number in NAMES.items()}
VOCABULARY = Vocabulary(
    lambda text: [ord(c) for c in text],
    lambda tokens: "".join(map(chr, tokens)),
    NAMES.get,
    NUMBERS.get,
    multilingual=True,
)
START = VOCABULARY.start("en", "transcribe")


class ReadCache:
    def __init__(self) -> None:
        self.ids: Any = None

    @property
    def length(self) -> int:
        return 0 if self.ids is None else int(self.ids.shape[1])

    def crop(self, length: int) -> None:
        self.ids = self.ids[:, :length]


class Reciter:
    """Writes for each row its piece: ``encoded`` ``[batch]`` says how many tokens, 1, 2, 3 and so
    on; what a token attends to is its own number. ``slips`` are places it gets wrong."""

    def __init__(self, slips: Sequence[int] = ()) -> None:
        self.slips = slips
        self.passes = 0

    def new_cache(self) -> ReadCache:
        return ReadCache()

    def encode(self, features: FloatArray) -> Any: ...

    def take(self, encoded: Any, rows: Sequence[int]) -> Any:
        return encoded[list(rows)]

    def decode(
        self, encoded: Any, ids: IntArray, pads: IntArray, cache: Any, keep: int
    ) -> tuple[Any, Any]:
        self.passes += 1
        cache.ids = ids if cache.ids is None else np.concatenate((cache.ids, ids), axis=1)
        logits = np.full((len(ids), keep, 100), -20.0, np.float32)
        looked = np.zeros((len(ids), 1, keep, 60), np.float32)
        for row, read in enumerate(cache.ids):
            for place in range(keep):
                seen = list(read[pads[row] : len(read) - keep + place + 1])
                following = self.following(seen, int(encoded[row]))
                logits[row, place, following] = 5.0
                looked[row, 0, place, min(following, 59)] = 1.0
                if seen[-1:] == [BEGIN]:
                    logits[row, place, SILENT] = 5.0 + row
        return logits, looked

    def following(self, seen: list[int], count: int) -> int:
        if not seen or NO_TIMES not in seen:
            return FR if seen[-1:] == [BEGIN] and count % 2 else EN
        said = len(seen) - seen.index(NO_TIMES) - 1
        return EOT if said >= count else 40 if said in self.slips else said + 1

    def pick(self, logits: Any) -> tuple[IntArray, FloatArray]:
        text = np.where(np.arange(100) <= EOT, logits, -np.inf)
        return text.argmax(-1), np.full(logits.shape[:-1], 0.5, np.float32)

    def probabilities(self, logits: Any, tokens: Sequence[int]) -> FloatArray:
        odds = np.exp(logits)
        shares: FloatArray = (odds / odds.sum(-1, keepdims=True))[..., list(tokens)]
        return shares

    def gather(self, parts: Sequence[Any]) -> FloatArray:
        return np.concatenate(list(parts), axis=2)


PROMPTS = (
    Prompt((), START, ()),
    Prompt((60, 61, 62), START, (1, 2)),
    Prompt((70,), START, (1,)),
)


def test_every_row_of_a_ragged_batch_is_answered_as_if_alone() -> None:
    encoded = np.array([3, 6, 4])
    together = greedy(Reciter(), VOCABULARY, encoded, PROMPTS, [20] * 3)
    assert [told.tokens for told in together] == [(1, 2, 3), (3, 4, 5, 6), (2, 3, 4)]
    for i, told in enumerate(together):
        [alone] = greedy(Reciter(), VOCABULARY, encoded[i : i + 1], PROMPTS[i : i + 1], [20])
        assert told.tokens == alone.tokens
        assert np.array_equal(told.attention, alone.attention)
        assert told.complete


def test_attention_has_a_row_for_each_token_read_from_the_start_on() -> None:
    [told] = greedy(Reciter(), VOCABULARY, np.array([6]), PROMPTS[1:2], [20])
    rows = told.attention[0, len(START) - 1 :].argmax(axis=1)
    assert list(rows) == [1, 2, 3, 4, 5, 6, 59]
    assert len(told.attention[0]) == len(START) + 6


@pytest.mark.parametrize("limit", [0, 1, 2])
def test_a_row_stops_at_its_own_limit(limit: int) -> None:
    told, other = greedy(Reciter(), VOCABULARY, np.array([9, 9]), PROMPTS[:2], [limit, 20])
    assert told.tokens == tuple(range(1, limit + 1))
    assert not told.complete
    assert told.attention.shape[1] == len(START) + limit - 1
    assert other.tokens == (3, 4, 5, 6, 7, 8, 9)


def test_the_decoder_ends_before_its_last_position() -> None:
    prompt = Prompt(tuple([50] * 400), START, ())
    [told] = greedy(Reciter(), VOCABULARY, np.array([1000]), [prompt], [1000])
    assert len(told.tokens) == MAX_TOKENS - 400 - 1 - len(START)


def test_silence_is_read_at_the_start_token() -> None:
    first, second, _ = greedy(Reciter(), VOCABULARY, np.array([2, 2, 2]), PROMPTS, [9] * 3)
    assert 0.4 < first.no_speech < second.no_speech < 0.8


def test_languages() -> None:
    found = detect_languages(Reciter(), VOCABULARY, np.array([2, 3]), 2)
    assert [language for language, _ in found] == ["en", "fr"]
    assert all(probability > 0.99 for _, probability in found)


@pytest.mark.parametrize("slips", [(), (0,), (2, 3, 9), tuple(range(30))])
@pytest.mark.parametrize("limit", [1, 7, 14, 40])
@pytest.mark.parametrize("prompt", PROMPTS)
def test_a_draft_changes_no_answer(slips: Sequence[int], limit: int, prompt: Prompt) -> None:
    encoded = np.array([23])
    [plain] = greedy(Reciter(), VOCABULARY, encoded, [prompt], [limit])
    model = Reciter()
    both = (encoded, encoded)
    told = speculate(model, Reciter(slips), VOCABULARY, both, prompt, limit)
    assert (told.tokens, told.complete) == (plain.tokens, plain.complete)
    assert told.no_speech == pytest.approx(plain.no_speech)
    assert np.array_equal(told.attention, plain.attention)
    if not slips:
        assert model.passes <= 2 + len(told.tokens) / 6
