"""Conversations of synthetic voices, to measure ``livestt bench speakers`` with. Needs flite.

``python scripts/make_conversations.py FOLDER`` writes conversations of two, three and four voices,
half a minute each, who speaks when (RTTM), what they say (JSON) and ``manifest.jsonl``. The
sentences are those of the fixtures' speech. The same each time with flite 2.2.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import tempfile
import wave
from pathlib import Path
from typing import Any

import numpy as np

Turn = dict[str, Any]

RATE = 16_000
VOICES = ("slt", "rms", "awb", "kal16")
SPEECH = Path(__file__).parents[1] / "tests/fixtures/speech/manifest.jsonl"
MARGIN = RATE // 20


def say(voice: str, text: str) -> np.ndarray:
    """A sentence without the silence around it, float32 at 16 kHz."""
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        subprocess.run(["flite", "-voice", voice, "-o", file.name, "-t", text], check=True)
        with wave.open(file.name) as sound:
            assert sound.getframerate() == RATE
            samples = np.frombuffer(sound.readframes(sound.getnframes()), "<i2") / 32768
    loud = np.flatnonzero(np.abs(samples) > 0.01)
    return samples[max(0, loud[0] - MARGIN) : loud[-1] + MARGIN].astype(np.float32)


def converse(
    voices: int, sentences: list[str], pick: random.Random
) -> tuple[np.ndarray, list[dict]]:
    """Sentences that take turns, with pauses of 0.2 to 0.8 s."""
    parts, turns, at = [np.zeros(RATE // 2, np.float32)], [], RATE // 2
    last = -1
    for i, text in enumerate(sentences):
        last = i if i < voices else pick.choice([v for v in range(voices) if v != last])
        spoken = say(VOICES[last], text)
        pause = np.zeros(int(pick.uniform(0.2, 0.8) * RATE), np.float32)
        end = at + len(spoken)
        turns.append({"speaker": VOICES[last], "start": at / RATE, "end": end / RATE, "text": text})
        parts += [spoken, pause]
        at = end + len(pause)
    whole = np.concatenate([*parts, np.zeros(RATE, np.float32)])
    return whole + np.random.default_rng(voices).normal(0, 3e-4, len(whole)), turns


def write(folder: Path, name: str, samples: np.ndarray, turns: list[Turn]) -> dict[str, str]:
    with wave.open(str(folder / f"{name}.wav"), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    rttm = [
        f"SPEAKER {name} 1 {turn['start']:.3f} {turn['end'] - turn['start']:.3f} <NA> <NA> "
        f"{turn['speaker']} <NA> <NA>"
        for turn in turns
    ]
    (folder / f"{name}.rttm").write_text("\n".join(rttm) + "\n", "utf-8")
    (folder / f"{name}.json").write_text(json.dumps({"turns": turns}, indent=1), "utf-8")
    return {
        "id": name,
        "file": f"{name}.wav",
        "rttm": f"{name}.rttm",
        "turns_file": f"{name}.json",
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    facts = [json.loads(line) for line in SPEECH.read_text("utf-8").splitlines()]
    texts = [fact["text"] for fact in facts if len(fact["segments"]) == 1]
    rows = []
    for voices in (2, 3, 4):
        pick = random.Random(voices)
        sentences = pick.sample(texts, 10)
        rows.append(write(folder, f"{voices}-voices", *converse(voices, sentences, pick)))
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / "manifest.jsonl").write_text(lines, "utf-8")


if __name__ == "__main__":
    main()
