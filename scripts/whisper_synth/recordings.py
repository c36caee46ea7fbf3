"""Speech and noise for the tests: sentences the training corpus does not hold, with true times."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import grammar
import numpy as np
import soundfile
from synthesis import SAMPLE_RATE, VOICES, Delivery, Utterance, speak

SEED = 20_000_003
SENTENCES_PER_VOICE = 8
SENTENCE_SECONDS = (2.0, 6.0)
LEAD_S, TAIL_S = 0.3, 0.5
ROOM_NOISE_RMS = 3e-4  # as quiet as a good room; digital silence is not what a microphone sends
PEAK = 0.6
STREAM_SECONDS = 45.0
PAUSE_SECONDS = (0.3, 2.5)


@dataclass(slots=True)
class Recording:
    """Utterances on a growing track of room noise."""

    samples: list[np.ndarray] = field(default_factory=list)
    segments: list[dict[str, object]] = field(default_factory=list)
    words: list[tuple[str, float, float]] = field(default_factory=list)
    length: int = 0

    @property
    def seconds(self) -> float:
        return self.length / SAMPLE_RATE

    def pause(self, seconds: float) -> None:
        self._append(np.zeros(round(seconds * SAMPLE_RATE)))

    def say(self, utterance: Utterance) -> None:
        start = self.seconds
        words = utterance.text.split()
        timed = [
            (word, round(start + a, 3), round(start + b, 3))
            for word, (a, b) in zip(words, utterance.spans, strict=True)
        ]
        self.words += timed
        self.segments.append(
            {
                "voice": utterance.voice,
                "text": utterance.text,
                "start": timed[0][1],
                "end": timed[-1][2],
            }
        )
        speech = utterance.samples.astype(np.float64)
        self._append(speech / np.abs(speech).max() * PEAK)

    def save(self, folder: Path, name: str) -> dict[str, object]:
        """Write `name`.flac and return its line of the manifest."""
        # RandomState, because numpy promises never to change the numbers it gives.
        noise = np.random.RandomState(SEED + self.length).standard_normal(self.length)
        track = np.concatenate(self.samples) + noise * ROOM_NOISE_RMS
        write_flac(folder / f"{name}.flac", track)
        return {
            "id": name,
            "file": f"{name}.flac",
            "voices": list(dict.fromkeys(segment["voice"] for segment in self.segments)),
            "text": " ".join(word for word, _, _ in self.words),
            "seconds": round(self.seconds, 3),
            "words": self.words,
            "segments": self.segments,
        }

    def _append(self, samples: np.ndarray) -> None:
        self.samples.append(samples)
        self.length += len(samples)


def write_flac(path: Path, samples: np.ndarray) -> None:
    pcm = np.round(np.clip(samples, -1.0, 32767 / 32768) * 32768).astype(np.int16)
    soundfile.write(path, pcm, SAMPLE_RATE, format="FLAC", compression_level=1.0)


def build_speech(folder: Path, seed: int = SEED) -> None:
    """Fill a folder with sentences, streams and their manifest."""
    rng = Random(seed)
    rows = [
        row for voice in VOICES for row in build_sentences(rng, folder, voice, SENTENCES_PER_VOICE)
    ]
    rows.append(build_stream(rng, folder, "stream-one-voice", ["slt"]))
    rows.append(build_stream(rng, folder, "stream-two-voices", ["slt", "rms"]))
    rows.append(build_stream(rng, folder, "stream-long-pause", ["awb"], long_pause_s=7.0))
    lines = (json.dumps(row, ensure_ascii=False) for row in rows)
    (folder / "manifest.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def build_sentences(rng: Random, folder: Path, voice: str, count: int) -> list[dict[str, object]]:
    """The first sentences the seed gives that last as long as a fixture should."""
    rows: list[dict[str, object]] = []
    shortest, longest = SENTENCE_SECONDS
    while len(rows) < count:
        utterance = next_utterance(rng, voice)
        if shortest <= LEAD_S + utterance.seconds + TAIL_S <= longest:
            recording = Recording()
            recording.pause(LEAD_S)
            recording.say(utterance)
            recording.pause(TAIL_S)
            rows.append(recording.save(folder, f"{voice}-{len(rows) + 1:02d}"))
    return rows


def build_stream(
    rng: Random, folder: Path, name: str, voices: list[str], long_pause_s: float | None = None
) -> dict[str, object]:
    """Sentences by the voices in turn; the long pause, if any, comes in the middle."""
    recording = Recording()
    recording.pause(LEAD_S)
    turn = 0
    while recording.seconds < STREAM_SECONDS:
        recording.say(next_utterance(rng, voices[turn % len(voices)]))
        turn += 1
        if long_pause_s is not None and recording.seconds > STREAM_SECONDS / 2:
            recording.pause(long_pause_s)
            long_pause_s = None
        else:
            recording.pause(rng.uniform(*PAUSE_SECONDS))
    return recording.save(folder, name)


def next_utterance(rng: Random, voice: str) -> Utterance:
    while True:
        utterance = speak(grammar.sentence(rng), Delivery.random(rng, voice))
        if utterance is not None:
            return utterance
