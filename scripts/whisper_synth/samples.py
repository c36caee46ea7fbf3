"""One training example: sound as a streaming client would send it, and the answer expected.

A recognizer in a live stream gets sound that starts and ends anywhere. So examples begin in
the middle of a sentence, end in the middle of a word, carry the text before them as context,
or hold no word at all; and each text token knows the time in which it is spoken.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from random import Random

import numpy as np
import tokens
from synthesis import SAMPLE_RATE, Span, Utterance

SHORT_WINDOW_S = 6.0
SHORT_UTTERANCE_S = 3.0
NOISE_SHARE, TAIL_SHARE = 0.04, 0.08
MAX_CONTEXT = 40
TIMESTAMP_MARGIN_S = 0.04
TIMESTAMP_REACH_S = 0.06
IGNORED = -1
STOPS = ".,?"


@dataclass(slots=True)
class Word:
    text: str
    tokens: list[int]
    start: float
    end: float
    opens_sentence: bool
    closes_sentence: bool


@dataclass(slots=True)
class Example:
    """`targets[i]` is what follows `ids[i]`, and `spans[i]` the time at which it is heard."""

    samples: np.ndarray
    ids: list[int]
    targets: list[int]
    spans: list[Span | None]
    text: list[int] = field(default_factory=list)


class ExampleMaker:
    """Draws examples from a corpus; `word_tokens` knows every word, with and without its stop."""

    def __init__(
        self, utterances: Iterable[Utterance], word_tokens: Mapping[str, list[int]]
    ) -> None:
        self.word_tokens = word_tokens
        self.by_voice: dict[str, list[Utterance]] = defaultdict(list)
        self.short_by_voice: dict[str, list[Utterance]] = defaultdict(list)
        for utterance in utterances:
            self.by_voice[utterance.voice].append(utterance)
            if utterance.seconds < SHORT_UTTERANCE_S:
                self.short_by_voice[utterance.voice].append(utterance)
        self.voices = sorted(self.by_voice)

    def make(self, rng: Random, longest_s: float) -> Example:
        kind = rng.random()
        if kind < NOISE_SHARE:
            return wordless(
                white_noise(rng, rng.uniform(1, longest_s), 10 ** rng.uniform(-4.5, -2))
            )
        if kind < NOISE_SHARE + TAIL_SHARE:
            return self._end_of_a_word(rng)
        return self._speech(rng, longest_s)

    def _end_of_a_word(self, rng: Random) -> Example:
        """A last syllable already transcribed elsewhere, then silence: nothing to write."""
        tail_s = rng.uniform(0, 0.12)
        level = 10 ** rng.uniform(-4, -2.3)
        samples = white_noise(rng, tail_s + rng.uniform(0.15, 1.6), level)
        speech = as_float(rng.choice(self.by_voice[rng.choice(self.voices)]).samples)
        tail = round(tail_s * SAMPLE_RATE)
        if tail and rng.random() < 0.6:
            samples[:tail] += speech[-tail:] * rng.uniform(0.2, 1)
        return wordless(samples)

    def _speech(self, rng: Random, longest_s: float) -> Example:
        voice = rng.choice(self.voices)
        samples, words = self._sentences(rng, voice, longest_s)
        context: list[int] = []
        if rng.random() < 0.35 and len(words) > 3:
            samples, words, context = start_between_words(rng, samples, words)
        if rng.random() < (0.1 if context else 0.325):
            context = self._tokens(rng.choice(self.by_voice[voice]).text) + context
        with_timestamps = rng.random() < 0.3
        if not with_timestamps and rng.random() < 0.4 and len(samples) > 1.2 * SAMPLE_RATE:
            samples, words = self._cut_short(rng, samples, words)
        heard_s = len(samples) / SAMPLE_RATE + 0.05
        words = [word for word in words if word.end <= heard_s]
        answer = timestamped_answer(words) if with_timestamps else plain_answer(words)
        return assemble(add_noise(rng, samples), context[-MAX_CONTEXT:], answer, with_timestamps)

    def _sentences(
        self, rng: Random, voice: str, longest_s: float
    ) -> tuple[np.ndarray, list[Word]]:
        """Sentences with pauses between, mostly by one voice, in a window of silence."""
        short = longest_s < SHORT_WINDOW_S
        shelf = self.short_by_voice if short else self.by_voice
        position_s = rng.uniform(0, 0.3 if short else 0.6)
        placed: list[tuple[float, Utterance]] = []
        for _ in range(sentence_count(rng, longest_s)):
            utterance = rng.choice(shelf[voice])
            if rng.random() < 0.15:
                voice = rng.choice(self.voices)
            if position_s + utterance.seconds > longest_s - 0.1:
                break
            placed.append((position_s, utterance))
            position_s += utterance.seconds + rng.uniform(0.15, 1.0)
        length_s = position_s + rng.uniform(0, 0.8)
        if position_s < longest_s:
            length_s = min(length_s, longest_s)
        samples = np.zeros(int(length_s * SAMPLE_RATE), np.float32)
        gain = rng.uniform(0.15, 1.0)
        for start_s, utterance in placed:
            room = samples[int(start_s * SAMPLE_RATE) :]
            speech = as_float(utterance.samples[: len(room)])
            room[: len(speech)] += speech * gain
        return samples, [word for start_s, said in placed for word in self._words(said, start_s)]

    def _words(self, utterance: Utterance, offset_s: float) -> list[Word]:
        texts = utterance.text.split()
        last = len(texts) - 1
        return [
            Word(text, self.word_tokens[text], offset_s + start, offset_s + end, i == 0, i == last)
            for i, (text, (start, end)) in enumerate(zip(texts, utterance.spans, strict=True))
        ]

    def _cut_short(
        self, rng: Random, samples: np.ndarray, words: list[Word]
    ) -> tuple[np.ndarray, list[Word]]:
        """End anywhere: a word that is mostly over may be written, its full stop not yet."""
        cut_s = rng.uniform(0.8, len(samples) / SAMPLE_RATE)
        kept = []
        for word in words:
            share = (cut_s - word.start) / (word.end - word.start)
            if share >= 1 or (share > 0.65 and rng.random() < 0.5):
                if cut_s - word.end < 0.12:
                    word.tokens = self.word_tokens[word.text.rstrip(STOPS)]
                word.end = min(word.end, cut_s)
                kept.append(word)
        return samples[: int(cut_s * SAMPLE_RATE)], kept

    def _tokens(self, text: str) -> list[int]:
        return [token for word in text.split() for token in self.word_tokens[word]]


def sentence_count(rng: Random, longest_s: float) -> int:
    if longest_s < SHORT_WINDOW_S:
        return 1
    if longest_s < 14:
        return rng.choice([1, 1, 1, 2, 2, 3])
    return rng.randint(2, 7)


def start_between_words(
    rng: Random, samples: np.ndarray, words: list[Word]
) -> tuple[np.ndarray, list[Word], list[int]]:
    """Drop the first words from the sound; they may stay as the context."""
    first = rng.randint(1, min(len(words) - 2, 8))
    cut_s = max(0.0, (words[first - 1].end + words[first].start) / 2 - 0.02)
    kept_as_context = rng.random() < 0.65
    context = [t for word in words[:first] for t in word.tokens] if kept_as_context else []
    rest = words[first:]
    for word in rest:
        word.start -= cut_s
        word.end -= cut_s
    return samples[int(cut_s * SAMPLE_RATE) :], rest, context


Answer = list[tuple[int, Span]]


def plain_answer(words: list[Word]) -> Answer:
    return [(token, (word.start, word.end)) for word in words for token in word.tokens]


def timestamped_answer(words: list[Word]) -> Answer:
    """Each sentence between the times it starts and ends at."""

    def mark(seconds: float, margin_s: float) -> tuple[int, Span]:
        reach = (seconds - TIMESTAMP_REACH_S, seconds + TIMESTAMP_REACH_S)
        return tokens.timestamp(seconds + margin_s), reach

    answer: Answer = []
    for index, word in enumerate(words):
        if index == 0 or word.opens_sentence:
            answer.append(mark(word.start, -TIMESTAMP_MARGIN_S))
        answer += plain_answer([word])
        if index == len(words) - 1 or word.closes_sentence:
            answer.append(mark(word.end, TIMESTAMP_MARGIN_S))
    return answer


def wordless(samples: np.ndarray) -> Example:
    return assemble(samples, [], [], with_timestamps=False)


def assemble(
    samples: np.ndarray, context: list[int], answer: Answer, with_timestamps: bool
) -> Example:
    """Put prompt and answer in a row. The first question is which language, or whether any."""
    prompt = list(tokens.PROMPT_WITH_TIMESTAMPS if with_timestamps else tokens.PROMPT)
    before = [tokens.START_OF_PREVIOUS, *context] if context else []
    answer_ids = [token for token, _ in answer]
    forced = [IGNORED] * (len(prompt) - 2)
    language = tokens.ENGLISH if answer else tokens.NO_SPEECH
    return Example(
        samples=samples,
        ids=[*before, *prompt, *answer_ids],
        targets=[IGNORED] * len(before) + [language, *forced, *answer_ids, tokens.END_OF_TEXT],
        spans=[None] * (len(before) + len(prompt) - 1) + [span for _, span in answer] + [None],
        text=[token for token in answer_ids if token < tokens.END_OF_TEXT],
    )


def as_float(pcm: np.ndarray) -> np.ndarray:
    return pcm.astype(np.float32) / 32768


def white_noise(rng: Random, seconds: float, rms: float) -> np.ndarray:
    random = np.random.default_rng(rng.getrandbits(31))
    return random.standard_normal(round(seconds * SAMPLE_RATE), np.float32) * np.float32(rms)


def add_noise(rng: Random, samples: np.ndarray) -> np.ndarray:
    """White or duller noise, 12 to 50 dB below the speech."""
    noise = white_noise(rng, len(samples) / SAMPLE_RATE, 1.0)
    if rng.random() < 0.3:
        noise = np.convolve(noise, np.full(4, 0.25, np.float32), mode="same")
    rms = math.sqrt(float(np.square(samples).mean()) + 1e-9)
    return samples + noise * np.float32(rms * 10 ** (-rng.uniform(12, 50) / 20))
