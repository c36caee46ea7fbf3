"""Writes what NeMo and transformers say about the fixtures, for tests that run without them.

    python scripts/diarizer_vectors.py NEMO_FILE HF_FOLDER

The arguments are the checkpoints from which ``tests/fixtures/diarizers`` was converted. Needs the
extra ``sortformer``.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import numpy as np
import soundfile
from compare_diarizers import Array, nemo, transformers

from livestt.speakers.model_card import read

TESTS = Path(__file__).parents[1] / "tests"
LATENCIES = ("0.32", "1.04", "10")
ROWS = 620
"""Most rows kept of an answer: enough for 49 s of 80 ms frames, and every eighth of 10 ms."""


def features(audio: Array) -> dict[str, Array]:
    import torch
    from nemo.collections.asr.modules import AudioToMelSpectrogramPreprocessor
    from transformers import NemotronAsrStreamingFeatureExtractor

    kept = {}
    for mels in (80, 128):
        extract = AudioToMelSpectrogramPreprocessor(
            normalize="NA",
            window_size=0.025,
            window_stride=0.01,
            features=mels,
            n_fft=512,
            dither=0,
        ).eval()
        samples, count = torch.tensor(audio)[None], torch.tensor([len(audio)])
        frames, length = extract(input_signal=samples, length=count)
        kept[f"nemo-{mels}"] = frames[0, :, : int(length)].T.numpy()
        got = NemotronAsrStreamingFeatureExtractor(feature_size=mels)(
            audio, sampling_rate=16_000, return_tensors="np"
        )
        kept[f"transformers-{mels}"] = got["input_features"][0, : int(length)]
    return kept


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("nemo", type=Path)
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    path = TESTS / "fixtures/speech/stream-two-voices.flac"
    audio = soundfile.read(path, dtype="float32")[0]
    kept = features(audio[20_000:36_077])
    for kind, source in (("sortformer", options.nemo), ("nemotron", options.folder)):
        card = read(TESTS / "fixtures/diarizers" / kind)
        reference = nemo(source) if kind == "sortformer" else transformers(source, card)
        for latency in LATENCIES:
            rows = reference[0].stream(audio, card.presets[latency])
            kept[f"{kind}-{latency}"] = rows[:: math.ceil(len(rows) / ROWS)]
    np.savez_compressed(TESTS / "vectors/diarization.npz", **kept)


if __name__ == "__main__":
    main()
