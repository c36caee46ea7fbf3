"""Train a small Nemotron-3 diarization model with eight channels."""

from __future__ import annotations

import argparse
from pathlib import Path
from random import Random

import numpy as np
import torch
from training import Model, learns, make_pool, train
from transformers import (
    Nemotron3DiarizationConfig,
    Nemotron3DiarizationForAudioFrameClassification,
    Nemotron3DiarizationProcessor,
    NemotronAsrStreamingFeatureExtractor,
)
from voices import load

MELS, SIZE, CHANNELS = 80, 96, 8
CHUNKS = ((6, 2), (9, 4), (9, 4), (25, 4), (50, 4), (124, 1))
"""Chunk and right context of the streams it is trained on, in encoder frames."""


def configuration() -> Nemotron3DiarizationConfig:
    return Nemotron3DiarizationConfig(
        audio_config={
            "hidden_size": SIZE,
            "intermediate_size": 2 * SIZE,
            "num_hidden_layers": 4,
            "num_attention_heads": 4,
            "num_mel_bins": MELS,
            "initializer_range": 0.08,
        },
        head_config={"hidden_size": 32, "num_speakers": CHANNELS, "audio_hidden_size": SIZE},
        streaming_config={
            "num_speakers": CHANNELS,
            "fifo_length": 40,
            "speaker_cache_update_period": 36,
            "speaker_cache_length": 96,
        },
        initializer_range=0.08,
    )


def whiten(projection: torch.nn.Linear, features: torch.Tensor) -> None:
    """Start from features of mean 0 and spread 1, which the model has no layer for."""
    flat = features.reshape(-1, MELS).float()
    mean, spread = flat.mean(0).repeat(8), flat.std(0).repeat(8)
    with torch.no_grad():
        weight = torch.randn_like(projection.weight) / projection.weight.shape[1] ** 0.5 / spread
        weight -= (weight @ mean)[:, None] * mean[None] / (mean @ mean)
        projection.weight.copy_(weight)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bank", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument(
        "--streams-from", type=float, default=0.5, help="share of them after which streams begin"
    )
    parser.add_argument("--mixtures", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rate", type=float, default=1.5e-3, help="highest learning rate")
    parser.add_argument("--start", type=Path, help="trained folder to go on from")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(options.seed)
    rng = Random(options.seed)
    bank = load(options.bank)
    extractor = NemotronAsrStreamingFeatureExtractor(feature_size=MELS)

    def extract(sound: np.ndarray) -> torch.Tensor:
        features = extractor(sound, sampling_rate=16_000, return_tensors="pt")["input_features"]
        return features[0, : len(sound) // 160]

    pool = make_pool(bank, rng, options.mixtures, CHANNELS, extract)
    net = Nemotron3DiarizationForAudioFrameClassification(configuration())
    if options.start:
        net = type(net).from_pretrained(options.start, config=configuration())
    else:
        whiten(net.model.audio_tower.embedder.projection, pool.features[:100])

    def offline(features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        hidden = net.model.audio_tower(input_features=features).last_hidden_state
        return net.classifier(net.model.upsampler(net.model.proj(hidden))), hidden

    def stream(features: torch.Tensor, rng: Random) -> torch.Tensor:
        chunk, right = rng.choice(CHUNKS)
        return streamed(net, features, chunk, right, rng)

    def save() -> None:
        net.save_pretrained(options.folder)
        Nemotron3DiarizationProcessor(extractor).save_pretrained(options.folder)

    net.train()
    model = Model(list(net.parameters()), SIZE, offline, stream, 1, save)
    train(model, pool, rng, options)


def streamed(
    net: Nemotron3DiarizationForAudioFrameClassification,
    features: torch.Tensor,
    chunk: int,
    right: int,
    rng: Random,
) -> torch.Tensor:
    """Logits of a stream. What is remembered is taken as given: no gradient goes through it."""
    cache, rows = None, []
    for start in range(0, features.shape[1], chunk * 8):
        end = min(start + (chunk + right) * 8, features.shape[1])
        ahead = max(0, -(-(end - start) // 8) - chunk)
        with learns(rng, chunk):
            answer = net(features[:, start:end], speaker_cache=cache, num_lookahead_frames=ahead)
        cache = answer.speaker_cache
        cache.embeds = cache.embeds.detach().clone()
        cache.probs = cache.probs.detach().clone()
        cache.fifo = cache.fifo.detach().clone()
        rows.append(answer.logits)
    return torch.cat(rows, 1)


if __name__ == "__main__":
    main()
