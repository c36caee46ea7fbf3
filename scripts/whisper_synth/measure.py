"""Word errors and word times of a CTranslate2 Whisper on speech made by make_speech.py."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import ctranslate2
import jiwer
import numpy as np
import soundfile
import tokens
from faster_whisper import WhisperModel
from make_speech import FIXTURES
from synthesis import SAMPLE_RATE

MEL_FRAMES_PER_SECOND = 100
TOKEN_TIME_STEP_S = 0.02
FULL_WINDOW_S = 30.0
SHORT_WINDOW_MARGIN_S = 2.56
LEAD_S, TAIL_S = 0.3, 0.4
PIECE_LENGTHS_S = (4, 8, 12, 26)
MAX_TOKENS = 200
OFF_S = 0.05

TimedWord = tuple[str, float, float]


@dataclass(frozen=True, slots=True)
class Piece:
    """Whole sentences in a row, cut in the middle of the pauses around them."""

    voices: tuple[str, ...]
    samples: np.ndarray
    words: list[TimedWord]  # times from the start of the piece


@dataclass(frozen=True, slots=True)
class Heard:
    text: str
    no_speech: float
    token_times: list[tuple[str, float]]  # each token with the middle of its time


@dataclass(slots=True)
class Score:
    references: list[str] = field(default_factory=list)
    hypotheses: list[str] = field(default_factory=list)
    time_errors: list[float] = field(default_factory=list)

    @property
    def word_error_rate(self) -> float:
        return float(jiwer.wer(self.references, self.hypotheses))

    def add(self, piece: Piece, heard: Heard) -> None:
        self.references.append(normalized(" ".join(word for word, _, _ in piece.words)))
        self.hypotheses.append(normalized(heard.text))
        if self.references[-1] == self.hypotheses[-1]:
            self.time_errors += time_errors(piece.words, heard.token_times)


class Listener:
    """Greedy decoding of one window, without timestamps and without a second attempt."""

    def __init__(self, folder: Path, threads: int) -> None:
        self.whisper = WhisperModel(
            str(folder), device="cpu", compute_type="int8", cpu_threads=threads
        )
        self.tokenizer = self.whisper.hf_tokenizer

    def listen(self, samples: np.ndarray, window_s: float) -> Heard:
        encoded = self.whisper.model.encode(self._features(samples, window_s))
        result = self.whisper.model.generate(
            encoded,
            [list(tokens.PROMPT)],
            beam_size=1,
            max_length=MAX_TOKENS,
            return_no_speech_prob=True,
        )[0]
        ids = [token for token in result.sequences_ids[0] if token < tokens.END_OF_TEXT]
        heard_s = min(window_s, len(samples) / SAMPLE_RATE + 0.3)
        times = self._token_times(encoded, ids, heard_s) if ids else []
        return Heard(self.tokenizer.decode(ids), result.no_speech_prob, times)

    def _features(self, samples: np.ndarray, window_s: float) -> ctranslate2.StorageView:
        padded = np.zeros(int(window_s * SAMPLE_RATE), np.float32)
        padded[: len(samples)] = samples[: len(padded)]
        mel = self.whisper.feature_extractor(padded, padding=0)
        mel = mel[None, :, : int(window_s * MEL_FRAMES_PER_SECOND)]
        return ctranslate2.StorageView.from_array(np.ascontiguousarray(mel, np.float32))

    def _token_times(
        self, encoded: ctranslate2.StorageView, ids: list[int], heard_s: float
    ) -> list[tuple[str, float]]:
        prompt = list(tokens.PROMPT_WITH_TIMESTAMPS)
        frames = [int(heard_s * MEL_FRAMES_PER_SECOND)]
        (alignment,) = self.whisper.model.align(encoded, prompt, [ids], frames)
        steps: dict[int, list[int]] = {}
        for token, step in alignment.alignments:
            steps.setdefault(token, []).append(step)
        return [
            (self.tokenizer.decode([ids[token]]), (on[0] + on[-1]) / 2 * TOKEN_TIME_STEP_S)
            for token, on in sorted(steps.items())
            if token < len(ids)
        ]


def normalized(text: str) -> str:
    return re.sub(r"[^\w' ]", "", text.lower()).strip()


def time_errors(words: list[TimedWord], token_times: list[tuple[str, float]]) -> Iterator[float]:
    """How far outside its word the middle of each token lies; the texts must be the same."""
    index = -1
    for token, middle in token_times:
        index += token.startswith(" ")
        if any(character.isalnum() for character in token):
            _, start, end = words[index]
            yield max(start - middle, middle - end, 0.0)


def pieces(folder: Path, longest_s: float) -> Iterator[Piece]:
    lines = (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    for row in map(json.loads, lines):
        samples, _ = soundfile.read(folder / row["file"], dtype="float32")
        for group in sentence_groups(row["segments"], longest_s):
            yield cut(row, samples, group)


def sentence_groups(segments: list[dict], longest_s: float) -> Iterator[list[dict]]:
    group: list[dict] = []
    for segment in segments:
        if group and segment["end"] - group[0]["start"] > longest_s:
            yield group
            group = []
        group.append(segment)
    yield group


def cut(row: dict, samples: np.ndarray, group: list[dict]) -> Piece:
    ends = [0.0, *(edge for s in row["segments"] for edge in (s["start"], s["end"]))]
    pauses = [*pairwise([*ends, row["seconds"]])][::2]
    before = next(pause for pause in pauses if pause[1] == group[0]["start"])
    after = next(pause for pause in pauses if pause[0] == group[-1]["end"])
    start = max(before[1] - LEAD_S, sum(before) / 2)
    end = min(after[0] + TAIL_S, sum(after) / 2)
    return Piece(
        tuple(dict.fromkeys(segment["voice"] for segment in group)),
        samples[int(start * SAMPLE_RATE) : int(end * SAMPLE_RATE)],
        [(w, a - start, b - start) for w, a, b in row["words"] if start <= a and b <= end],
    )


def score(listener: Listener, cuts: Iterable[Piece], full_window: bool) -> dict[str, Score]:
    """A score for each voice, and for all together."""
    scores: dict[str, Score] = {}
    for piece in cuts:
        short_s = min(FULL_WINDOW_S, len(piece.samples) / SAMPLE_RATE + SHORT_WINDOW_MARGIN_S)
        heard = listener.listen(piece.samples, FULL_WINDOW_S if full_window else short_s)
        for name in ("+".join(piece.voices), "all"):
            scores.setdefault(name, Score()).add(piece, heard)
    return scores


def report_speech(listener: Listener, folder: Path) -> None:
    write("pieces   window  voices   WER     words  off by > 50 ms  95 % within\n")
    for longest_s in PIECE_LENGTHS_S:
        cuts = list(pieces(folder, longest_s))
        for window in ("full", "short"):
            for name, result in sorted(score(listener, cuts, window == "full").items()):
                words = sum(len(reference.split()) for reference in result.references)
                errors = np.array(result.time_errors or [np.nan])
                write(
                    f"<= {longest_s:2d} s  {window:6}  {name:7}  {result.word_error_rate:.4f}"
                    f"  {words:5d}  {np.mean(errors > OFF_S):14.3f}"
                    f"  {np.percentile(errors, 95):9.3f} s\n"
                )


def report_noise(listener: Listener, folder: Path) -> None:
    faint = np.random.RandomState(0).standard_normal(SAMPLE_RATE // 2) * 0.001
    sounds = {"half a second of faint noise": faint.astype(np.float32)}
    for path in sorted(folder.glob("*.flac")):
        sounds[path.stem], _ = soundfile.read(path, dtype="float32")
    for name, samples in sounds.items():
        heard = listener.listen(samples, FULL_WINDOW_S)
        write(f"{name}: no speech {heard.no_speech:.3f}, text {heard.text!r}\n")


def write(text: str) -> None:
    sys.stdout.write(text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path, nargs="?", default=FIXTURES / "whisper-synth")
    parser.add_argument("--speech", type=Path, default=FIXTURES / "speech")
    parser.add_argument("--noise", type=Path, default=FIXTURES / "noise")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    listener = Listener(options.model, options.threads)
    report_speech(listener, options.speech)
    report_noise(listener, options.noise)


if __name__ == "__main__":
    main()
