"""flite as a source of speech whose true word times are known.

`flite -psdur` prints every phone with the time it ends at. A word on its own gives the phones
it is made of; aligning the two lists puts a start and an end on each word of the sentence.
"""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random

import numpy as np
import soundfile

SAMPLE_RATE = 16_000
MEAN_PITCH_HZ = {"slt": 180.0, "rms": 100.0, "awb": 110.0}
VOICES = tuple(MEAN_PITCH_HZ)
TEMPO_STRETCH = (0.85, 1.25)
PITCH_SCALE = (0.85, 1.20)
MARGIN_BEFORE_S, MARGIN_AFTER_S = 0.06, 0.08
SILENT_PHONE = "pau"

Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Delivery:
    """How a sentence is spoken: whose voice, how slowly, and at which pitch (None: its own)."""

    voice: str
    stretch: float = 1.0
    pitch_hz: float | None = None

    @classmethod
    def random(cls, rng: Random, voice: str) -> Delivery:
        stretch = round(rng.uniform(*TEMPO_STRETCH), 3)
        own_pitch = rng.random() < 0.5
        pitch_hz = None if own_pitch else MEAN_PITCH_HZ[voice] * rng.uniform(*PITCH_SCALE)
        return cls(voice, stretch, pitch_hz)

    def options(self) -> list[str]:
        options = ["-voice", self.voice, "--setf", f"duration_stretch={self.stretch}"]
        if self.pitch_hz is not None:
            options += ["--setf", f"int_f0_target_mean={self.pitch_hz}"]
        return options


@dataclass(frozen=True, slots=True)
class Utterance:
    """A spoken sentence, trimmed to its words; `spans` has one (start, end) a word, in seconds."""

    text: str
    voice: str
    samples: np.ndarray  # int16
    spans: list[Span]

    @property
    def seconds(self) -> float:
        return len(self.samples) / SAMPLE_RATE


def speak(text: str, delivery: Delivery) -> Utterance | None:
    """Synthesize a sentence; None if its words cannot be found among the phones flite reports."""
    with tempfile.TemporaryDirectory() as folder:
        wav = Path(folder) / "speech.wav"
        report = _flite([*delivery.options(), "-psdur", "-t", text, "-o", str(wav)])
        samples, rate = soundfile.read(wav, dtype="int16")
    if rate != SAMPLE_RATE:
        raise ValueError(f"voice {delivery.voice} speaks at {rate} Hz, expected {SAMPLE_RATE}")
    spans = word_spans(delivery.voice, text.split(), timed_phones(report))
    if spans is None:
        return None
    start = max(0, int((spans[0][0] - MARGIN_BEFORE_S) * SAMPLE_RATE))
    end = min(len(samples), int((spans[-1][1] + MARGIN_AFTER_S) * SAMPLE_RATE))
    moved = [(a - start / SAMPLE_RATE, b - start / SAMPLE_RATE) for a, b in spans]
    return Utterance(text, delivery.voice, samples[start:end], moved)


def timed_phones(report: str) -> list[tuple[str, float, float]]:
    """Read flite's `phone:end` list into (phone, start, end), without the pauses."""
    phones = []
    start = 0.0
    for entry in report.split():
        phone, _, end = entry.partition(":")
        if phone != SILENT_PHONE:
            phones.append((phone, start, float(end)))
        start = float(end)
    return phones


@cache
def phones_of(voice: str, word: str) -> tuple[str, ...]:
    report = _flite(["-voice", voice, "-psdur", "-t", word, "-o", "none"])
    return tuple(phone for phone, _, _ in timed_phones(report))


def word_spans(
    voice: str, words: list[str], spoken: list[tuple[str, float, float]]
) -> list[Span] | None:
    """The time each word takes, or None if some word owns no phone.

    Words change a little in company ("the" before a vowel, a flapped t), hence an edit
    distance and not a plain count.
    """
    expected: list[str] = []
    owner: list[int] = []
    for index, word in enumerate(words):
        phones = phones_of(voice, word.strip(".,?"))
        expected += phones
        owner += [index] * len(phones)
    found: dict[int, Span] = {}
    for i, j in aligned_pairs(expected, [phone for phone, _, _ in spoken]):
        _, start, end = spoken[j]
        before = found.get(owner[i], (start, end))
        found[owner[i]] = (min(start, before[0]), max(end, before[1]))
    if len(found) < len(words):
        return None
    return [found[index] for index in range(len(words))]


def aligned_pairs(expected: list[str], spoken: list[str]) -> list[tuple[int, int]]:
    """Index pairs that a cheapest edit path matches or substitutes, from the end backwards."""
    rows, columns = len(expected), len(spoken)
    cost = [list(range(columns + 1))]
    for i in range(1, rows + 1):
        above, row = cost[-1], [i]
        for j in range(1, columns + 1):
            swap = above[j - 1] + (expected[i - 1] != spoken[j - 1])
            row.append(min(swap, above[j] + 1, row[j - 1] + 1))
        cost.append(row)
    pairs = []
    i, j = rows, columns
    while i > 0 and j > 0:
        if cost[i][j] == cost[i - 1][j - 1] + (expected[i - 1] != spoken[j - 1]):
            i, j = i - 1, j - 1
            pairs.append((i, j))
        elif cost[i][j] == cost[i - 1][j] + 1:
            i -= 1
        else:
            j -= 1
    return pairs


def _flite(arguments: list[str]) -> str:
    return subprocess.run(["flite", *arguments], capture_output=True, text=True, check=True).stdout
